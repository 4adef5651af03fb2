"""Addresses, tallies and sightings of strangers go when their time is over; what belongs to a receipt stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.models import Attempt, PointTally, ReportQuota, UnmatchedSighting, User
from sessions_app.sightings.retention import forget_what_is_old
from tests.factories import a_realm, an_enforcement_point

pytestmark = pytest.mark.django_db


def an_attempt(user: User, *, days_ago: int, receipt: str = "CF-0000000001") -> Attempt:
    at = timezone.now() - timedelta(days=days_ago)
    return Attempt.objects.create(
        fingerprint=f"{receipt}-{days_ago}",
        receipt=receipt,
        user=user,
        where="wiki",
        cause="user_blocked",
        address="203.0.113.9",
        first_at=at,
        last_at=at,
    )


def addresses() -> dict[str, str | None]:
    return dict(Attempt.objects.values_list("fingerprint", "address"))


def test_the_address_of_an_attempt_goes_after_24_months_and_the_attempt_stays(ines: User):
    an_attempt(ines, days_ago=731)
    an_attempt(ines, days_ago=729)

    forget_what_is_old()

    assert addresses() == {"CF-0000000001-731": None, "CF-0000000001-729": "203.0.113.9"}


def test_what_belongs_to_no_revocation_keeps_its_address_for_90_days(ines: User):
    an_attempt(ines, days_ago=91, receipt="")
    an_attempt(ines, days_ago=89, receipt="")

    forget_what_is_old()

    assert addresses() == {"-91": None, "-89": "203.0.113.9"}


def test_tallies_and_strangers_are_deleted_after_90_days_and_quotas_after_a_week():
    point, realm, now = an_enforcement_point(), a_realm(), timezone.now()
    for days in (91, 89):
        at = now - timedelta(days=days)
        PointTally.objects.create(point=point, hour=at, outcome="allowed", last_at=at)
        stranger = UnmatchedSighting.objects.create(realm=realm, person_id=f"stranger-{days}")
        UnmatchedSighting.objects.filter(pk=stranger.pk).update(last_seen_at=at)
    ReportQuota.objects.create(reporter="cfm_1", kind="session", day=(now - timedelta(days=9)).date())
    ReportQuota.objects.create(reporter="cfm_1", kind="session", day=now.date())

    forget_what_is_old()

    assert PointTally.objects.get().hour == at
    assert UnmatchedSighting.objects.get().person_id == "stranger-89"
    assert ReportQuota.objects.get().day == now.date()
