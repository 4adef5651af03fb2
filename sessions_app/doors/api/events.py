"""POST /events and PUT /groups/<name>/members: what directories and HR systems say, as they say it."""

from __future__ import annotations

import hashlib
from typing import Annotated

from ninja import Path, Router
from ninja.responses import Status

from audit.initiators import Initiator
from sessions_app.changes.end_project import EndingWish, end_by_machine
from sessions_app.changes.errors import PersonUnknown
from sessions_app.changes.groups import LONGEST_NAME, note_members_listed
from sessions_app.changes.naming import PersonNaming, find_person
from sessions_app.changes.role_changes import RoleOutcome, Wish, groups_changed, role_changed
from sessions_app.doors.api.answers import EventAnswer, MembersAnswer, Problem
from sessions_app.doors.api.bodies import EventBody, EventType, MembersBody
from sessions_app.doors.api.machine_auth import MachineRequest, MachineWith
from sessions_app.doors.callers import require_scope
from sessions_app.doors.receipts import Effect, Event, keep_once
from sessions_app.models import Project, Scope, SignalOutcome, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import answers_another, revoke
from sessions_app.revocation.orders import OneUser, Order

router = Router(tags=["Events"])

PROBLEMS = frozenset({400, 401, 403, 404, 409, 413, 415, 422, 503})
NEEDED_FOR = {
    EventType.ROLE_UPDATED: Scope.ROLES_WRITE,
    EventType.USER_DEACTIVATED: Scope.REVOCATIONS_WRITE,
    EventType.USER_SUSPENDED: Scope.REVOCATIONS_WRITE,
    EventType.PROJECT_ENDED: Scope.PROJECTS_END,
}


@router.post(
    "/events",
    auth=MachineWith(Scope.ROLES_WRITE, Scope.REVOCATIONS_WRITE, Scope.PROJECTS_END),
    response={200: EventAnswer, PROBLEMS: Problem},
    summary="Tell Curfew what happened: role.updated, user.deactivated, user.suspended, project.ended",
)
def tell(request: MachineRequest, body: EventBody) -> Status[EventAnswer]:
    """An event may be sent again and may arrive late: the newest news about a person's groups decides."""
    require_scope(request.auth, NEEDED_FOR[body.type])
    event = Event(
        event_id=body.id,
        kind=body.type.value,
        occurred_at=body.occurred_at,
        fingerprint=_fingerprint(body),
    )
    signal = keep_once(event, lambda: _act(body, by=request.auth), by=request.auth)
    return Status(200, EventAnswer.of(signal))


@router.put(
    "/groups/{name}/members",
    auth=MachineWith(Scope.ROLES_WRITE),
    response={200: MembersAnswer, PROBLEMS: Problem},
    summary="Say exactly who is a member of a group",
)
def members(
    request: MachineRequest,
    name: Annotated[str, Path(min_length=1, max_length=LONGEST_NAME)],
    body: MembersBody,
) -> MembersAnswer:
    """Who left it loses what it gave: their tokens end. Each person's change stands for itself."""
    wanted = {found.pk: found for found in map(_by_external_id, body.external_ids)}
    wish = Wish(received_at=database_now(), as_of=body.as_of)
    group = note_members_listed(name, as_of=wish.news_of)
    if group is None:
        return MembersAnswer(joined=0, left=0, receipts=[], is_outdated=True)
    current = {user.pk: user for user in group.members.all()}
    left = [
        groups_changed(user, left=[name], by=request.auth, wish=wish)
        for pk, user in current.items()
        if pk not in wanted
    ]
    joined = [
        groups_changed(user, joined=[name], by=request.auth, wish=wish)
        for pk, user in wanted.items()
        if pk not in current
    ]
    return MembersAnswer(
        joined=_changed(joined),
        left=_changed(left),
        receipts=[outcome.revocation.receipt for outcome in left if outcome.revocation],
        is_outdated=False,
    )


def _fingerprint(body: EventBody) -> str:
    """Events kept before there were projects in them had no such field, and may be sent again."""
    fields = body.model_dump_json(exclude={"project"} if body.project is None else None)
    return hashlib.sha256(fields.encode()).hexdigest()


def _act(body: EventBody, *, by: Initiator) -> Effect:
    if body.project is not None:
        return _end_project(body.project, body, by=by)
    assert body.person is not None
    try:
        user = find_person(body.person.named())
    except PersonUnknown:
        return Effect(outcome=SignalOutcome.UNMATCHED)
    if body.type is EventType.ROLE_UPDATED:
        return _change_role(user, body, by=by)
    return _end_access(user, body, by=by)


def _change_role(user: User, body: EventBody, *, by: Initiator) -> Effect:
    wish = Wish(received_at=database_now(), as_of=body.occurred_at)
    outcome = role_changed(user, body.groups or (), by=by, wish=wish)
    if outcome.is_outdated:
        return Effect(outcome=SignalOutcome.SUPERSEDED, user=user)
    became = SignalOutcome.APPLIED if outcome.change else SignalOutcome.NOTHING_TO_DO
    return Effect(outcome=became, user=user, revocation=outcome.revocation)


def _end_access(user: User, body: EventBody, *, by: Initiator) -> Effect:
    order = Order(
        initiator=by,
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=user.pk),
        received_at=database_now(),
        note=body.type.value,
    )
    revocation = revoke(order)
    done = SignalOutcome.NOTHING_TO_DO if answers_another(revocation, order) else SignalOutcome.APPLIED
    return Effect(outcome=done, user=user, revocation=revocation)


def _end_project(key: str, body: EventBody, *, by: Initiator) -> Effect:
    project = Project.objects.filter(key=key).first()
    if project is None:
        return Effect(outcome=SignalOutcome.UNMATCHED)
    wish = EndingWish(received_at=database_now(), note=body.type.value)
    ending = end_by_machine(project, wish, by=by)
    is_ours = ending.asked_at == wish.received_at
    done = SignalOutcome.APPLIED if is_ours else SignalOutcome.NOTHING_TO_DO
    return Effect(outcome=done, revocation=ending.revocation, details={"project": key})


def _by_external_id(external_id: str) -> User:
    return find_person(PersonNaming(external_id=external_id))


def _changed(outcomes: list[RoleOutcome]) -> int:
    return sum(outcome.change is not None for outcome in outcomes)
