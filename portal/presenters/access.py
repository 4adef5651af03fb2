"""What somebody has: groups with what they make them in applications, identities, and roles in Curfew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.access import may, projects_for
from portal.presenters.project_words import STATES, name_of_project
from portal.presenters.words import clean
from portal.roles import May
from sessions_app.models import Entitlement, Identity, RoleGrant, User


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    name: str
    entitlements: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class IdentityRow:
    """`person_id` is empty for readers who may not see the configuration it belongs to."""

    realm: str
    issuers: str
    person_id: str
    linked_at: datetime


@dataclass(frozen=True, kw_only=True)
class RoleRow:
    role: str
    covers: str
    granted_at: datetime
    granted_by: str
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ProjectLine:
    name: str
    url: str
    state: str
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Access:
    """`roles` and `projects` are None for readers who may not see any, which is not the same as having none."""

    groups: list[GroupRow]
    projects: list[ProjectLine] | None
    identities: list[IdentityRow]
    roles: list[RoleRow] | None


def access_of(person: User, reader: User) -> Access:
    return Access(
        groups=_groups(person),
        projects=_projects(person, reader) if may(reader, May.SEE_PROJECTS) else None,
        identities=_identities(person, with_ids=may(reader, May.SEE_CONFIGURATION)),
        roles=[_role(grant) for grant in person.active_grants()] if may(reader, May.SEE_ROLES) else None,
    )


def _groups(person: User) -> list[GroupRow]:
    gives: dict[int, list[str]] = {}
    for entitlement in Entitlement.objects.filter(group__memberships__user=person).select_related(
        "application"
    ):
        words = f"{clean(entitlement.application.name)}: {clean(entitlement.name)}"
        gives.setdefault(entitlement.group_id, []).append(words)
    memberships = person.memberships.select_related("group").order_by("group__name")
    return [
        GroupRow(
            name=clean(membership.group.name),
            entitlements=", ".join(gives.get(membership.group_id, [])),
            since=membership.since,
        )
        for membership in memberships
    ]


def _projects(person: User, reader: User) -> list[ProjectLine]:
    found = projects_for(reader, May.SEE_PROJECTS).of(person).prefetch_related("endings")
    return [
        ProjectLine(
            name=name_of_project(project),
            url=reverse("project", args=[project.key]),
            state=STATES[project.state],
            ends_at=project.ended_at or project.ends_at,
        )
        for project in found
    ]


def _identities(person: User, *, with_ids: bool) -> list[IdentityRow]:
    found = (
        person.identities.select_related("realm")
        .prefetch_related("realm__issuers")
        .order_by("realm__key", "pk")
    )
    return [_identity(identity, with_id=with_ids) for identity in found]


def _identity(identity: Identity, *, with_id: bool) -> IdentityRow:
    return IdentityRow(
        realm=clean(identity.realm.name),
        issuers=", ".join(clean(issuer.name) for issuer in identity.realm.issuers.all()),
        person_id=clean(identity.person_id) if with_id else "",
        linked_at=identity.linked_at,
    )


def _role(grant: RoleGrant) -> RoleRow:
    population = f"{grant.get_population_kind_display()}: {clean(grant.population_value)}"
    return RoleRow(
        role=str(grant.get_role_display()),
        covers=_("everybody") if grant.covers_everybody() else population,
        granted_at=grant.granted_at,
        granted_by=clean(grant.granted_by),
        expires_at=grant.expires_at,
    )
