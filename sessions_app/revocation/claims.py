"""What a person is in the company's applications, as tokens say it: groups, roles, projects and their end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from sessions_app.models import Application, Entitlement, Membership, Project, User

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
    """What is true of this person now."""
    return claims_of_all([user])[user.pk]


def claims_of_all(people: Collection[User]) -> dict[UUID, PersonClaims]:
    """The same of each of several, in three look-ups however many there are."""
    keys = [user.pk for user in people]
    members = "group__memberships__user"
    groups = _by_person(Membership.objects.filter(user__in=keys), "user", "group__name")
    roles = _by_person(
        Entitlement.objects.filter(**{f"{members}__in": keys}), members, "application__key", "name"
    )
    running = Project.objects.running(timezone.now()).filter(groups__memberships__user__in=keys)
    projects = _by_person(running, "groups__memberships__user", "key", "ends_at")
    return {
        key: PersonClaims(
            groups=tuple(sorted(name for (name,) in groups[key])),
            roles=tuple(sorted(roles[key])),
            projects=tuple(sorted(project for project, _ends_at in projects[key])),
            project_ends_at=min((ends_at for _project, ends_at in projects[key]), default=None),
        )
        for key in keys
    }


def _by_person(rows: QuerySet[Any], person: str, *columns: str) -> dict[UUID, set[tuple[Any, ...]]]:
    found: dict[UUID, set[tuple[Any, ...]]] = defaultdict(set)
    for user_id, *values in rows.values_list(person, *columns):
        found[user_id].add(tuple(values))
    return found


def without(rows: list[Row], others: list[Row]) -> list[Row]:
    return [row for row in rows if row not in others]


def remember_lost(user: User, before: PersonClaims, after: PersonClaims) -> None:
    """Names no token may claim any more: what was lost, ever, and is not held again. The caller stores the row."""
    now = before.names - after.names
    earlier = [name for name in user.lost_claims if name not in after.names | now]
    user.lost_claims = sorted(now) + earlier  # the newest first: an entry has room for so many
