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


def grant_role(
    user: User,
    role: Role,
    *,
    by: Initiator,
    reason: str,
    population: Population = EVERYBODY,
    expires_at: datetime | None = None,
) -> RoleGrant:
    """Give this person a role, and record who gave it and why, in one transaction with the person locked.

    Nobody grants to themselves, and no machine grants at all. Admin is granted for everybody, and until a
    date only while another Admin without one remains. Raises the child of ChangeRefused that fits, having
    stored nothing but the refusal.
    """
    refused: ChangeRefused | None = None
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        try:
            _refuse_grant(locked, role, by=by, reason=reason, population=population, expires_at=expires_at)
        except ChangeRefused as refusal:
            refused = refusal
            _record_refusal(Events.ROLE_GRANTED, locked, role, refusal, by=by)
        else:
            grant = _store(locked, role, by=by, reason=reason, population=population, expires_at=expires_at)
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
    same = user.role_grants.active().filter(role=role, population_kind=population.kind)
    if same.filter(population_value=population.value).exists():
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
    user: User, role: Role, *, by: Initiator, reason: str, population: Population, expires_at: datetime | None
) -> RoleGrant:
    grant = RoleGrant.objects.create(
        user=user,
        role=role,
        population_kind=population.kind,
        population_value=population.value,
        reason=shown(reason, limit=500),
        granted_by=(by.name or by.id)[:200],
        expires_at=expires_at,
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
        },
        personal={"note": reason} if reason else None,
    )


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
