"""Which entries of the trail somebody may read, by role, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from audit.events import ALL_EVENTS
from audit.models import AuditEntry
from audit.search import EntryQuerySet
from sessions_app.models import Role, RoleGrant, User
from sessions_app.models.roles import PopulationKind


@dataclass(frozen=True, kw_only=True)
class AuditScope:
    """Own actions always; beyond them whole groups of events, single ones, or everything."""

    groups: tuple[str, ...] = ()
    everything: bool = False


SCOPES: dict[Role, AuditScope] = {
    Role.HR: AuditScope(),
    Role.IT: AuditScope(groups=("RV-", "SE-", "BL-", "PJ-")),
    Role.SECURITY: AuditScope(everything=True),
    Role.AUDITOR: AuditScope(everything=True),
    Role.ADMIN: AuditScope(groups=("RO-", "MC-", "ST-", "CH-", "SI-104", "SI-105", "SI-107", "SI-108")),
}


def entries_for(viewer: User) -> EntryQuerySet:
    """The entries this viewer may read, by every grant of a role: its population and its period narrow it.

    What one did oneself is always readable, also where the person is out of reach by now.
    """
    entries: EntryQuerySet = AuditEntry.objects.all()
    grants = [grant for grant in viewer.active_grants() if grant.role in SCOPES]
    if not grants:
        return entries.none()
    if any(_opens_everything(grant) for grant in grants):
        return entries
    readable = Q(initiator_id=str(viewer.pk))
    for grant in grants:
        scope = SCOPES[Role(grant.role)]
        if scope.everything or scope.groups:
            readable |= _of_scope(scope) & _of_population(grant) & _of_period(grant)
    return entries.filter(readable)


def period_of(viewer: User) -> tuple[datetime | None, datetime | None] | None:
    """From when until when a viewer reads who has no role but for periods of the trail; None for all others."""
    grants = viewer.active_grants()
    if not grants or viewer.lasting_grants():
        return None
    since = [grant.entries_from for grant in grants]
    until = [grant.entries_until for grant in grants]
    first = None if None in since else min(filter(None, since))
    return first, None if None in until else max(filter(None, until))


def codes_of(*groups: str) -> list[str]:
    """Every code of these groups, done as well as refused or failed."""
    return [
        form
        for event in ALL_EVENTS
        if event.code.startswith(groups)
        for form in (event.code, f"{event.code}F")
    ]


def _of_scope(scope: AuditScope) -> Q:
    return Q() if scope.everything else Q(event_code__in=codes_of(*scope.groups))


def _opens_everything(grant: RoleGrant) -> bool:
    return SCOPES[Role(grant.role)].everything and grant.covers_everybody() and not grant.is_for_a_period


def _of_population(grant: RoleGrant) -> Q:
    """About somebody of the population; for a project also what is about the project itself."""
    if grant.covers_everybody():
        return Q()
    about = Q(person_id__in=User.objects.in_population_of(grant).values("pk"))
    if grant.population_kind == PopulationKind.PROJECT:
        about |= Q(project_key=grant.population_value)
    return about


def _of_period(grant: RoleGrant) -> Q:
    within = Q()
    if grant.entries_from:
        within &= Q(timestamp__gte=grant.entries_from)
    if grant.entries_until:
        within &= Q(timestamp__lt=grant.entries_until)
    return within
