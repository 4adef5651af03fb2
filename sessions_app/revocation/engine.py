"""Ending access: the one way it happens, whatever door asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction

from audit.events import Events
from audit.record import Target, record
from sessions_app.models import (
    EndedSession,
    OrderKey,
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
from sessions_app.revocation.coverage import SessionFate, coverage_of, fate_of
from sessions_app.revocation.entries import PersonState
from sessions_app.revocation.errors import CannotEndAlone, NothingToEnd, OrderKeyReused, OrderRefused
from sessions_app.revocation.orders import OneSession, OneToken, Order
from sessions_app.revocation.reasons import RULES

ORDER_KEYS_LIVE = timedelta(hours=24)


def revoke(order: Order) -> Revocation:
    """End everything the order covers and leave one record of it.

    1. Decide: lock the person, store the revocation, its target, the sessions it covers, the blacklist
       entries and the audit entry, in one transaction.
    2. Cut off: publish to the blacklist, read back through the guard, note when.

    The same order key by the same caller returns the first result, and so does an order that is already
    done (`answers_another`). If step 2 fails the decision stands, `cut_off_at` stays empty, and the clock
    repeats it every second. Raises a child of OrderRefused, having stored nothing but the refusal.
    """
    try:
        revocation = _decide(order)
    except OrderRefused as refusal:
        _record_refusal(order, refusal)
        raise
    if revocation.cut_off_at is None:
        publishing.try_to_publish(revocation, by=order.initiator)
    return revocation


def answers_another(revocation: Revocation, order: Order) -> bool:
    """Whether the revocation was decided by an earlier order, so that this one only found it done."""
    return revocation.received_at != order.received_at or revocation.initiator_id != order.initiator.id


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """The locked person and what of theirs the order covers."""

    user: User
    fates: tuple[SessionFate, ...]
    token: Token | None = None


@transaction.atomic
def _decide(order: Order) -> Revocation:
    user = _lock_person(order)
    repeated = _answer_to_repeat(order)
    if repeated:
        return repeated
    subject = _cover(order, user)
    rules.refuse_what_is_never_allowed(order, user)
    done = find_already_done(order, user)
    if done:
        _remember_order_key(order, done)
        _record_repetition(order, done, user)
        return done
    revocation = _store(order, subject)
    _remember_order_key(order, revocation)
    _record_decision(order, revocation, user)
    return revocation


def _lock_person(order: Order) -> User:
    """The row of the person concerned, locked until the decision is stored, so that two orders never interleave."""
    people = User.objects.select_for_update()
    match order.scope:
        case OneSession():
            person = people.filter(sessions=order.scope.session_id)
        case OneToken():
            person = people.filter(sessions__tokens=order.scope.token_id)
        case _:
            person = people.filter(pk=order.scope.user_id)
    user: User | None = person.first()
    if user is None:
        raise NothingToEnd
    return user


def _answer_to_repeat(order: Order) -> Revocation | None:
    if not order.order_key:
        return None
    OrderKey.objects.filter(created_at__lt=order.received_at - ORDER_KEYS_LIVE).delete()
    known = (
        OrderKey.objects.select_related("revocation").filter(caller=order.caller, key=order.order_key).first()
    )
    if known is None:
        return None
    if known.fingerprint != order.fingerprint():
        raise OrderKeyReused
    return known.revocation


def _remember_order_key(order: Order, revocation: Revocation) -> None:
    if not order.order_key:
        return
    try:
        with transaction.atomic():
            OrderKey.objects.create(
                caller=order.caller,
                key=order.order_key,
                fingerprint=order.fingerprint(),
                revocation=revocation,
                created_at=order.received_at,
            )
    except IntegrityError as error:
        # The same key for somebody else, at the same moment: their lock was not ours.
        raise OrderKeyReused from error


def _cover(order: Order, user: User) -> _Subject:
    match order.scope:
        case OneSession():
            session = _session_of(user, pk=order.scope.session_id)
            if not session.sid:
                raise CannotEndAlone
            return _Subject(user=user, fates=(fate_of(session),))
        case OneToken():
            token = Token.objects.select_related("session__issuer", "session__identity__realm").get(
                pk=order.scope.token_id
            )
            return _Subject(user=user, fates=(), token=token)
        case _:
            return _Subject(user=user, fates=coverage_of(user).fates)


def _session_of(user: User, **lookup: object) -> Session:
    return Session.objects.of(user).prefetch_related("applications").get(**lookup)


def _store(order: Order, subject: _Subject) -> Revocation:
    user, rule = subject.user, RULES[order.reason]
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
        sessions_ended=sum(fate.session.is_open for fate in subject.fates),
        sessions_seen=order.sessions_seen,
        token=subject.token,
        received_at=min(order.received_at, decided_at),
        decided_at=decided_at,
    )
    cutoff_ms = to_milliseconds(decided_at)
    RevocationTarget.objects.create(revocation=revocation, user=user, cutoff_ms=cutoff_ms)
    _end_sessions(revocation, subject)
    state = _advance_person(user, revocation, cutoff_ms)
    _write_entries(revocation, subject, state)
    return revocation


def _end_sessions(revocation: Revocation, subject: _Subject) -> None:
    covered = [fate for fate in subject.fates if fate.session.is_open]
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
    )


def _write_entries(revocation: Revocation, subject: _Subject, state: PersonState) -> None:
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


DECIDED_EVENTS = {
    RevocationScope.USER: Events.USER_TERMINATED,
    RevocationScope.SESSION: Events.SESSION_ENDED,
    RevocationScope.TOKEN: Events.TOKEN_REVOKED,
}


def _record_decision(order: Order, revocation: Revocation, user: User) -> None:
    record(
        DECIDED_EVENTS[order.scope.kind],
        initiator=order.initiator,
        target=Target(kind="user", id=str(user.pk), label=user.display_name),
        reason=order.reason,
        receipt=revocation.receipt,
        sessions_ended=revocation.sessions_ended,
        details={
            "scope": str(order.scope.kind),
            "ticket": order.ticket,
            "blocks_sign_in": revocation.blocks_sign_in,
        },
        personal={"note": order.note} if order.note else None,
    )


def _record_repetition(order: Order, done: Revocation, user: User) -> None:
    record(
        Events.REVOCATION_REPEATED,
        initiator=order.initiator,
        target=Target(kind="user", id=str(user.pk), label=user.display_name),
        reason=order.reason,
        receipt=done.receipt,
        sessions_ended=0,
        personal={"note": order.note} if order.note else None,
    )


def _record_refusal(order: Order, refusal: OrderRefused) -> None:
    (subject,) = vars(order.scope).values()
    with transaction.atomic():
        record(
            Events.REVOCATION_REFUSED,
            initiator=order.initiator,
            target=Target(kind=str(order.scope.kind), id=str(subject), label=""),
            reason=order.reason,
            outcome="refused",
            details={"why": refusal.code},
        )
