"""Ending access: the one way it happens, whatever door asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from audit.initiators import Initiator
from sessions_app.models import (
    EndedSession,
    Realm,
    Revocation,
    RevocationScope,
    RevocationTarget,
    Session,
    Token,
    User,
)
from sessions_app.models.issuers import StartedFrom
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation import entries, publishing, rules
from sessions_app.revocation.already_done import find_already_done
from sessions_app.revocation.entries import PersonState
from sessions_app.revocation.entries_of_record import record_decision, record_refusal, record_repetition
from sessions_app.revocation.errors import NothingToEnd, OrderRefused
from sessions_app.revocation.order_keys import answer_to_repeat, remember_order_key
from sessions_app.revocation.orders import Order
from sessions_app.revocation.reasons import RULES
from sessions_app.revocation.receipt_versions import Change, sign_version
from sessions_app.revocation.subjects import Subject, cover, lock_people


def revoke(order: Order) -> Revocation:
    """End everything the order covers and leave one record of it.

    1. Decide: lock the people, store the revocation, its targets, the sessions it covers, the blacklist
       entries and the audit entries, in one transaction.
    2. Cut off: publish to the blacklist, read back through the guard, note when.

    The same order key by the same caller returns the first result, and so does an order that is already
    done (`answers_another`). If step 2 fails the decision stands, `cut_off_at` stays empty, and the clock
    repeats it every second. Raises a child of OrderRefused, having stored nothing but the refusal.
    """
    try:
        with transaction.atomic():
            revocation = decide(order)
            if not answers_another(revocation, order):
                sign_version(revocation, Change.DECIDED)
    except OrderRefused as refusal:
        record_refusal(order, refusal)
        raise
    return cut_off(revocation, by=order.initiator)


def decide(order: Order) -> Revocation:
    """Step 1 alone, for a named change that decides among other things; expects that change's transaction.

    The change signs the receipt once it has noted all that belongs to it (`sign_version`), and calls `cut_off`
    once it is committed; until then nothing is in the blacklist. Raises a child of
    OrderRefused, which the change records (`record_refusal`) after its rollback.
    """
    people = lock_people(order)
    repeated = answer_to_repeat(order)
    if repeated:
        return repeated
    subjects = cover(order, people)
    for user in people:
        rules.refuse_what_is_never_allowed(order, user)
    done = find_already_done(order, people)
    if done:
        remember_order_key(order, done)
        for user in people:
            record_repetition(order, done, user)
        return done
    if order.scope.kind == RevocationScope.SESSIONS and not any(each.open_fates for each in subjects):
        raise NothingToEnd
    revocation = _store(order, subjects)
    remember_order_key(order, revocation)
    record_decision(order, revocation, subjects)
    return revocation


def cut_off(revocation: Revocation, *, by: Initiator) -> Revocation:
    """Step 2 alone: publish what is decided and committed. Never raises for the blacklist: the clock goes on."""
    if revocation.cut_off_at is None:
        publishing.try_to_publish(revocation, by=by)
    return revocation


def answers_another(revocation: Revocation, order: Order) -> bool:
    """Whether the revocation was decided by an earlier order, so that this one only found it done."""
    return revocation.received_at != order.received_at or revocation.initiator_id != order.initiator.id


def _store(order: Order, subjects: Sequence[Subject]) -> Revocation:
    rule = RULES[order.reason]
    whole_person = order.scope.kind == RevocationScope.USER
    decided_at = database_now()
    revocation = Revocation.objects.create(
        scope=order.scope.kind,
        reason=order.reason,
        note=order.note,
        ticket=order.ticket,
        initiator_kind=order.initiator.kind,
        initiator_id=order.initiator.id,
        initiator_name=order.initiator.name,
        initiator_user_id=order.initiator.user_id,
        door=order.initiator.door,
        blocks_sign_in=whole_person and rule.blocks_sign_in,
        second_factor_next=whole_person and rule.second_factor_next,
        sessions_ended=sum(len(subject.open_fates) for subject in subjects),
        sessions_seen=order.sessions_seen,
        token=subjects[0].token,
        received_at=min(order.received_at, decided_at),
        decided_at=decided_at,
    )
    for subject in subjects:
        _end(revocation, subject)
    return revocation


def _end(revocation: Revocation, subject: Subject) -> None:
    """One person's part of the decision."""
    cutoff_ms = to_milliseconds(revocation.decided_at)
    RevocationTarget.objects.create(revocation=revocation, user=subject.user, cutoff_ms=cutoff_ms)
    _end_sessions(revocation, subject)
    _write_entries(revocation, subject, _advance_person(subject.user, revocation, cutoff_ms))


def _end_sessions(revocation: Revocation, subject: Subject) -> None:
    covered = subject.open_fates
    EndedSession.objects.bulk_create(
        EndedSession(revocation=revocation, session=fate.session, lives_until=fate.lives_until)
        for fate in covered
    )
    Session.objects.filter(pk__in=[fate.session.pk for fate in covered]).update(
        ended_at=revocation.decided_at, ended_by=revocation
    )
    if subject.token:
        Token.objects.filter(pk=subject.token.pk).update(revoked_at=revocation.decided_at)


def _advance_person(user: User, revocation: Revocation, cutoff_ms: int) -> PersonState:
    """The next revision of the person. A block or a demand for a second factor outlives later orders without one."""
    user.revision += 1
    if revocation.blocks_sign_in and user.sign_in_blocked_at is None:
        user.sign_in_blocked_at = revocation.decided_at
    user.save(update_fields=["revision", "sign_in_blocked_at"])
    demanded = cutoff_ms if revocation.second_factor_next else 0
    return PersonState(
        revision=user.revision,
        cutoff_ms=cutoff_ms,
        blocked=user.sign_in_blocked_at is not None,
        second_factor_since_ms=max(demanded, entries.second_factor_since(user)),
        receipt=revocation.receipt,
        why=entries.why_of(revocation),
        lost=entries.lost_by(user),
    )


def _write_entries(revocation: Revocation, subject: Subject, state: PersonState) -> None:
    if revocation.scope == RevocationScope.USER:
        for identity in subject.user.identities.select_related("realm"):
            entries.write_person(identity, state)
        entries.write_sessions(_end_what_may_be_alive(revocation, subject.user), state)
    entries.write_sessions([fate.session for fate in subject.fates], state)
    if subject.token:
        entries.write_token(subject.token, state, expires_ms=to_milliseconds(subject.token.expires_at))


def _end_what_may_be_alive(revocation: Revocation, user: User) -> list[Session]:
    """Sessions that are over by what was reported, but that a refresh may have kept alive without a report.

    A cutoff does not hold them where tokens only say when they were made; their session id does. They are
    not counted: nobody knows whether there was anything left to end.
    """
    found: list[Session] = []
    for realm in Realm.objects.filter(
        identities__user=user, issuers__started_from=StartedFrom.IAT
    ).distinct():
        since = revocation.decided_at - timedelta(milliseconds=entries.life_in(realm))
        known = Session.objects.of(user).filter(realm=realm, sid__isnull=False, ended_by=None)
        found += known.filter(last_used_at__gt=since).select_related("realm", "identity__realm")
    known_ids = [session.pk for session in found]
    Session.objects.filter(pk__in=known_ids).update(ended_at=revocation.decided_at, ended_by=revocation)
    return found
