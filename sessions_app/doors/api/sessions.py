"""POST /sessions: a sign-in was seen."""

from __future__ import annotations

from ninja import Router
from ninja.responses import Status

from sessions_app.changes.people import Kept
from sessions_app.doors.api.answers import Problem, SessionAnswer
from sessions_app.doors.api.bodies import SignInBody
from sessions_app.doors.api.machine_auth import MachineRequest, MachineWith
from sessions_app.models import Scope
from sessions_app.sightings.reported import report_sign_in

router = Router(tags=["Sessions"])


@router.post(
    "/sessions",
    auth=MachineWith(Scope.SESSIONS_WRITE),
    response={
        200: SessionAnswer,
        201: SessionAnswer,
        frozenset({400, 401, 403, 404, 409, 413, 415, 422, 503}): Problem,
    },
    summary="Report a sign-in, or a later use of it",
)
def report(request: MachineRequest, body: SignInBody) -> Status[SessionAnswer]:
    """May be repeated and may arrive in any order. 404 keeps the sighting of a person nobody knows here.

    503 means: stored, but the blacklist does not hold it yet. Send the same report again.
    """
    outcome = report_sign_in(body.facts(), by=request.auth)
    answer = SessionAnswer.of(outcome.session, outcome.kept.value)
    return Status(201 if outcome.kept is Kept.CREATED else 200, answer)
