"""A person whose account may be in somebody else's hands: everything ends, the account stays, a proof is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from audit.events import EventKind, Events
from audit.initiators import Initiator
from audit.record import Occurrence, Outcome, Target, record, record_many
from sessions_app.changes.errors import NothingDemanded, ReasonTooShort
from sessions_app.models import Revocation, RevocationTarget, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation import entries
from sessions_app.revocation.confirmations import publish_what_is_true
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.entries_of_record import under_each_receipt
from sessions_app.revocation.errors import ActingOnOneself, OrderRefused
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.revocation.receipt_versions import Change, sign_versions
from sessions_app.revocation.rules import refuse_privileged

ENROLMENT_LASTS = timedelta(hours=1)
SHORTEST_REASON = 3


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """Why and since when. Only these two reasons demand a second factor."""

    reason: Reason
    received_at: datetime
    note: str = ""
    ticket: str = ""
    order_key: str = ""

    def __post_init__(self) -> None:
        if self.reason not in (Reason.SECURITY_INCIDENT, Reason.LOST_DEVICE):
            raise ValueError(f"{self.reason} does not demand a second factor")


def person_suspected(user: User, suspicion: Suspicion, *, by: Initiator) -> Revocation:
    """End every session of this person without locking them out.

    Until a second factor was proved, every guard refuses tokens of theirs that prove none, at whatever issuer.
    The person themselves may say so (`LOST_DEVICE`), machines and Security may. Raises the child of OrderRefused
    that fits.
    """
    return revoke(
        Order(
            initiator=by,
            reason=suspicion.reason,
            scope=OneUser(user_id=user.pk),
            received_at=suspicion.received_at,
            note=suspicion.note,
            ticket=suspicion.ticket,
            order_key=suspicion.order_key,
        )
    )


def is_second_factor_demanded(user: User) -> bool:
    """Whether this person must prove a second factor before anything accepts them."""
    return bool(entries.second_factor_since(user))


def allow_enrolment(user: User, *, by: Initiator, reason: str) -> datetime:
    """Let somebody without a second factor set one up within the hour, although one is demanded of them.

    Whoever allows it has made sure who they are. Returns until when. Raises ReasonTooShort, NothingDemanded,
    ActingOnOneself or PrivilegedPerson.
    """
    _check(user, Events.ENROLMENT_ALLOWED, by=by, reason=reason)
    with transaction.atomic():
        until = database_now() + ENROLMENT_LASTS
        User.objects.filter(pk=user.pk).update(may_enrol_until=until)
        record(
            Events.ENROLMENT_ALLOWED,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            personal={"note": reason},
        )
    return until


def waive_second_factor(user: User, *, by: Initiator, reason: str) -> None:
    """End the demand because the person was identified in another way, which the reason and every receipt say.

    Raises ReasonTooShort, NothingDemanded, ActingOnOneself or PrivilegedPerson.
    """
    _check(user, Events.SECOND_FACTOR_WAIVED, by=by, reason=reason)
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        entries.restate_person(locked, second_factor_since_ms=0)
        demanding = RevocationTarget.objects.filter(user=locked).demanding_second_factor()
        waived = [each.revocation for each in demanding.select_related("revocation")]
        demanding.update(second_factor_waived_at=database_now())
        about = Occurrence(target=Target.of(locked, label=locked.display_name), personal={"note": reason})
        record_many(Events.SECOND_FACTOR_WAIVED, initiator=by, occurrences=under_each_receipt(about, waived))
        sign_versions(waived, Change.SECOND_FACTOR_WAIVED)
    publish_what_is_true(locked)


def _check(user: User, event: EventKind, *, by: Initiator, reason: str) -> None:
    try:
        _refuse(user, by=by)
    except OrderRefused as refusal:
        _record_refusal(user, event, refusal, by=by)
        raise
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort
    if not is_second_factor_demanded(user):
        raise NothingDemanded


def _refuse(user: User, *, by: Initiator) -> None:
    if by.user_id == user.pk:
        raise ActingOnOneself
    # Whoever could open this door could let a thief into an Admin's account, and so become Admin.
    refuse_privileged(by, user)


def _record_refusal(user: User, event: EventKind, refusal: OrderRefused, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            event,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            outcome=Outcome.REFUSED,
            details={"why": refusal.code},
        )
