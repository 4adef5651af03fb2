"""What is carried out once a second person approved: one table, every kind with its deed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit.initiators import Initiator
from sessions_app.changes import end_many
from sessions_app.changes.approvals import DEEDS, Deed, ask, second_person_of
from sessions_app.changes.blast_radius import Why
from sessions_app.changes.end_project_approval import END_PROJECT
from sessions_app.changes.project_end_dates import move_as_approved
from sessions_app.changes.project_groups import take_groups_as_approved
from sessions_app.models import Approval, ApprovalKind, Revocation, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.coverage import coverage_of
from sessions_app.revocation.engine import answers_another, decide
from sessions_app.revocation.entries_of_record import record_refusal
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.revocation.receipt_versions import Change, sign_version
from sessions_app.revocation.rules import refuse_what_nobody_approves


def ask_to_terminate(user: User, order: Order, *, by: Initiator) -> Approval:
    """Let a second person decide on this order about the whole person.

    Raises as `approvals.ask` does, and the child of OrderRefused for what nobody could approve.
    """
    try:
        with transaction.atomic():
            refuse_what_nobody_approves(order, User.objects.select_for_update().get(pk=user.pk))
            return _ask(user, order, by=by)
    except OrderRefused as refusal:
        record_refusal(order, refusal)
        raise


def _ask(user: User, order: Order, *, by: Initiator) -> Approval:
    return ask(
        ApprovalKind.TERMINATE,
        request={"user_id": str(user.pk), "reason": str(order.reason), "ticket": order.ticket},
        people=1,
        sessions=coverage_of(user).count,
        why=[Why.PRIVILEGED],
        person=user,
        note=order.note,
        by=by,
    )


def _terminate(approval: Approval, by: Initiator) -> Revocation:
    """Everything of the person as it is now; what was counted when it was asked is kept beside it."""
    assert approval.decided_at is not None
    order = _order(approval, by=by, at=approval.decided_at)
    revocation = decide(order)
    if not answers_another(revocation, order):
        sign_version(revocation, Change.DECIDED)
    return revocation


def _order(approval: Approval, *, by: Initiator, at: datetime) -> Order:
    asked = approval.request
    return Order(
        initiator=by,
        reason=Reason(asked["reason"]),
        scope=OneUser(user_id=UUID(asked["user_id"])),
        received_at=at,
        order_key=f"approval-{approval.pk}",
        note=approval.asked_note,
        ticket=asked["ticket"],
        sessions_seen=approval.sessions,
        second=second_person_of(approval),
    )


def register_deeds() -> None:
    """Called once when the app is ready."""
    DEEDS.update(
        {
            ApprovalKind.TERMINATE: Deed(decide=_terminate),
            ApprovalKind.END_PROJECT: END_PROJECT,
            ApprovalKind.END_SESSIONS: Deed(decide=end_many.carry_out),
            ApprovalKind.END_PEOPLE: Deed(decide=end_many.carry_out),
            ApprovalKind.EXTEND_PROJECT: Deed(decide=move_as_approved),
            ApprovalKind.SHORTEN_PROJECT: Deed(decide=move_as_approved),
            ApprovalKind.TAKE_GROUPS: Deed(decide=take_groups_as_approved),
        }
    )
