"""Ending access: the one way it happens, whatever door asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import DatabaseError, transaction

from audit.initiators import Initiator
from sessions_app.models import Identity, Revocation, RevocationScope, RevocationTarget, Token
from sessions_app.models.moments import to_milliseconds
from sessions_app.models.revocations import OF_MANY_PEOPLE
from sessions_app.revocation import entries, many, many_decided, publishing, rules
from sessions_app.revocation.already_done import find_already_done
from sessions_app.revocation.effects import advance, end_sessions, end_what_may_be_alive
from sessions_app.revocation.entries import PersonState
from sessions_app.revocation.entries_of_record import record_decision, record_refusal, record_repetition
from sessions_app.revocation.errors import NothingToEnd, OrderKeyReused, OrderRefused
from sessions_app.revocation.order_keys import answer_to_repeat, remember_order_key
from sessions_app.revocation.orders import Order
from sessions_app.revocation.receipt_versions import Change, sign_version
from sessions_app.revocation.storing import store_revocation
from sessions_app.revocation.subjects import Subject, cover, lock_people

logger = logging.getLogger(__name__)

OF_SESSIONS = frozenset({RevocationScope.SESSIONS, RevocationScope.USER_AT_APPLICATION})


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
        revocation = _decide_once_more(order)
    except OrderRefused as refusal:
        record_refusal(order, refusal)
        raise
    return cut_off(revocation, by=order.initiator)


def _decide_once_more(order: Order) -> Revocation:
    """Two repeats of one order at the same moment: the one that comes second finds what the first one stored."""
    try:
        return _decide_and_sign(order)
    except OrderKeyReused:
        return _decide_and_sign(order)


@transaction.atomic
def _decide_and_sign(order: Order) -> Revocation:
    revocation = decide(order)
    if not answers_another(revocation, order):
        sign_version(revocation, Change.DECIDED)
    return revocation


def decide(order: Order) -> Revocation:
    """Step 1 alone, for a named change that decides among other things; expects that change's transaction.

    The change signs the receipt once it has noted all that belongs to it (`sign_version`), and calls `cut_off`
    once it is committed; until then nothing is in the blacklist. Raises a child of
    OrderRefused, which the change records (`record_refusal`) after its rollback.
    """
    if order.scope.kind in OF_MANY_PEOPLE:
        return many_decided.decide(order)
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
    if order.scope.kind in OF_SESSIONS and not any(each.open_fates for each in subjects):
        raise NothingToEnd
    revocation = _store(order, subjects)
    remember_order_key(order, revocation)
    record_decision(order, revocation, subjects)
    return revocation


def cut_off(revocation: Revocation, *, by: Initiator) -> Revocation:
    """Step 2 alone: publish what is decided and committed. Never raises for the blacklist: the clock goes on."""
    if revocation.cut_off_at is None and revocation.is_of_many:
        _carry_on(revocation, by=by)
    elif revocation.cut_off_at is None:
        publishing.try_to_publish(revocation, by=by)
    return revocation


def _carry_on(revocation: Revocation, *, by: Initiator) -> None:
    """What is decided stands: where the database fails half-way, the answer says so, and the clock goes on."""
    try:
        many.carry_on(revocation, by=by, seconds=many.PATIENCE.total_seconds())
    except DatabaseError:
        logger.exception("revocation %s could not be carried on", revocation.receipt)


def answers_another(revocation: Revocation, order: Order) -> bool:
    """Whether the revocation was decided by an earlier order, so that this one only found it done."""
    return revocation.received_at != order.received_at or revocation.initiator_id != order.initiator.id


def _store(order: Order, subjects: Sequence[Subject]) -> Revocation:
    revocation = store_revocation(
        order,
        sessions_ended=sum(len(subject.open_fates) for subject in subjects),
        token=subjects[0].token,
    )
    targets = RevocationTarget.objects.bulk_create(_target(revocation, each) for each in subjects)
    open_fates = [fate for subject in subjects for fate in subject.open_fates]
    end_sessions(revocation, open_fates, at=revocation.decided_at)
    tokens = [subject.token.pk for subject in subjects if subject.token]
    Token.objects.filter(pk__in=tokens).update(revoked_at=revocation.decided_at)
    _write_entries(revocation, subjects, advance(revocation, targets))
    return revocation


def _target(revocation: Revocation, subject: Subject) -> RevocationTarget:
    """One person's part of the decision."""
    return RevocationTarget(
        revocation=revocation,
        user=subject.user,
        cutoff_ms=to_milliseconds(revocation.decided_at),
        ended_at=revocation.decided_at,
        sessions_ended=len(subject.open_fates),
        blocks_sign_in=revocation.blocks_sign_in,
    )


def _write_entries(
    revocation: Revocation, subjects: Sequence[Subject], states: Mapping[UUID, PersonState]
) -> None:
    people = [subject.user for subject in subjects]
    if revocation.scope == RevocationScope.USER:
        identities = Identity.objects.filter(user__in=people).select_related("realm")
        entries.write_people(list(identities), states)
        unreported = end_what_may_be_alive(revocation, people, at=revocation.decided_at)
        entries.write_sessions(unreported, states)
    entries.write_sessions([fate.session for subject in subjects for fate in subject.fates], states)
    for subject in subjects:
        if subject.token:
            expires_ms = to_milliseconds(subject.token.expires_at)
            entries.write_token(subject.token, states[subject.user.pk], expires_ms=expires_ms)
