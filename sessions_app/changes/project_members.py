"""Who works on a project: added and removed person by person, so that everybody's tokens follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from audit.initiators import Initiator, InitiatorKind
from sessions_app.changes.errors import (
    ChangeRefused,
    DirectoryOwnsGroup,
    NoContractor,
    NotAMember,
    OwnMembership,
    PersonAmbiguous,
    PersonIsBlocked,
    PersonUnknown,
    ProjectOver,
    ValuesRefused,
)
from sessions_app.changes.role_changes import RoleOutcome, Wish, groups_changed
from sessions_app.changes.texts import is_identifier
from sessions_app.models import Group, Project, Role, User
from sessions_app.revocation import rules

MOST_AT_ONCE = 400  # a form that names them one by one has room for so many
NAMED_AT_MOST = 5
NAME_ANYBODY = frozenset({Role.IT, Role.SECURITY})
NAMES = ("username", "email", "employee_number", "external_id")


@dataclass(frozen=True, kw_only=True)
class Named:
    """One name of a list, in its line, and whom it was understood to mean: a person, or why it means nobody."""

    line: int
    name: str
    user: User | None = None
    problem: ChangeRefused | None = None
    is_member: bool = False


def groups_kept_here(project: Project) -> QuerySet[Group]:
    """The project's groups whose members are kept here: nobody ever sent a whole list of them."""
    return project.groups.filter(members_as_of=None)


def understand(project: Project, names: Sequence[tuple[int, str]], *, by: Initiator) -> list[Named]:
    """Whom these (line, name) pairs mean; a person named twice stands in the first line only. Nothing is changed."""
    known = _people_by_name([name for _line, name in names])
    members = set(User.objects.filter(memberships__group__projects=project).values_list("pk", flat=True))
    seen: set[object] = set()
    understood = []
    for line, name in names:
        named = _understood(line, name, known.get(name.lower(), []), project, by=by)
        if named.user is not None and named.user.pk in seen:
            continue
        seen.add(named.user.pk if named.user else (line, name))
        is_member = named.user is not None and named.user.pk in members
        understood.append(
            Named(line=line, name=name, user=named.user, problem=named.problem, is_member=is_member)
        )
    return understood


def add_members(
    project: Project, people: Sequence[User], *, group: Group, by: Initiator, received_at: datetime
) -> list[User]:
    """Put these people on the project, by one of its groups; returns who was not in it before.

    All are looked at before the first is added, and nobody is where one cannot be. Then one change per person: whoever
    is killed between two leaves the first ones on it, each with their entries, and doing it again does the rest.
    A manager names contractors only: whoever has a Role or a group beside projects is put on by IT or Security.
    Raises the child of ChangeRefused that fits.
    """
    _refuse_over(project, people)
    if not groups_kept_here(project).filter(pk=group.pk).exists():
        raise DirectoryOwnsGroup
    for user in people:
        _refuse_person(user, project, by=by)
    wish = Wish(received_at=received_at, project=project.key)
    outcomes = [(user, groups_changed(user, joined=[group.name], by=by, wish=wish)) for user in people]
    return [user for user, outcome in outcomes if outcome.change is not None]


def remove_members(
    project: Project, people: Sequence[User], *, by: Initiator, received_at: datetime
) -> list[RoleOutcome]:
    """Take these people off the project: out of every group of it, and every token that claims it ends.

    Looked at and carried out like `add_members`. Raises the child of ChangeRefused that fits; DirectoryOwnsGroup where
    a directory would only put somebody back.
    """
    _refuse_over(project, people)
    leaving = [(user, _groups_left_by(user, project, by=by)) for user in people]
    wish = Wish(received_at=received_at, project=project.key)
    return [groups_changed(user, left=groups, by=by, wish=wish) for user, groups in leaving]


def _refuse_over(project: Project, people: Sequence[User]) -> None:
    if project.ended_at is not None:
        raise ProjectOver
    if len(people) > MOST_AT_ONCE:
        raise ValuesRefused(("people", _("At most 400 people at once.")))


def _refuse_person(user: User, project: Project, *, by: Initiator) -> None:
    if by.user_id == user.pk:
        raise OwnMembership
    if not user.is_active:
        raise PersonIsBlocked
    is_on_it = user.memberships.filter(group__projects=project).exists()
    if not is_on_it and _belongs_to_the_company(user) and not _may_name_anybody(user, by=by):
        raise NoContractor


def _may_name_anybody(user: User, *, by: Initiator) -> bool:
    """Who could end this person's access anyway; a project's manager could not, and must not by way of a project."""
    return by.kind != InitiatorKind.USER or bool(rules.within_reach(by, user).roles & NAME_ANYBODY)


def _belongs_to_the_company(user: User) -> bool:
    return bool(user.roles) or user.memberships.filter(group__projects=None).exists()


def _groups_left_by(user: User, project: Project, *, by: Initiator) -> list[str]:
    if by.user_id == user.pk:
        raise OwnMembership
    theirs = list(project.groups.filter(memberships__user=user))
    if not theirs:
        raise NotAMember
    if any(group.members_as_of is not None for group in theirs):
        raise DirectoryOwnsGroup
    return [group.name for group in theirs]


def _understood(line: int, name: str, people: Sequence[User], project: Project, *, by: Initiator) -> Named:
    if not people:
        return Named(line=line, name=name, problem=PersonUnknown())
    if len(people) > 1:
        named = [(user.username, user.employee_number) for user in people[:NAMED_AT_MOST]]
        return Named(line=line, name=name, problem=PersonAmbiguous(named))
    try:
        _refuse_person(people[0], project, by=by)
    except ChangeRefused as refusal:
        return Named(line=line, name=name, user=people[0], problem=refusal)
    return Named(line=line, name=name, user=people[0])


def _people_by_name(names: Sequence[str]) -> dict[str, list[User]]:
    """Everybody who answers to one of these names, by the name in lower case: one look-up for all of them."""
    wanted = {name.lower() for name in names if is_identifier(name)}
    lowered = {f"lower_{column}": Lower(F(column)) for column in NAMES}
    answers_to_it = Q(pk__in=[])
    for column in lowered:
        answers_to_it |= Q(**{f"{column}__in": wanted})
    found: dict[str, list[User]] = defaultdict(list)
    people = User.objects.filter(erased_at=None).annotate(**lowered).filter(answers_to_it)
    for user in people.order_by("username"):
        for name in {(getattr(user, column) or "").lower() for column in NAMES} & wanted:
            found[name].append(user)
    return found
