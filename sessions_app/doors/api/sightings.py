"""POST /sightings: what the guards of services saw."""

from __future__ import annotations

from dataclasses import replace

from ninja import Router

from sessions_app.doors.api.answers import Problem, SightingsAnswer
from sessions_app.doors.api.bodies import SightingsBody
from sessions_app.doors.api.machine_auth import MachineRequest, MachineWith
from sessions_app.models import Scope
from sessions_app.sightings.observed import keep_observations

router = Router(tags=["Sightings"])


@router.post(
    "/sightings",
    auth=MachineWith(Scope.SIGHTINGS_WRITE),
    response={200: SightingsAnswer, frozenset({400, 401, 403, 413, 415, 422, 503}): Problem},
    summary="Report what a service's guard saw: sessions, last use, refused tokens",
)
def report(request: MachineRequest, body: SightingsBody) -> SightingsAnswer:
    """Believed as far as the credential is: it stands beside everything that comes of it.

    It can make sessions and attempts known; it cannot end a demand for a second factor or confirm a role
    change, because only a guard of our own has seen the token itself.
    """
    seen = [replace(each.observation(), notes=()) for each in body.observations]
    kept = keep_observations(seen, by=request.auth)
    return SightingsAnswer(sessions_begun=kept.sessions_begun, attempts=kept.attempts)
