"""Writing the whole blacklist again from SQL, and comparing it with what SQL says."""

from __future__ import annotations

from collections.abc import Iterator

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.writer import Entry
from sessions_app.models import BlacklistEntry, Realm
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation.connections import blacklist_writer
from sessions_app.revocation.entries import as_written

CHUNK = 4000


class RebuildIncomplete(BlacklistUnavailable):
    """Something just written could not be read back."""


def unexpired_chunks() -> Iterator[list[BlacklistEntry]]:
    """Every unexpired entry, oldest row first, in chunks read one after another by key (constant memory)."""
    now_ms, last = to_milliseconds(database_now()), 0
    realms = Realm.objects.in_bulk()
    while True:
        rows = BlacklistEntry.objects.unexpired(now_ms).filter(pk__gt=last).order_by("pk")
        chunk = list(rows[:CHUNK])
        if not chunk:
            return
        for entry in chunk:  # a handful of realms, not one instance per row
            entry.realm = realms.get(entry.realm_id) or entry.realm
        yield chunk
        last = chunk[-1].pk


def missing_of(entries: list[BlacklistEntry]) -> list[BlacklistEntry]:
    """Those of these entries that the server lacks or holds lower than SQL says."""
    written = [as_written(entry) for entry in entries]
    rows = {_key(one): entry for one, entry in zip(written, entries, strict=True)}
    return [rows[_key(absent)] for absent in blacklist_writer().present(written)]


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
        if blacklist_writer().present(written):
            raise RebuildIncomplete("an entry is missing right after it was written")
        BlacklistEntry.objects.note(chunk, "published_revision", "sequenced_revision")
        count += len(chunk)
    return count
