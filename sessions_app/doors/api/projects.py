"""POST /projects/<key>/end: a program ends a contractor project, now or at a moment."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404, HttpResponse
from django.urls import reverse
from ninja import Path, Router
from ninja.responses import Status

from sessions_app.changes.end_project import EndingWish, end_by_machine
from sessions_app.changes.texts import shown
from sessions_app.doors.api.answers import EndingAnswer, Problem
from sessions_app.doors.api.bodies import EndProjectBody, IdempotencyKey
from sessions_app.doors.api.machine_auth import MachineRequest, MachineWith
from sessions_app.models import Project, ProjectEnding, Scope
from sessions_app.models.moments import database_now

router = Router(tags=["Projects"])


@router.post(
    "/projects/{key}/end",
    auth=MachineWith(Scope.PROJECTS_END),
    response={
        frozenset({200, 201, 202}): EndingAnswer,
        frozenset({400, 401, 403, 404, 409, 413, 415, 422, 503}): Problem,
    },
    summary="End a contractor project, now or at a moment",
)
def end(
    request: MachineRequest,
    response: HttpResponse,
    key: Annotated[str, Path(max_length=64)],
    body: EndProjectBody,
    idempotency_key: IdempotencyKey = "",
) -> Status[EndingAnswer]:
    """201: everybody on it is cut off. 200: it had ended already, or is ending; this is the receipt.

    202: scheduled, or decided and not yet cut off; the clock goes on. 403: it is more than may be ended without a
    second person, which only somebody signed in at Curfew can ask for.
    """
    project = Project.objects.filter(key=key).first()
    if project is None:
        raise Http404
    wish = EndingWish(
        received_at=database_now(),
        due_at=body.due_at,
        note=body.note.strip(),
        ticket=shown(body.ticket, limit=100),
        order_key=idempotency_key,
    )
    ending = end_by_machine(project, wish, by=request.auth)
    already = ending.asked_at != wish.received_at or ending.initiator_id != request.auth.id
    if ending.revocation is not None:
        response["Location"] = reverse("api-1.0.0:show_receipt", args=[ending.revocation.receipt])
    return Status(_status(ending, already=already), EndingAnswer.of(ending, already_done=already))


def _status(ending: ProjectEnding, *, already: bool) -> int:
    if ending.revocation is None or ending.revocation.cut_off_at is None:
        return 202
    return 200 if already else 201
