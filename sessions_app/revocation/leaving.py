"""What leaving a project takes: its groups, the claims they gave, and its resources outside, as steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from sessions_app.models import (
    Group,
    Membership,
    Policy,
    Project,
    ProjectResource,
    ResourceKind,
    Revocation,
    RevocationScope,
    RevocationTarget,
    RoleChange,
    RoleChangeState,
    Step,
    StepKind,
    StepState,
    User,
)
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.claims import PersonClaims, claims_of_all, remember_lost, without

OURS = "Curfew"
ROWS_AT_ONCE = 1000


def other_projects(people: Sequence[User], project: Project) -> dict[UUID, list[str]]:
    """Keys of the running projects each of them is on besides this one; who is on none is not in it."""
    running = Project.objects.running(timezone.now()).exclude(pk=project.pk)
    rows = running.filter(groups__memberships__user__in=people).order_by("key")
    found: dict[UUID, list[str]] = {}
    for user_id, key in rows.values_list("groups__memberships__user", "key").distinct():
        found.setdefault(user_id, []).append(key)
    return found


def groups_left(project: Project) -> list[Group]:
    """The project's groups without those that another running project has too: who is in them works on that one."""
    return list(project.groups.exclude(name__in=groups_kept(project)).order_by("name"))


def groups_kept(project: Project) -> dict[str, list[str]]:
    """Names of the project's groups that nobody leaves, with the keys of the running projects that have them too."""
    running = Project.objects.running(timezone.now()).exclude(pk=project.pk)
    shared = running.filter(groups__in=project.groups.all()).order_by("groups__name", "key")
    found: dict[str, list[str]] = {}
    for name, key in shared.values_list("groups__name", "key").distinct():
        found.setdefault(name, []).append(key)
    return found


def ends_project(revocation: Revocation) -> bool:
    """Whether people leave the project by it. A changed end date only ends their tokens."""
    return revocation.scope == RevocationScope.PROJECT and revocation.reason == Reason.PROJECT_END


def leave(revocation: Revocation, targets: Sequence[RevocationTarget]) -> None:
    """Take the project from these people, whose locked rows the targets hold. Nothing for any other decision.

    Their memberships end, what no token may claim any more is remembered, and for each of them a step is made for
    every resource outside. Their entries in the blacklist are the caller's to write.
    """
    if not ends_project(revocation) or not targets:
        return
    assert revocation.project is not None
    people = [target.user for target in targets]
    before = claims_of_all(people)
    groups = groups_left(revocation.project)
    left = _leave_groups(people, groups)
    after = claims_of_all(people)
    for user in people:
        remember_lost(user, before[user.pk], after[user.pk])
    User.objects.bulk_update(people, ["lost_claims"], batch_size=100)
    RoleChange.objects.bulk_create(_changes(revocation, people, before, after), batch_size=ROWS_AT_ONCE)
    make_steps(revocation, targets, left=left)


def _leave_groups(people: Sequence[User], groups: Sequence[Group]) -> dict[UUID, list[str]]:
    """Which of these groups each was in, and is no longer."""
    names = {group.pk: group.name for group in groups}
    ending = Membership.objects.filter(user__in=people, group__in=names)
    left: dict[UUID, list[str]] = {}
    for user_id, group_id in ending.values_list("user_id", "group_id").order_by("user_id", "group__name"):
        left.setdefault(user_id, []).append(names[group_id])
    ending.delete()
    return left


def _changes(
    revocation: Revocation,
    people: Sequence[User],
    before: Mapping[UUID, PersonClaims],
    after: Mapping[UUID, PersonClaims],
) -> list[RoleChange]:
    """So that the next token of each is compared with what was lost, like any other downgrade."""
    changes = []
    for user in people:
        was, became = before[user.pk].rows, after[user.pk].rows
        lost = without(was, became)
        if lost:
            changes.append(
                RoleChange(
                    user=user,
                    revocation=revocation,
                    before=was,
                    after=became,
                    lost=lost,
                    kept=without(was, lost),
                    decided_at=revocation.decided_at,
                    state=RoleChangeState.WAITING,
                )
            )
    return changes


# --- Steps ------------------------------------------------------------------------------------------


def make_steps(
    revocation: Revocation, targets: Sequence[RevocationTarget], *, left: Mapping[UUID, list[str]]
) -> None:
    """One for the groups each person left, and one for each resource they are to be taken from."""
    resources = [each for each in _resources(revocation) if ResourceKind(each.kind).is_per_person]
    due_at = _due_at(revocation)
    steps = [
        _left_groups(revocation, target.user, left[target.user_id])
        for target in targets
        if target.user_id in left
    ]
    for target in targets:
        kept = _kept_resources(target.keeps)
        steps += [
            _step(revocation, each, user=target.user, due_at=due_at, is_kept=(each.kind, each.name) in kept)
            for each in resources
        ]
    Step.objects.bulk_create(steps, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)


def make_steps_of_the_whole(revocation: Revocation) -> None:
    """Resources that are taken away once, whoever used them: made with the decision."""
    due_at = _due_at(revocation)
    Step.objects.bulk_create(
        _step(revocation, each, user=None, due_at=due_at, is_kept=False)
        for each in _resources(revocation)
        if not ResourceKind(each.kind).is_per_person
    )


def _resources(revocation: Revocation) -> list[ProjectResource]:
    return list(ProjectResource.objects.filter(project=revocation.project))


def _kept_resources(keys: Sequence[str]) -> set[tuple[str, str]]:
    """What these projects, which go on for the person, give them as well."""
    if not keys:
        return set()
    given = ProjectResource.objects.filter(project__key__in=keys)
    return set(given.values_list("kind", "name"))


def _due_at(revocation: Revocation) -> datetime:
    return revocation.decided_at + timedelta(hours=Policy.current().manual_task_hours)


def _left_groups(revocation: Revocation, user: User, groups: list[str]) -> Step:
    now = database_now()
    return Step(
        revocation=revocation,
        user=user,
        kind=StepKind.LEAVE_GROUPS,
        key=f"groups:{user.pk}",
        system=OURS,
        what={"groups": groups},
        state=StepState.DONE,
        made_at=now,
        done_at=now,
    )


def _step(
    revocation: Revocation, resource: ProjectResource, *, user: User | None, due_at: datetime, is_kept: bool
) -> Step:
    return Step(
        revocation=revocation,
        user=user,
        resource=resource,
        kind=StepKind.REMOVE_RESOURCE,
        key=f"{resource.pk}:{user.pk if user else 'all'}",
        system=ResourceKind(resource.kind).system,
        what={"kind": resource.kind, "name": resource.name},
        state=StepState.NOT_NEEDED if is_kept else StepState.WAITING,
        is_manual=True,
        made_at=revocation.decided_at,
        due_at=due_at,
    )
