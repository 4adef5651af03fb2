"""What the trail says of an order: decided, found already done, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import transaction

from audit.events import Events
from audit.record import Occurrence, Target, record, record_many
from sessions_app.models import Revocation, RevocationScope, User
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import Order
from sessions_app.revocation.subjects import Subject

DECIDED_EVENTS = {
    RevocationScope.USER: Events.USER_TERMINATED,
    RevocationScope.SESSION: Events.SESSION_ENDED,
    RevocationScope.SESSIONS: Events.SESSIONS_ENDED,
    RevocationScope.TOKEN: Events.TOKEN_REVOKED,
}


def record_decision(order: Order, revocation: Revocation, subjects: Sequence[Subject]) -> None:
    """One entry for each person, all under one receipt."""
    record_many(
        DECIDED_EVENTS[order.scope.kind],
        initiator=order.initiator,
        occurrences=[
            Occurrence(
                target=Target.of(subject.user, label=subject.user.display_name),
                reason=order.reason,
                receipt=revocation.receipt,
                sessions_ended=len(subject.open_fates),
                details={
                    "scope": str(order.scope.kind),
                    "ticket": order.ticket,
                    "blocks_sign_in": revocation.blocks_sign_in,
                },
                personal={"note": order.note} if order.note else None,
            )
            for subject in subjects
        ],
    )


def record_repetition(order: Order, done: Revocation, user: User) -> None:
    record(
        Events.REVOCATION_REPEATED,
        initiator=order.initiator,
        target=Target.of(user, label=user.display_name),
        reason=order.reason,
        receipt=done.receipt,
        sessions_ended=0,
        personal={"note": order.note} if order.note else None,
    )


def under_each_receipt(about: Occurrence, revocations: Iterable[Revocation]) -> list[Occurrence]:
    """One deed that changes what several receipts say is an entry under each; under none, one entry all the same."""
    return [replace(about, receipt=each.receipt) for each in revocations] or [about]


def record_refusal(order: Order, refusal: OrderRefused) -> None:
    """An entry of its own, after the transaction that met the refusal was rolled back."""
    with transaction.atomic():
        record(
            Events.REVOCATION_REFUSED,
            initiator=order.initiator,
            target=Target(kind=str(order.scope.kind), id=order.scope.subject[:200], label=""),
            reason=order.reason,
            outcome="refused",
            details={"why": refusal.code},
        )
