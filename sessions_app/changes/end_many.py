"""Ending the access of many: by one alone as far as the policy goes, beyond it asked for and approved."""

from __future__ import annotations

from dataclasses import replace

from audit.initiators import Initiator
from sessions_app.changes.approvals import ask, second_person_of
from sessions_app.changes.asked_scopes import Many, as_request, scope_of
from sessions_app.changes.blast_radius import Reach, refuse_machine_alone, why_not_alone
from sessions_app.models import Approval, ApprovalKind, Revocation, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation import rules
from sessions_app.revocation.engine import answers_another, decide, revoke
from sessions_app.revocation.order_keys import answer_to_repeat
from sessions_app.revocation.orders import (
    Everyone,
    OfManyPeople,
    Order,
    SomeSessions,
)
from sessions_app.revocation.populations import people_of
from sessions_app.revocation.receipt_versions import Change, sign_version


def end_by_machine(order: Order) -> Revocation:
    """What a program orders, about one or many: it can ask no second person, so where one is needed it is refused.

    A repeat is answered with what there is, whatever the policy says by then. Raises SecondPersonAsksFirst, which is
    recorded, or what `engine.revoke` does.
    """
    if isinstance(order.scope, OfManyPeople) and answer_to_repeat(order) is None:
        refuse_machine_alone(order, _reach_of(order.scope))
    return revoke(order)


def _reach_of(scope: OfManyPeople) -> Reach:
    """Without Admins and Security: from a machine they are left out."""
    people = people_of(scope).exclude(pk__in=User.objects.privileged().values("pk"))
    return replace(Reach.of(people), is_everyone=isinstance(scope, Everyone))


def ask_to_end(order: Order, scope: Many, *, reach: Reach, by: Initiator) -> Approval:
    """Let a second person decide on this order. Raises as `approvals.ask` does, and OrderRefused for the order."""
    if not isinstance(scope, SomeSessions):
        rules.refuse_many(order, project=None)
    kind = ApprovalKind.END_SESSIONS if isinstance(scope, SomeSessions) else ApprovalKind.END_PEOPLE
    return ask(
        kind,
        request={**as_request(scope), "reason": str(order.reason), "ticket": order.ticket},
        people=reach.people,
        sessions=reach.sessions,
        why=why_not_alone(reach, by.kind),
        note=order.note,
        by=by,
    )


def carry_out(approval: Approval, by: Initiator) -> Revocation:
    """Whoever it is about by now: a group by its members, people and sessions exactly as they were chosen."""
    assert approval.decided_at is not None
    asked = approval.request
    order = Order(
        initiator=by,
        reason=Reason(asked["reason"]),
        scope=scope_of(asked),
        received_at=approval.decided_at,
        order_key=f"approval-{approval.pk}",
        note=approval.asked_note,
        ticket=asked["ticket"],
        sessions_seen=approval.sessions,
        second=second_person_of(approval),
    )
    revocation = decide(order)
    if not answers_another(revocation, order):
        sign_version(revocation, Change.DECIDED)
    return revocation
