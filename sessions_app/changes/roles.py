"""Granting and taking back rights inside Curfew, and noting when one has reached its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Initiator, InitiatorKind
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import (
    AdminsCoverEverybody,
    AlreadyGranted,
    ChangeRefused,
    GrantingToOneself,
    LastAdminStays,
    MachinesGrantNoRoles,
    NotGranted,
    PersonIsBlocked,
    ReasonTooShort,
    ValuesRefused,
)
from sessions_app.changes.texts import shown
from sessions_app.models import Role, RoleGrant, User
from sessions_app.models.roles import PopulationKind, RoleGrantQuerySet
from sessions_app.models.users import POPULATION_FIELDS

SHORTEST_REASON = 3
EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Population:
    """For whom a role counts. Raises ValuesRefused where kind and value do not go together."""

    kind: PopulationKind = PopulationKind.EVERYBODY
    value: str = ""

    def __post_init__(self) -> None:
        needs_value = self.kind in POPULATION_FIELDS
        if needs_value != bool(self.value) or shown(self.value, limit=200) != self.value:
            raise ValuesRefused(
                ("population", _("Give a kind of population and its name, such as country=DE."))
            )


EVERYBODY = Population()


@dataclass(frozen=True, kw_only=True)
class EntriesPeriod:
    """The stretch of the trail a role opens; a missing edge is open. Raises ValuesRefused where it is empty."""

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since and self.until and self.since >= self.until:
            raise ValuesRefused(("entries_until", _("The period ends before it begins.")))

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None


ALL_ENTRIES = EntriesPeriod()


def grant_role(
    user: User,
    role: Role,
    *,
    by: Initiator,
    reason: str,
    population: Population = EVERYBODY,
    expires_at: datetime | None = None,
    period: EntriesPeriod = ALL_ENTRIES,
) -> RoleGrant:
    """Give this person a role, and record who gave it and why, in one transaction with the person locked.

    Nobody grants to themselves, and no machine grants at all. Admin is granted for everybody, and until a
    date only while another Admin without one remains. An Auditor's role for a period opens that stretch of the
    trail and no other page, and needs an end. Raises the child of ChangeRefused that fits, having
    stored nothing but the refusal.
    """
    refused: ChangeRefused | None = None
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        try:
            _refuse_grant(locked, role, by=by, reason=reason, population=population, expires_at=expires_at)
            _refuse_scope(locked, role, population=population, expires_at=expires_at, period=period)
        except ChangeRefused as refusal:
            refused = refusal
            _record_refusal(Events.ROLE_GRANTED, locked, role, refusal, by=by)
        else:
            grant = _store(
                locked,
                role,
                by=by,
                reason=reason,
                population=population,
                expires_at=expires_at,
                period=period,
            )
    if refused:
        raise refused
    return grant


def revoke_role(grant: RoleGrant, *, by: Initiator, reason: str) -> RoleGrant:
    """Take a granted role back, and record who did and why, in one transaction; the row stays as history.

    Nobody takes a role from themselves, except at the shell, and the last Admin without an end date keeps
    theirs. Raises the child of ChangeRefused that fits, having stored nothing but the refusal.
    """
    refused: ChangeRefused | None = None
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=grant.user_id)
        try:
            current = _refuse_revocation(grant, by=by, reason=reason)
        except ChangeRefused as refusal:
            refused = refusal
            _record_refusal(Events.ROLE_REVOKED, user, Role(grant.role), refusal, by=by)
        else:
            _end(current, user, by=by, reason=reason)
    if refused:
        raise refused
    return current


def expire_roles(*, by: Initiator) -> int:
    """Record every grant that has reached its end, once; returns how many. It stopped counting by itself."""
    over = RoleGrant.objects.filter(revoked_at=None, expires_at__lte=timezone.now())
    return sum(_expire(grant, by=by) for grant in over.select_related("user"))


def _refuse_grant(
    user: User,
    role: Role,
    *,
    by: Initiator,
    reason: str,
    population: Population,
    expires_at: datetime | None,
) -> None:
    _refuse_initiator(user, by=by, reason=reason)
    if not user.is_active:
        raise PersonIsBlocked
    if expires_at is not None and expires_at <= timezone.now():
        raise ValuesRefused(("expires_at", _("The end date has already passed.")))
    if role == Role.ADMIN and population != EVERYBODY:
        raise AdminsCoverEverybody
    if role == Role.ADMIN and expires_at is not None and not _standing_admins().exclude(user=user).exists():
        raise LastAdminStays


def _refuse_scope(
    user: User, role: Role, *, population: Population, expires_at: datetime | None, period: EntriesPeriod
) -> None:
    """Periods and projects narrow what of the trail somebody reads, so only an Auditor's role has them."""
    if role != Role.AUDITOR and period:
        raise ValuesRefused(("entries_from", _("Only an Auditor's role opens a period of the trail.")))
    if role != Role.AUDITOR and population.kind == PopulationKind.PROJECT:
        raise ValuesRefused(("population", _("Only an Auditor's role is granted for a project.")))
    if period and expires_at is None:
        raise ValuesRefused(("expires_at", _("A role for a period ends by itself: give its last day.")))
    same = user.role_grants.active().filter(
        role=role,
        population_kind=population.kind,
        population_value=population.value,
        entries_from=period.since,
        entries_until=period.until,
    )
    if same.exists():
        raise AlreadyGranted


def _refuse_revocation(grant: RoleGrant, *, by: Initiator, reason: str) -> RoleGrant:
    """The grant as it stands now, locked."""
    current = RoleGrant.objects.active().select_for_update().filter(pk=grant.pk).first()
    if current is None:
        raise NotGranted
    _refuse_initiator(current.user, by=by, reason=reason)
    if current.role == Role.ADMIN and not _standing_admins().exclude(pk=current.pk).exists():
        raise LastAdminStays
    return current


def _refuse_initiator(user: User, *, by: Initiator, reason: str) -> None:
    if by.kind == InitiatorKind.MACHINE:
        raise MachinesGrantNoRoles
    if by.user_id == user.pk:
        raise GrantingToOneself
    if len(shown(reason, limit=500)) < SHORTEST_REASON:
        raise ReasonTooShort


def _standing_admins() -> RoleGrantQuerySet:
    """Admin grants without an end, of people who can sign in; locked, so that two cannot go at once."""
    can_sign_in = Q(user__sign_in_blocked_at=None, user__erased_at=None)
    return (
        RoleGrant.objects.active().select_for_update().filter(can_sign_in, role=Role.ADMIN, expires_at=None)
    )


def _store(
    user: User,
    role: Role,
    *,
    by: Initiator,
    reason: str,
    population: Population,
    expires_at: datetime | None,
    period: EntriesPeriod,
) -> RoleGrant:
    grant = RoleGrant.objects.create(
        user=user,
        role=role,
        population_kind=population.kind,
        population_value=population.value,
        reason=shown(reason, limit=500),
        granted_by=(by.name or by.id)[:200],
        expires_at=expires_at,
        entries_from=period.since,
        entries_until=period.until,
    )
    until = expires_at.isoformat() if expires_at else ""
    _record(Events.ROLE_GRANTED, grant, user, by=by, reason=reason, until=until)
    return grant


def _end(grant: RoleGrant, user: User, *, by: Initiator, reason: str) -> None:
    grant.revoked_at = timezone.now()
    grant.revoked_by = (by.name or by.id)[:200]
    grant.save(update_fields=["revoked_at", "revoked_by"])
    _record(Events.ROLE_REVOKED, grant, user, by=by, reason=reason)


@transaction.atomic
def _expire(grant: RoleGrant, *, by: Initiator) -> bool:
    """Only whoever changes the row writes the entry, so there is one whatever runs twice."""
    changed = RoleGrant.objects.filter(pk=grant.pk, revoked_at=None).update(
        revoked_at=grant.expires_at, revoked_by=EXPIRED
    )
    if changed:
        _record(Events.ROLE_EXPIRED, grant, grant.user, by=by, reason="")
    return bool(changed)


def _record(
    event: EventKind, grant: RoleGrant, user: User, *, by: Initiator, reason: str, until: str = ""
) -> None:
    record(
        event,
        initiator=by,
        target=Target.of(user, label=user.display_name),
        details={
            "role": str(grant.role),
            "grant": str(grant.pk),
            "population_kind": str(grant.population_kind),
            "population": grant.population_value,
            "until": until,
            **_period_of(grant),
        },
        personal={"note": reason} if reason else None,
    )


def _period_of(grant: RoleGrant) -> dict[str, str]:
    edges = {"entries_from": grant.entries_from, "entries_until": grant.entries_until}
    return {name: moment.isoformat() for name, moment in edges.items() if moment}


def _record_refusal(
    event: EventKind, user: User, role: Role, refusal: ChangeRefused, *, by: Initiator
) -> None:
    record(
        event,
        initiator=by,
        target=Target.of(user, label=user.display_name),
        outcome=Outcome.REFUSED,
        details={"role": str(role), "why": refusal.code},
    )
