"""Which groups make up a project: whoever loses it with a group taken off it loses every token that claims it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit.events import Events
from audit.initiators import Initiator, acting
from audit.record import Target, record
from sessions_app.changes.approvals import ask, second_person_of
from sessions_app.changes.blast_radius import Reach, why_not_alone
from sessions_app.changes.errors import NothingToDo, OwnMembership, ProjectOver, SecondPersonNeeded
from sessions_app.models import Approval, ApprovalKind, Group, Membership, Project, Revocation, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import answers_another, decide
from sessions_app.revocation.orders import OneProject, Order, SecondPerson, SeveralPeople
from sessions_app.revocation.populations import people_of
from sessions_app.revocation.receipt_versions import Change, sign_version


@dataclass(frozen=True, kw_only=True)
class GroupsChange:
    """`revocation` ended the tokens of whoever lost the project; None where nobody did, or it does not run yet."""

    has_changed: bool
    revocation: Revocation | None = None


def groups_taken(project: Project, names: Collection[str]) -> list[str]:
    """Which of its groups are not among these names, in order."""
    return sorted(project.groups.exclude(name__in=names).values_list("name", flat=True))


def who_loses(project: Project, names: Collection[str]) -> QuerySet[User]:
    """Who is on it now and would not be if these were its groups."""
    staying = Membership.objects.filter(group__name__in=names).values("user")
    people: QuerySet[User] = people_of(OneProject(key=project.key)).exclude(pk__in=staying)
    return people


def who_loses_without(project: Project, taken: Collection[str]) -> QuerySet[User]:
    """The same where these of its groups are taken off."""
    staying = project.groups.exclude(name__in=taken)
    return who_loses(project, list(staying.values_list("name", flat=True)))


def set_groups(
    project: Project,
    names: Collection[str],
    *,
    by: Initiator,
    seen: Reach | None = None,
    second: SecondPerson | None = None,
) -> GroupsChange:
    """Make these its groups; one that nobody knew is made. Nobody's membership of a group changes by it.

    Expects the project's lock; what it returns is signed and still to be cut off. Whoever loses the project has an
    entry each, as if removed one by one, and where it runs their tokens end. Raises OwnMembership, SecondPersonNeeded
    where those seen (else those there are) are more than one person may end alone, or the child of OrderRefused that
    fits.
    """
    before = set(project.groups.values_list("name", flat=True))
    if before == set(names):
        return GroupsChange(has_changed=False)
    losing = list(who_loses(project, names))
    _refuse(losing, by=by, seen=seen, second=second)
    theirs = _groups_of(losing, before - set(names))
    project.groups.set(_made(names))
    for user in losing:
        _record_removed(project, user, theirs[user.pk], by=by)
    return GroupsChange(has_changed=True, revocation=_end_tokens(project, losing, by=by, second=second))


def ask_to_take_groups(project: Project, names: Collection[str], *, reach: Reach, by: Initiator) -> Approval:
    """Let a second person decide whether these groups are taken off it. Raises OwnMembership, or as `ask` does."""
    _refuse_own(who_loses_without(project, names), by=by)
    return ask(
        ApprovalKind.TAKE_GROUPS,
        request={"groups": sorted(names)},
        people=reach.people,
        sessions=reach.sessions,
        why=why_not_alone(reach, by.kind),
        project=project,
        by=by,
    )


def take_groups_as_approved(approval: Approval, by: Initiator) -> Revocation | None:
    """What a second person agreed to, with whoever is in the groups by then. The other groups stay as they are.

    Expects the approval's transaction; what it returns is still to be cut off. Raises ProjectOver, NothingToDo, or
    what `set_groups` does.
    """
    assert approval.project is not None
    with transaction.atomic(), acting(by):
        locked = Project.objects.select_for_update().get(pk=approval.project.pk)
        if locked.ended_at is not None:
            raise ProjectOver
        now = set(locked.groups.values_list("name", flat=True))
        staying = now - set(approval.request["groups"])
        if staying == now:
            raise NothingToDo
        change = set_groups(locked, staying, by=by, second=second_person_of(approval))
        record(
            Events.PROJECT_CHANGED,
            initiator=by,
            target=Target.of(locked, label=locked.name),
            project=locked.key,
            details={"what": ["groups"]},
        )
    return change.revocation


def _refuse(
    losing: Sequence[User], *, by: Initiator, seen: Reach | None, second: SecondPerson | None
) -> None:
    _refuse_own(losing, by=by)
    if not losing or second is not None:
        return
    why = why_not_alone(seen or Reach.of(User.objects.filter(pk__in=[user.pk for user in losing])), by.kind)
    if why:
        raise SecondPersonNeeded(*why)


def _refuse_own(losing: Iterable[User], *, by: Initiator) -> None:
    if any(user.pk == by.user_id for user in losing):
        raise OwnMembership


def _end_tokens(
    project: Project, losing: Sequence[User], *, by: Initiator, second: SecondPerson | None
) -> Revocation | None:
    """Admins and Security are left out of it unless Security answers for it, as from every order about many."""
    now = database_now()
    if not losing or not Project.objects.running(now).filter(pk=project.pk).exists():
        return None
    order = Order(
        initiator=by,
        reason=Reason.ROLE_CHANGE,
        scope=SeveralPeople.of(user.pk for user in losing),
        received_at=now,
        second=second,
    )
    revocation = decide(order)
    if not answers_another(revocation, order):
        sign_version(revocation, Change.DECIDED)
    return revocation


def _groups_of(people: Sequence[User], names: Collection[str]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    rows = Membership.objects.filter(user__in=people, group__name__in=names).order_by("group__name")
    for user_id, name in rows.values_list("user", "group__name"):
        found[user_id].append(name)
    return found


def _made(names: Collection[str]) -> list[Group]:
    Group.objects.bulk_create([Group(name=name) for name in names], ignore_conflicts=True)
    return list(Group.objects.filter(name__in=names))


def _record_removed(project: Project, user: User, groups: list[str], *, by: Initiator) -> None:
    record(
        Events.MEMBER_REMOVED,
        initiator=by,
        target=Target.of(user, label=user.display_name),
        project=project.key,
        details={"groups": groups},
    )
