"""What a person is in the company's applications, as tokens say it: groups, roles, projects and their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from sessions_app.models import Application, Entitlement, Project, User

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class PersonClaims:
    """`roles` are (application key, name) pairs; all of it sorted. `project_ends_at` is the earliest end, or None."""

    groups: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]
    projects: tuple[str, ...]
    project_ends_at: datetime | None

    def roles_at(self, application: Application | None) -> tuple[str, ...]:
        """The names for one application's tokens; every name once where the client belongs to none."""
        return tuple(
            sorted({name for key, name in self.roles if application is None or key == application.key})
        )

    @property
    def names(self) -> frozenset[str]:
        """Every name that may stand in a token of theirs, whatever its application."""
        return frozenset(self.groups) | {name for _key, name in self.roles}

    @property
    def rows(self) -> list[Row]:
        """As a role change keeps them."""
        groups: list[Row] = [{"group": name} for name in self.groups]
        return groups + [{"application": key, "role": name} for key, name in self.roles]


def claims_of(user: User) -> PersonClaims:
    """What is true of this person now. Two look-ups for groups and roles, one for projects."""
    groups = sorted(user.memberships.values_list("group__name", flat=True))
    roles = Entitlement.objects.filter(group__memberships__user=user).values_list("application__key", "name")
    projects = list(Project.objects.running(timezone.now()).of(user).order_by("ends_at", "key"))
    return PersonClaims(
        groups=tuple(groups),
        roles=tuple(sorted(set(roles))),
        projects=tuple(sorted(project.key for project in projects)),
        project_ends_at=projects[0].ends_at if projects else None,
    )
