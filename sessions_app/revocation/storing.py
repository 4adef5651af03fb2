"""The row of a decision, from its order."""

from __future__ import annotations

from sessions_app.models import Approval, Project, Revocation, Token
from sessions_app.models.moments import database_now
from sessions_app.models.revocations import OF_MANY_PEOPLE, OF_WHOLE_PEOPLE
from sessions_app.revocation.orders import Order
from sessions_app.revocation.reasons import RULES


def store_revocation(
    order: Order, *, sessions_ended: int = 0, token: Token | None = None, project: Project | None = None
) -> Revocation:
    """Expects the order's transaction and its people, or what names them, to be locked.

    A second person's approval is noted at once, so that the first signed version of the receipt names them.
    """
    rule = RULES[order.reason]
    whole_people = order.scope.kind in OF_WHOLE_PEOPLE
    decided_at = database_now()
    revocation = Revocation.objects.create(
        scope=order.scope.kind,
        subject=order.scope.subject if order.scope.kind in OF_MANY_PEOPLE else "",
        project=project,
        reason=order.reason,
        note=order.note,
        ticket=order.ticket,
        initiator_kind=order.initiator.kind,
        initiator_id=order.initiator.id,
        initiator_name=order.initiator.name,
        initiator_roles=sorted(order.initiator.roles),
        initiator_user_id=order.initiator.user_id,
        door=order.initiator.door,
        blocks_sign_in=whole_people and rule.blocks_sign_in,
        second_factor_next=whole_people and rule.second_factor_next,
        sessions_ended=sessions_ended,
        sessions_seen=order.sessions_seen,
        token=token,
        received_at=min(order.received_at, decided_at),
        decided_at=decided_at,
    )
    if order.second:
        Approval.objects.filter(pk=order.second.approval_id).update(revocation=revocation)
    return revocation
