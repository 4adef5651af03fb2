"""What the trail says of an order: decided, found already done, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Occurrence, Target, record, record_many
from sessions_app.models import Revocation, RevocationScope, RevocationTarget, User
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.leaving import ends_project
from sessions_app.revocation.orders import Order
from sessions_app.revocation.project_facts import facts_of
from sessions_app.revocation.subjects import Subject

DECIDED_EVENTS = {
    RevocationScope.USER: Events.USER_TERMINATED,
    RevocationScope.SESSION: Events.SESSION_ENDED,
    RevocationScope.SESSIONS: Events.SESSIONS_ENDED,
    RevocationScope.USER_AT_APPLICATION: Events.SESSIONS_ENDED,
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


def record_many_decided(order: Order, revocation: Revocation, targets: Sequence[RevocationTarget]) -> None:
    """The decision itself; what it does to each person follows (`record_part`)."""
    left_out = sum(bool(target.left_out) for target in targets)
    project = revocation.project
    record(
        Events.PROJECT_ENDED if ends_project(revocation) else Events.MANY_ENDED,
        initiator=order.initiator,
        target=Target.of(project, label=project.name) if project else None,
        reason=order.reason,
        receipt=revocation.receipt,
        project=project.key if project else "",
        details={
            "scope": str(order.scope.kind),
            "subject": revocation.subject,
            "people": len(targets) - left_out,
            "left_out": left_out,
            "ticket": order.ticket,
        },
        personal={"note": order.note} if order.note else None,
    )


def record_part(revocation: Revocation, targets: Sequence[RevocationTarget], *, by: Initiator) -> None:
    """One entry for each of these people of a decision about many."""
    of_project = facts_of(revocation, targets) if ends_project(revocation) else {}
    record_many(
        Events.ENDED_WITH_OTHERS,
        initiator=by,
        occurrences=[
            Occurrence(
                target=Target.of(target.user, label=target.user.display_name),
                reason=revocation.reason,
                receipt=revocation.receipt,
                project=revocation.project.key if revocation.project else "",
                sessions_ended=target.sessions_ended,
                details={
                    "scope": revocation.scope,
                    "blocks_sign_in": target.blocks_sign_in,
                    "keeps": target.keeps,
                    **of_project.get(target.user_id, {}),
                },
            )
            for target in targets
        ],
    )


def record_left_out(revocation: Revocation, targets: Sequence[RevocationTarget], *, by: Initiator) -> None:
    """One entry for each whose sessions stay although the project ends, with the reason; what it gave them goes."""
    of_project = facts_of(revocation, targets)
    record_many(
        Events.ENDED_WITH_OTHERS,
        initiator=by,
        occurrences=[
            Occurrence(
                target=Target.of(target.user, label=target.user.display_name),
                reason=revocation.reason,
                receipt=revocation.receipt,
                project=revocation.project.key if revocation.project else "",
                sessions_ended=0,
                outcome="refused",
                details={
                    "why": target.left_out,
                    "scope": revocation.scope,
                    "keeps": target.keeps,
                    **of_project[target.user_id],
                },
            )
            for target in targets
        ],
    )


def record_repetition(order: Order, done: Revocation, user: User | None) -> None:
    """Of one person, or of whatever an order about many names."""
    record(
        Events.REVOCATION_REPEATED,
        initiator=order.initiator,
        target=Target.of(user, label=user.display_name) if user else _subject_of(order),
        reason=order.reason,
        receipt=done.receipt,
        sessions_ended=0,
        personal={"note": order.note} if order.note else None,
    )


def under_each_receipt(about: Occurrence, revocations: Iterable[Revocation]) -> list[Occurrence]:
    """One deed that changes what several receipts say is an entry under each; under none, one entry all the same."""
    return [replace(about, receipt=each.receipt) for each in revocations] or [about]


def _subject_of(order: Order) -> Target:
    return Target(kind=str(order.scope.kind), id=order.scope.subject[:200], label="")


def record_refusal(order: Order, refusal: OrderRefused) -> None:
    """An entry of its own, after the transaction that met the refusal was rolled back."""
    with transaction.atomic():
        record(
            Events.REVOCATION_REFUSED,
            initiator=order.initiator,
            target=_subject_of(order),
            reason=order.reason,
            outcome="refused",
            details={"why": refusal.code},
        )
