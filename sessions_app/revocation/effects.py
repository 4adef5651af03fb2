"""What a decision does to people and their sessions, in rows: the same for one person and for many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sessions_app.models import EndedSession, Realm, Revocation, RevocationTarget, Session, User
from sessions_app.models.issuers import StartedFrom
from sessions_app.revocation import entries
from sessions_app.revocation.coverage import SessionFate
from sessions_app.revocation.entries import PersonState

ROWS_AT_ONCE = 1000


def advance(revocation: Revocation, targets: Sequence[RevocationTarget]) -> dict[UUID, PersonState]:
    """The next revision of each of these people, whose locked rows the targets hold.

    A block or a demand for a second factor outlives later orders without one.
    """
    people = [target.user for target in targets]
    since = entries.second_factors_since(people)
    for target in targets:
        target.user.revision += 1
        if target.blocks_sign_in and target.user.sign_in_blocked_at is None:
            target.user.sign_in_blocked_at = revocation.decided_at
    User.objects.bulk_update(people, ["revision", "sign_in_blocked_at"], batch_size=100)
    return {
        target.user_id: _state(revocation, target, second_factor_since_ms=since[target.user_id])
        for target in targets
    }


def _state(revocation: Revocation, target: RevocationTarget, *, second_factor_since_ms: int) -> PersonState:
    demanded = target.cutoff_ms if revocation.second_factor_next else 0
    return PersonState(
        revision=target.user.revision,
        cutoff_ms=target.cutoff_ms,
        blocked=target.user.sign_in_blocked_at is not None,
        second_factor_since_ms=max(demanded, second_factor_since_ms),
        receipt=revocation.receipt,
        why=entries.why_of(revocation),
        lost=entries.lost_by(target.user),
    )


def end_sessions(revocation: Revocation, fates: Sequence[SessionFate], *, at: datetime) -> None:
    """Note these open sessions as ended by this revocation, with how each dies."""
    EndedSession.objects.bulk_create(
        (
            EndedSession(revocation=revocation, session=fate.session, lives_until=fate.lives_until)
            for fate in fates
        ),
        batch_size=ROWS_AT_ONCE,
    )
    _mark_ended([fate.session for fate in fates], revocation, at=at)


def end_what_may_be_alive(revocation: Revocation, people: Collection[User], *, at: datetime) -> list[Session]:
    """Sessions that are over by what was reported, but that a refresh may have kept alive without a report.

    A cutoff does not hold them where tokens only say when they were made; their session id does. They are
    not counted: nobody knows whether there was anything left to end.
    """
    found: list[Session] = []
    for realm in Realm.objects.filter(
        identities__user__in=people, issuers__started_from=StartedFrom.IAT
    ).distinct():
        since = at - timedelta(milliseconds=entries.life_in(realm))
        known = Session.objects.filter(user__in=people, realm=realm, sid__isnull=False, ended_by=None)
        found += known.filter(last_used_at__gt=since).select_related("realm", "identity__realm")
    _mark_ended(found, revocation, at=at)
    return found


def _mark_ended(sessions: Sequence[Session], revocation: Revocation, *, at: datetime) -> None:
    for start in range(0, len(sessions), ROWS_AT_ONCE):
        keys = [session.pk for session in sessions[start : start + ROWS_AT_ONCE]]
        Session.objects.filter(pk__in=keys).update(ended_at=at, ended_by=revocation)
