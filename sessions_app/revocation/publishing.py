"""From decided to cut off: write to the blacklist, read back through the guard, note when."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Target, record
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.verdict import Outcome, Subject
from sessions_app.models import BlacklistEntry, EntryKind, Revocation, User
from sessions_app.models.blacklist_entries import BlacklistEntryQuerySet
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation.connections import blacklist_writer, session_guard
from sessions_app.revocation.entries import as_written
from sessions_app.revocation.health import probe_blacklist
from sessions_app.revocation.receipt_versions import Change, sign_version

logger = logging.getLogger(__name__)

FAR_FUTURE_MS = 4_102_444_800_000
RUNS_OUT_WITHIN_MS = 5_000


class NotReadBack(BlacklistUnavailable):
    """The server acknowledged, but the guard would not refuse. Nothing may be called cut off."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One question the guard answered with REVOKED: what was asked about, by its last characters only."""

    kind: str = ""
    tail: str = ""


def try_to_publish(revocation: Revocation, *, by: Initiator) -> bool:
    """Publish what the revocation's person still lacks; True once it is cut off. Never raises for the blacklist.

    A failure is noted on the revocation and leaves it pending for the clock.
    """
    try:
        proof = publish_person(*[target.user for target in revocation.targets.select_related("user")])
    except BlacklistUnavailable as failure:
        note_failure(revocation, failure)
        return False
    note_cut_off(revocation, proof, by=by)
    return True


def note_failure(revocation: Revocation, failure: BlacklistUnavailable) -> None:
    """The decision waits, and says why."""
    logger.warning("revocation %s is not cut off yet: %s", revocation.receipt, failure)
    Revocation.objects.filter(pk=revocation.pk).update(
        attempts=F("attempts") + 1, last_error=str(failure)[:500]
    )
    revocation.refresh_from_db()


def finish(revocation: Revocation, *, by: Initiator) -> None:
    """Note that a decision about many is cut off, once everything of it is in the blacklist. Never raises for that."""
    of_one = revocation.targets.filter(left_out="").order_by("-sessions_ended", "user_id").values("user")[:1]
    theirs = BlacklistEntry.objects.filter(user__in=of_one).select_related("realm")
    try:
        proof = _prove(theirs)
    except BlacklistUnavailable as failure:
        note_failure(revocation, failure)
    else:
        note_cut_off(revocation, proof, by=by)


def publish_person(*people: User) -> Proof:
    """Write every unpublished entry of these people and read it back. Raises BlacklistUnavailable.

    Entries that were published before are not written again, but one of them is asked for as the proof.
    Where nothing is left that could be refused there is no proof, but the blacklist must have answered.
    """
    theirs = BlacklistEntry.objects.filter(user__in=people).select_related("realm")
    publish_entries(list(theirs.unpublished()))
    return _prove(theirs)


def _prove(theirs: BlacklistEntryQuerySet) -> Proof:
    proved = _best_proof(theirs.unexpired(_soon_ms()))
    if proved is None:
        return _proof_of_nothing()
    read_back([proved])
    return Proof(kind=proved.kind, tail=(proved.ident or "")[-3:])


def _best_proof(standing: BlacklistEntryQuerySet) -> BlacklistEntry | None:
    """The newest ended session, which people recognise by its last characters; else the newest of anything."""
    newest = standing.order_by("-revision", "-id")
    return newest.filter(kind=EntryKind.SESSION).first() or newest.first()


def _proof_of_nothing() -> Proof:
    probe = probe_blacklist()
    if not probe.ok:
        raise BlacklistUnavailable(probe.detail)
    return Proof()


def worth_asking(rows: Sequence[BlacklistEntry]) -> list[BlacklistEntry]:
    """Of very many entries those the guard is asked about one by one: each person's, and a session of each person.

    The others are compared with what Redis holds, value by value, like every entry.
    """
    asked: dict[tuple[str, object], BlacklistEntry] = {(row.kind, row.user_id): row for row in rows}
    return [row for row in rows if row.kind == EntryKind.USER or asked[(row.kind, row.user_id)] is row]


def publish_entries(
    waiting: Sequence[BlacklistEntry], *, asked: Sequence[BlacklistEntry] | None = None
) -> None:
    """Write, read back through the guard, and only then mark as published. Raises BlacklistUnavailable.

    `asked` are those the guard is asked about, all where it is not given. An entry that has run out, or will in a
    moment, is only marked: whatever it refused is over by more than the allowance, and it could not be read back.
    """
    soon_ms = _soon_ms()
    alive = [entry for entry in waiting if entry.expires_at_ms > soon_ms]
    if alive:
        questions = alive if asked is None else [each for each in asked if each.expires_at_ms > soon_ms]
        _write_and_read_back(alive, asked=questions)
    BlacklistEntry.objects.note(waiting, "published_revision")


def _soon_ms() -> int:
    return to_milliseconds(database_now()) + RUNS_OUT_WITHIN_MS


def _write_and_read_back(alive: Sequence[BlacklistEntry], *, asked: Sequence[BlacklistEntry]) -> None:
    written = [as_written(entry) for entry in alive]
    writer = blacklist_writer()
    writer.publish(written)
    if writer.present(written):
        raise NotReadBack("an entry is missing right after it was written")
    read_back(asked)


def read_back(asked: Sequence[BlacklistEntry]) -> None:
    """Ask the guard about each entry; raises NotReadBack unless it refuses every one."""
    guard = session_guard()
    for entry in asked:
        verdict = guard.check_subject(_subject_of(entry))
        if verdict.outcome is not Outcome.REVOKED:
            raise NotReadBack(
                f"the guard answered {verdict.outcome} ({verdict.cause}) for a {entry.kind} entry"
            )


def _subject_of(entry: BlacklistEntry) -> Subject:
    """Who exactly this entry must refuse: for a cutoff, somebody who signed in at the cutoff itself."""
    is_user = entry.kind == EntryKind.USER
    return Subject(
        realm=entry.realm.key,
        person=entry.person_id,
        sid=entry.ident if entry.kind == EntryKind.SESSION else None,
        token_id=entry.ident if entry.kind == EntryKind.TOKEN else None,
        started_ms=entry.cutoff_ms if is_user else FAR_FUTURE_MS,
        second_factor=True,  # what is demanded of the person must not stand in for an entry that is missing
    )


def note_cut_off(revocation: Revocation, proof: Proof, *, by: Initiator) -> None:
    """Set the clock and write the entry together, exactly once, whoever comes first (request or clock)."""
    with transaction.atomic():
        moment = database_now()
        changed = Revocation.objects.filter(pk=revocation.pk, cut_off_at=None).update(
            cut_off_at=moment, proof_kind=proof.kind, proof_tail=proof.tail, last_error=""
        )
        if changed:
            _record_cut_off(revocation, by=by, seconds=(moment - revocation.received_at).total_seconds())
            sign_version(revocation, Change.CUT_OFF)
    revocation.refresh_from_db()


def _record_cut_off(revocation: Revocation, *, by: Initiator, seconds: float) -> None:
    person = revocation.person
    record(
        Events.CUT_OFF,
        initiator=by,
        target=Target(kind="user", id=str(person.pk), label=person.display_name) if person else None,
        reason=revocation.reason,
        receipt=revocation.receipt,
        sessions_ended=revocation.sessions_ended,
        details={"milliseconds": round(seconds * 1000)},
    )
