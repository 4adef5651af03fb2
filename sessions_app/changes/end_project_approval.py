"""Ending a project that one person may not end alone: asked, approved, and then now or at its moment."""

from __future__ import annotations

from django.db import transaction

from audit.initiators import Initiator
from sessions_app.changes.approvals import Deed, ask, second_person_of
from sessions_app.changes.blast_radius import why_not_alone
from sessions_app.changes.end_project import (
    EndingWish,
    check_moment,
    decide_ending,
    ended_before,
    is_later,
    order_to_end,
    record_scheduled,
    settle,
    store_ending,
)
from sessions_app.changes.errors import EndingScheduled, ProjectOver
from sessions_app.changes.project_preview import preview_of, reach_of
from sessions_app.models import Approval, ApprovalKind, EndingState, Project, ProjectEnding, Revocation
from sessions_app.models.projects import OPEN_ENDINGS
from sessions_app.revocation.rules import refuse_many


def ask_to_end(project: Project, wish: EndingWish, *, by: Initiator) -> ProjectEnding:
    """Let a second person decide on the end of this project. Nothing has ended after it.

    What is under way already is the answer, whoever asked for it. In one transaction: the ending, which waits, and
    the approval. Raises what `approvals.ask` does, EndingScheduled, ValuesRefused for a moment too far away, or the
    child of OrderRefused for what nobody could approve.
    """
    check_moment(wish)
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        if locked.ended_at is not None:
            return ended_before(locked)
        found = locked.endings.select_for_update().filter(state__in=OPEN_ENDINGS).first()
        if found is not None and found.state == EndingState.SCHEDULED:
            raise EndingScheduled
        if found is not None:
            return found
        refuse_many(order_to_end(locked, wish, by=by), project=locked)
        ending = store_ending(locked, wish, by=by, state=EndingState.WAITING)
        preview = preview_of(locked, by=by)
        ending.approval = ask(
            ApprovalKind.END_PROJECT,
            request={"ending": str(ending.pk), "due_at": ending.due_at.isoformat(), "ticket": wish.ticket},
            people=len(preview.people),
            sessions=preview.sessions,
            why=why_not_alone(reach_of(preview), by.kind),
            project=locked,
            note=wish.note,
            by=by,
        )
        ending.save(update_fields=["approval"])
    return ending


def _decide(approval: Approval, by: Initiator) -> Revocation | None:
    """In the transaction in which it is approved: the decision, or its moment. None while that is still to come."""
    assert approval.project_id is not None
    project = Project.objects.select_for_update().get(pk=approval.project_id)
    ending = ProjectEnding.objects.select_for_update().get(approval=approval)
    if project.ended_at is not None or ending.state != EndingState.WAITING:
        raise ProjectOver
    ending.project = project
    wish = _wish_of(approval, ending)
    if is_later(wish):
        ending.state = EndingState.SCHEDULED
        ending.save(update_fields=["state"])
        record_scheduled(ending, by=by)
        return None
    order = order_to_end(project, wish, by=by, second=second_person_of(approval))
    return decide_ending(ending, order, preview=preview_of(project, by=by))


def _wish_of(approval: Approval, ending: ProjectEnding) -> EndingWish:
    """As it was asked for; its clock begins with the approval, because nobody could have ended it before."""
    assert approval.decided_at is not None
    return EndingWish(
        received_at=approval.decided_at,
        due_at=ending.due_at,
        note=ending.note,
        ticket=ending.ticket,
        seen=ending.preview,
    )


def _settle(approval: Approval) -> None:
    ending = ProjectEnding.objects.select_related("revocation").get(approval=approval)
    if ending.revocation is not None:
        settle(ending)


def _give_up(approval: Approval) -> None:
    """Declined, withdrawn, or nobody came: the project goes on."""
    ProjectEnding.objects.filter(approval=approval, state=EndingState.WAITING).update(
        state=EndingState.LAPSED
    )


END_PROJECT = Deed(decide=_decide, follow=_settle, give_up=_give_up)
