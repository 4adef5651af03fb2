"""Which entries of the trail somebody may read, by role, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from audit.events import ALL_EVENTS
from audit.models import AuditEntry
from audit.search import EntryQuerySet
from sessions_app.models import Role, User


@dataclass(frozen=True, kw_only=True)
class AuditScope:
    """Own actions always; beyond them whole groups of events, single ones, or everything."""

    groups: tuple[str, ...] = ()
    everything: bool = False


SCOPES: dict[Role, AuditScope] = {
    Role.HR: AuditScope(),
    Role.IT: AuditScope(groups=("RV-", "SE-", "BL-")),
    Role.SECURITY: AuditScope(everything=True),
    Role.AUDITOR: AuditScope(everything=True),
    Role.ADMIN: AuditScope(groups=("RO-", "MC-", "ST-", "CH-", "SI-104", "SI-105", "SI-107", "SI-108")),
}


def entries_for(viewer: User) -> EntryQuerySet:
    """The entries this viewer may read. A role with a population reads only about the people it reaches.

    What one did oneself is always readable, also where the person is out of reach by now.
    """
    entries: EntryQuerySet = AuditEntry.objects.all()
    scopes = {role: SCOPES[role] for role in viewer.roles if role in SCOPES}
    if not scopes:
        return entries.none()
    if any(scope.everything and viewer.reaches_everybody(through={role}) for role, scope in scopes.items()):
        return entries
    readable = Q(initiator_id=str(viewer.pk))
    for role, scope in scopes.items():
        if scope.everything or scope.groups:
            readable |= _of_scope(scope) & _about_people_of(viewer, role)
    return entries.filter(readable)


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


def _about_people_of(viewer: User, role: Role) -> Q:
    if viewer.reaches_everybody(through={role}):
        return Q()
    return Q(person_id__in=User.objects.visible_to(viewer, through={role}).values("pk"))
