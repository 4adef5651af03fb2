"""Who may give and take rights, and when one has reached its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry
from sessions_app.changes import errors
from sessions_app.changes.roles import (
    EVERYBODY,
    EntriesPeriod,
    Population,
    expire_roles,
    grant_role,
    revoke_role,
)
from sessions_app.models import Role, RoleGrant, User
from sessions_app.models.moments import database_now
from sessions_app.models.roles import PopulationKind
from tests.factories import a_grant, a_machine, forget_roles, initiator_of

pytestmark = pytest.mark.django_db

A_WEEK = timedelta(days=7)
A_YEAR = timedelta(days=365)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
GERMANY = Population(kind=PopulationKind.COUNTRY, value="DE")


def test_an_admin_grants_a_role_for_some_people_until_a_moment(ada: User, otto: User) -> None:
    until = timezone.now() + timedelta(days=30)

    grant = grant_role(
        otto, Role.HR, by=initiator_of(ada), reason="parental leave", population=GERMANY, expires_at=until
    )

    entry = AuditEntry.objects.get(event_code="RO-101")
    assert (grant.granted_by, grant.population_value, grant.expires_at) == ("Ada Lindqvist", "DE", until)
    assert entry.details["role"] == "hr"
    assert "parental leave" not in str(entry.details)


def test_an_auditor_from_outside_gets_a_period_and_an_end(ada: User, otto: User) -> None:
    now = timezone.now()
    period = EntriesPeriod(since=now - timedelta(days=365), until=now - timedelta(days=1))

    grant = grant_role(
        otto, Role.AUDITOR, by=initiator_of(ada), reason="SOC 2", period=period, expires_at=now + A_WEEK
    )

    assert (grant.entries_from, grant.entries_until) == (period.since, period.until)
    details = AuditEntry.objects.get(event_code="RO-101").details
    assert details["entries_from"] == grant.entries_from.isoformat()
    forget_roles(otto)
    assert otto.roles == {Role.AUDITOR}
    assert otto.lasting_roles == frozenset()


@pytest.mark.parametrize(
    ("role", "options"),
    [
        (Role.AUDITOR, {"period": EntriesPeriod(since=LONG_AGO)}),
        (Role.SECURITY, {"period": EntriesPeriod(since=LONG_AGO), "expires_at": LONG_AGO + 100 * A_YEAR}),
        (Role.HR, {"population": Population(kind=PopulationKind.PROJECT, value="phoenix")}),
    ],
    ids=["without an end", "for Security", "a project for HR"],
)
def test_periods_and_projects_are_for_auditors_and_periods_end(
    role: Role, options: dict[str, Any], ada: User, otto: User
) -> None:
    with pytest.raises(errors.ValuesRefused):
        grant_role(otto, role, by=initiator_of(ada), reason="SOC 2", **options)

    assert not otto.role_grants.exists()


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(errors.ValuesRefused):
        EntriesPeriod(since=LONG_AGO, until=LONG_AGO)


def test_nobody_grants_to_themselves(ada: User) -> None:
    with pytest.raises(errors.GrantingToOneself):
        grant_role(ada, Role.SECURITY, by=initiator_of(ada), reason="handy")

    assert AuditEntry.objects.filter(event_code="RO-101F").count() == 1
    assert ada.role_grants.count() == 1


def test_nobody_takes_a_role_from_themselves(ada: User, otto: User) -> None:
    a_grant(otto, Role.ADMIN)

    with pytest.raises(errors.GrantingToOneself):
        revoke_role(ada.role_grants.get(), by=initiator_of(ada), reason="tired of it")


def test_a_machine_grants_no_role(otto: User) -> None:
    with pytest.raises(errors.MachinesGrantNoRoles):
        grant_role(otto, Role.HR, by=a_machine(), reason="directory says so")


def test_the_last_admin_keeps_the_role(ada: User, sam: User) -> None:
    with pytest.raises(errors.LastAdminStays):
        revoke_role(ada.role_grants.get(), by=initiator_of(sam), reason="suspicious")

    forget_roles(ada)
    assert ada.roles == {Role.ADMIN}


def test_an_admin_who_is_not_the_last_can_lose_the_role(ada: User, otto: User) -> None:
    a_grant(otto, Role.ADMIN)

    revoke_role(ada.role_grants.get(), by=initiator_of(otto), reason="new job")

    forget_roles(ada)
    assert ada.roles == frozenset()
    assert AuditEntry.objects.filter(event_code="RO-102").count() == 1


def test_a_blocked_or_temporary_admin_is_no_other_admin(ada: User, otto: User, ines: User) -> None:
    a_grant(otto, Role.ADMIN, expires_at=timezone.now() + timedelta(days=1))
    a_grant(ines, Role.ADMIN)
    User.objects.filter(pk=ines.pk).update(sign_in_blocked_at=database_now())

    with pytest.raises(errors.LastAdminStays):
        revoke_role(ada.role_grants.get(), by=the_shell(), reason="cleaning up")


def test_the_first_admin_has_no_end_date(otto: User) -> None:
    with pytest.raises(errors.LastAdminStays):
        grant_role(
            otto, Role.ADMIN, by=the_shell(), reason="first", expires_at=timezone.now() + timedelta(days=1)
        )


def test_an_admin_is_admin_for_everybody(ada: User, otto: User) -> None:
    with pytest.raises(errors.AdminsCoverEverybody):
        grant_role(otto, Role.ADMIN, by=initiator_of(ada), reason="some of it", population=GERMANY)


def test_the_same_twice_is_refused_and_another_population_is_not(ada: User, otto: User) -> None:
    grant_role(otto, Role.HR, by=initiator_of(ada), reason="stands in", population=GERMANY)

    with pytest.raises(errors.AlreadyGranted):
        grant_role(otto, Role.HR, by=initiator_of(ada), reason="stands in", population=GERMANY)
    grant_role(otto, Role.HR, by=initiator_of(ada), reason="stands in", population=EVERYBODY)

    assert otto.role_grants.count() == 2


def test_somebody_blocked_gets_no_role(ada: User, otto: User) -> None:
    User.objects.filter(pk=otto.pk).update(sign_in_blocked_at=database_now())

    with pytest.raises(errors.PersonIsBlocked):
        grant_role(otto, Role.HR, by=initiator_of(ada), reason="stands in")


def test_a_reason_is_needed_in_both_directions(ada: User, otto: User) -> None:
    grant = a_grant(otto, Role.HR)

    with pytest.raises(errors.ReasonTooShort):
        grant_role(otto, Role.IT, by=initiator_of(ada), reason=" x\u200e ")
    with pytest.raises(errors.ReasonTooShort):
        revoke_role(grant, by=initiator_of(ada), reason="")


def test_a_role_taken_back_twice_is_said(ada: User, otto: User) -> None:
    grant = a_grant(otto, Role.HR)
    revoke_role(grant, by=initiator_of(ada), reason="back from leave")

    with pytest.raises(errors.NotGranted):
        revoke_role(grant, by=initiator_of(ada), reason="back from leave")


def test_a_population_without_a_name_is_refused() -> None:
    with pytest.raises(errors.ValuesRefused):
        Population(kind=PopulationKind.COUNTRY)
    with pytest.raises(errors.ValuesRefused):
        Population(value="DE")


def test_a_role_that_reached_its_end_is_recorded_once(otto: User, ines: User) -> None:
    over = timezone.now() - timedelta(minutes=1)
    expired = a_grant(otto, Role.HR, expires_at=over)
    a_grant(ines, Role.HR, expires_at=timezone.now() + timedelta(days=1))

    counts = [expire_roles(by=the_clock()), expire_roles(by=the_clock())]

    expired.refresh_from_db()
    assert counts == [1, 0]
    assert (expired.revoked_at, expired.revoked_by) == (over, "expired")
    assert AuditEntry.objects.filter(event_code="RO-103", initiator_kind="clock").count() == 1
    assert RoleGrant.objects.active().count() == 1
