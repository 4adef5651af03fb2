"""Signing keys: one at first, published ahead of use, rotated without a token that nobody can verify."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Issuer, SigningKey, User
from sessions_app.tokens.own_issuer import prepare_own_issuer, rotate_own_key
from sessions_app.tokens.profiles import clear_profiles
from sessions_app.tokens.signing import (
    PUBLISHED_AFTER,
    PUBLISHED_AHEAD,
    current_key,
    published_keys,
    rotate_key,
)
from tests.factories import verdict_on
from tests.oauth_client import an_app

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def own(settings: object) -> Issuer:
    settings.DEMO = True  # type: ignore[attr-defined]  # no second factor needed here
    return prepare_own_issuer(by=the_shell())


def kids() -> list[str]:
    return [key["kid"] for key in published_keys()["keys"]]


def test_preparing_twice_draws_one_key(own: Issuer):
    again = prepare_own_issuer(by=the_shell())

    assert again.pk == own.pk
    assert SigningKey.objects.count() == 1
    assert own.keys == published_keys()
    assert AuditEntry.objects.filter(event_code="ST-105").count() == 1


def test_a_new_key_is_published_before_it_signs_and_the_old_one_signs_till_then(own: Issuer):
    old = current_key()

    new = rotate_key(own, by=the_shell())

    assert kids() == [old.kid, new.kid]
    assert current_key() == old
    with time_machine.travel(timezone.now() + PUBLISHED_AHEAD + timedelta(seconds=1)):
        assert current_key() == new
        assert kids() == [old.kid, new.kid]


def test_an_old_key_goes_when_nothing_it_signed_can_be_alive(own: Issuer):
    new = rotate_key(own, by=the_shell())

    with time_machine.travel(timezone.now() + PUBLISHED_AHEAD + PUBLISHED_AFTER + timedelta(seconds=1)):
        rotate_own_key(by=the_clock())
        own.refresh_from_db()

        assert kids() == [new.kid]
        assert own.keys == published_keys()


def test_rotating_while_a_key_waits_for_its_turn_draws_no_other(own: Issuer):
    assert rotate_key(own, by=the_shell()) == rotate_key(own, by=the_shell())


def test_the_clock_rotates_after_ninety_days_and_not_before(own: Issuer):
    assert not rotate_own_key(by=the_clock())

    SigningKey.objects.update(signs_from=timezone.now() - timedelta(days=91))

    assert rotate_own_key(by=the_clock())
    assert SigningKey.objects.count() == 2


def test_tokens_of_both_keys_are_good_during_the_overlap(own: Issuer, ines: User):
    app = an_app()
    before = app.sign_in(ines).access_token
    SigningKey.objects.filter(pk=rotate_key(own, by=the_shell()).pk).update(signs_from=timezone.now())
    clear_profiles()

    after = app.sign_in(ines).access_token

    assert [verdict_on(token).outcome for token in (before, after)] == [Outcome.ALLOWED] * 2


def test_the_issuer_follows_the_address_of_the_installation(own: Issuer, settings: object):
    settings.BASE_URL = "https://curfew.northwind.example"  # type: ignore[attr-defined]  # a fixture's

    assert prepare_own_issuer(by=the_shell()).iss == "https://curfew.northwind.example"
    assert Issuer.objects.filter(preset="curfew").count() == 1
