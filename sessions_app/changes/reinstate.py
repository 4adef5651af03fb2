"""Allowing somebody to sign in again: new sign-ins work, the old tokens stay dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Occurrence, Outcome, Target, record, record_many
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.errors import ReasonTooShort
from sessions_app.changes.identities import make_links_count
from sessions_app.models import BlacklistEntry, RevocationTarget, User
from sessions_app.models.moments import database_now, from_milliseconds, to_milliseconds
from sessions_app.revocation import entries
from sessions_app.revocation.entries import PersonState
from sessions_app.revocation.entries_of_record import under_each_receipt
from sessions_app.revocation.errors import ActingOnOneself, NotBlocked, OrderRefused
from sessions_app.revocation.receipt_versions import Change, sign_versions
from sessions_app.revocation.rules import refuse_privileged

REASON_CODE = "reinstated"
SHORTEST_REASON = 3


@dataclass(frozen=True, kw_only=True)
class Reinstatement:
    """`works_from` says, by realm key, from which whole second a sign-in there is accepted.

    It includes the clock allowance of the realm's issuers, and the next full second, because tokens give
    the start of a session in whole seconds. While `is_published` is False the block still stands in the
    blacklist; the clock lifts it.
    """

    at: datetime
    is_published: bool
    works_from: Mapping[str, datetime]


def allow_sign_in_again(user: User, *, by: Initiator, reason: str) -> Reinstatement:
    """Lift the block on this person's sign-in, without reviving anything that was ended.

    1. Lock the person; refuse what is never allowed.
    2. Lift the block, note it on the revocations that blocked, move every cutoff to now, and record it,
       in one transaction.
    3. Publish and read back; where that fails the decision stands and the clock repeats it.

    Raises ReasonTooShort, or the child of OrderRefused that fits, having stored nothing but the refusal.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort
    try:
        at, written = _decide(user, by=by, reason=reason.strip())
    except OrderRefused as refusal:
        _record_refusal(user, refusal, by=by)
        raise
    return Reinstatement(at=at, is_published=_is_published(user), works_from=_works_from(written))


@transaction.atomic
def _decide(user: User, *, by: Initiator, reason: str) -> tuple[datetime, list[BlacklistEntry]]:
    locked = User.objects.select_for_update().get(pk=user.pk)
    _refuse(locked, by=by)
    return lift_block(locked, by=by, reason=reason)


def lift_block(locked: User, *, by: Initiator, reason: str) -> tuple[datetime, list[BlacklistEntry]]:
    """Step 2 for a change that gives back more than this; expects its transaction and the person's lock.

    Such a change publishes once it is committed (`publish_what_is_true`).
    """
    now = database_now()
    locked.revision += 1
    locked.sign_in_blocked_at = None
    locked.save(update_fields=["revision", "sign_in_blocked_at"])
    written = _write_entries(locked, now)
    blocked = RevocationTarget.objects.filter(user=locked, blocks_sign_in=True, reinstated_at=None)
    blocking = [each.revocation for each in blocked.select_related("revocation")]
    blocked.update(reinstated_at=now)
    about = Occurrence(
        target=Target.of(locked, label=locked.display_name), reason=REASON_CODE, personal={"note": reason}
    )
    record_many(Events.SIGN_IN_ALLOWED_AGAIN, initiator=by, occurrences=under_each_receipt(about, blocking))
    sign_versions(blocking, Change.SIGN_IN_ALLOWED_AGAIN)
    return now, written


def _refuse(user: User, *, by: Initiator) -> None:
    if by.user_id == user.pk:
        raise ActingOnOneself
    if user.sign_in_blocked_at is None:
        raise NotBlocked
    refuse_privileged(by, user)


def _write_entries(user: User, now: datetime) -> list[BlacklistEntry]:
    latest = user.latest_revocation()
    state = PersonState(
        revision=user.revision,
        cutoff_ms=to_milliseconds(now),
        blocked=False,
        second_factor_since_ms=entries.second_factor_since(user),
        receipt=latest.receipt if latest else "",
        why="",
        lost=entries.lost_by(user),
    )
    return [entries.write_person(identity, state) for identity in user.identities.select_related("realm")]


def _is_published(user: User) -> bool:
    try:
        make_links_count(user)
    except BlacklistUnavailable:
        return False
    return True


def _works_from(written: list[BlacklistEntry]) -> dict[str, datetime]:
    """The first whole second after each cutoff: a session that began within the cutoff's own second is over."""
    return {
        entry.realm.key: from_milliseconds((entry.cutoff_ms // 1000 + 1) * 1000)
        for entry in sorted(written, key=lambda entry: entry.cutoff_ms)
    }


def _record_refusal(user: User, refusal: OrderRefused, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.SIGN_IN_ALLOWED_AGAIN,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            reason=REASON_CODE,
            outcome=Outcome.REFUSED,
            details={"why": refusal.code},
        )
