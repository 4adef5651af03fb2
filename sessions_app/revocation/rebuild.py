"""Writing the whole blacklist again from SQL, and comparing it with what SQL says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.writer import Entry
from sessions_app.models import BlacklistEntry
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation.connections import blacklist_writer
from sessions_app.revocation.entries import as_written

CHUNK = 2000


class RebuildIncomplete(BlacklistUnavailable):
    """Something just written could not be read back."""


def unexpired_chunks() -> Iterator[list[BlacklistEntry]]:
    """Every unexpired entry, oldest row first, in chunks read one after another by key (constant memory)."""
    now_ms, last = to_milliseconds(database_now()), 0
    while True:
        rows = (
            BlacklistEntry.objects.unexpired(now_ms)
            .filter(pk__gt=last)
            .select_related("realm")
            .order_by("pk")
        )
        chunk = list(rows[:CHUNK])
        if not chunk:
            return
        yield chunk
        last = chunk[-1].pk


def missing_of(entries: list[BlacklistEntry]) -> list[BlacklistEntry]:
    """Those of these entries that the server lacks or holds lower than SQL says."""
    written = {_key(as_written(entry)): entry for entry in entries}
    return [
        written[_key(absent)]
        for absent in blacklist_writer().present([as_written(entry) for entry in entries])
    ]


def _key(entry: Entry) -> tuple[str, str, str, str]:
    return (entry.kind, entry.realm, entry.person, entry.ident)


def write_everything() -> int:
    """Write every unexpired entry and read it back; returns how many. Raises BlacklistUnavailable.

    Entries decided meanwhile are published by their own request or by the clock, as always.
    """
    count = 0
    for chunk in unexpired_chunks():
        written = [as_written(entry) for entry in chunk]
        blacklist_writer().publish(written)
        if missing_of(chunk):
            raise RebuildIncomplete("an entry is missing right after it was written")
        _note_published(chunk)
        count += len(chunk)
    return count


def _note_published(chunk: list[BlacklistEntry]) -> None:
    """Guarded by the revision, in the statement itself: what was raised meanwhile was not written by us."""
    by_revision: dict[int, list[int]] = defaultdict(list)
    for entry in chunk:
        by_revision[entry.revision].append(entry.pk)
    for revision, written in by_revision.items():
        BlacklistEntry.objects.filter(pk__in=written, revision=revision).update(
            published_revision=revision, sequenced_revision=revision
        )
