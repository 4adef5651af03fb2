"""PUT and GET /people/<external_id>: what a directory knows."""

from __future__ import annotations

from typing import Annotated

from ninja import Path, Query, Router
from ninja.responses import Status

from sessions_app.changes.naming import PersonNaming, find_person
from sessions_app.changes.people import Kept, Rehearsal, keep_person
from sessions_app.doors.api.answers import KeptAnswer, PersonAnswer, Problem
from sessions_app.doors.api.bodies import ExternalId, PersonBody
from sessions_app.doors.api.machine_auth import MachineRequest, MachineWith
from sessions_app.models import Scope

router = Router(tags=["People"])


@router.put(
    "/people/{external_id}",
    auth=MachineWith(Scope.PEOPLE_WRITE),
    response={
        200: KeptAnswer,
        201: KeptAnswer,
        frozenset({400, 401, 403, 409, 413, 415, 422, 503}): Problem,
    },
    summary="Create a person or bring them up to date",
)
def keep(
    request: MachineRequest,
    external_id: Annotated[ExternalId, Path()],
    body: PersonBody,
    dry_run: Annotated[bool, Query(description="Find the same answer, keep nothing")] = False,  # noqa: FBT002  # a query parameter
) -> Status[KeptAnswer]:
    """Repeating it changes nothing. It can never grant a role."""
    rehearsal = Rehearsal.ONLY_LOOK if dry_run else Rehearsal.NO
    outcome = keep_person(body.facts(external_id), by=request.auth, rehearsal=rehearsal)
    answer = KeptAnswer(outcome=outcome.kept.value, changed=list(outcome.changed), dry_run=dry_run)
    is_new = outcome.kept is Kept.CREATED and not dry_run
    return Status(201 if is_new else 200, answer)


@router.get(
    "/people/{external_id}",
    auth=MachineWith(Scope.PEOPLE_WRITE),
    response={200: PersonAnswer, frozenset({401, 403, 404, 422, 503}): Problem},
    summary="What is known of a person",
)
def show(request: MachineRequest, external_id: Annotated[ExternalId, Path()]) -> PersonAnswer:
    return PersonAnswer.of(find_person(PersonNaming(external_id=external_id)))
