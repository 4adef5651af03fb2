"""Signing keys: one at first, published ahead of use, rotated without a token that nobody can verify."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import jwt
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.issuers_file import load_profiles
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.errors import ReasonTooShort
from sessions_app.changes.signing_keys import withdraw_signing_key
from sessions_app.management.guard_file import guard_file
from sessions_app.models import Issuer, SigningKey, User
from sessions_app.revocation.connections import blacklist_reader
from sessions_app.tokens.own_issuer import prepare_own_issuer, rotate_own_key
from sessions_app.tokens.profiles import clear_profiles
from sessions_app.tokens.signing import (
    PUBLISHED_AFTER,
    PUBLISHED_AHEAD,
    current_key,
    published_keys,
    rotate_key,
)
from tests.factories import initiator_of, verdict_on
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


# --- A key that somebody else may have ------------------------------------------------------------


def withdraw(key: SigningKey, *, by: User) -> bool:
    return withdraw_signing_key(key, by=initiator_of(by), reason="its copy lay in a backup")


def test_what_a_withdrawn_key_signed_is_refused_and_a_new_sign_in_works(own: Issuer, ada: User, ines: User):
    app, key = an_app(), current_key()
    tokens = app.sign_in(ines)
    before = verdict_on(tokens.access_token).outcome

    withdraw(key, by=ada)

    assert (before, verdict_on(tokens.access_token).outcome) == (Outcome.ALLOWED, Outcome.INVALID)
    assert verdict_on(app.sign_in(ines).access_token).outcome is Outcome.ALLOWED


def test_people_stay_signed_in_their_next_token_is_signed_anew(own: Issuer, ada: User, ines: User):
    app, key = an_app(), current_key()
    tokens = app.sign_in(ines)

    withdraw(key, by=ada)
    refreshed = app.refresh(tokens.refresh_token).json()["access_token"]

    assert verdict_on(refreshed).outcome is Outcome.ALLOWED
    assert jwt.get_unverified_header(refreshed)["kid"] != key.kid


def test_a_withdrawn_key_is_out_of_the_published_set_at_once_and_another_signs(own: Issuer, ada: User):
    key = current_key()

    withdraw(key, by=ada)

    own.refresh_from_db()
    assert kids() == [current_key().kid] != [key.kid]
    assert own.keys == published_keys()
    assert Client().get("/oauth/jwks").json() == published_keys()


def test_a_guard_elsewhere_refuses_it_once_its_file_is_written_anew(
    own: Issuer, ada: User, ines: User, tmp_path: Path
):
    path = tmp_path / "issuers.json"
    path.write_text(guard_file())
    elsewhere = Guard(blacklist_reader(), load_profiles(path))
    token, key = an_app().sign_in(ines).access_token, current_key()
    path.write_text(guard_file())
    before = elsewhere.check(token).outcome

    withdraw(key, by=ada)
    path.write_text(guard_file())

    assert (before, elsewhere.check(token).outcome) == (Outcome.ALLOWED, Outcome.INVALID)


def test_where_a_key_waits_for_its_turn_it_begins_at_once(own: Issuer, ada: User):
    old, waiting = current_key(), rotate_key(own, by=the_shell())

    withdraw(old, by=ada)

    assert current_key() == waiting
    assert kids() == [waiting.kid]
    assert SigningKey.objects.count() == 2


def test_a_waiting_key_is_replaced_and_the_one_that_signs_goes_on_until_then(own: Issuer, ada: User):
    signing, waiting = current_key(), rotate_key(own, by=the_shell())

    withdraw(waiting, by=ada)

    drawn = SigningKey.objects.get(published_until=None)
    signing.refresh_from_db()
    assert current_key() == signing
    assert kids() == [signing.kid, drawn.kid]
    assert signing.published_until == drawn.signs_from + PUBLISHED_AFTER
    with time_machine.travel(drawn.signs_from + timedelta(seconds=1)):
        assert current_key() == drawn


def test_a_key_that_signs_no_more_is_withdrawn_alone(own: Issuer, ada: User):
    old, new = current_key(), rotate_key(own, by=the_shell())

    with time_machine.travel(timezone.now() + PUBLISHED_AHEAD + timedelta(seconds=1)):
        withdraw(old, by=ada)

        assert kids() == [new.kid]
        assert current_key() == new
    assert SigningKey.objects.count() == 2


def test_withdrawing_twice_is_one_withdrawal(own: Issuer, ada: User):
    key = current_key()

    done = [withdraw(key, by=ada), withdraw(key, by=ada)]

    assert done == [True, False]
    entry = AuditEntry.objects.get(event_code="ST-109")
    assert (entry.target_id, entry.initiator_id) == (key.kid, str(ada.pk))
    assert entry.subjects.get(kind="note").value == "its copy lay in a backup"


def test_a_withdrawal_needs_a_reason(own: Issuer, ada: User):
    with pytest.raises(ReasonTooShort):
        withdraw_signing_key(current_key(), by=initiator_of(ada), reason="  x ")

    assert kids() == [current_key().kid]
    assert not AuditEntry.objects.filter(event_code="ST-109").exists()


def test_the_clock_rotates_after_a_withdrawal_as_ever(own: Issuer, ada: User):
    withdraw(current_key(), by=ada)

    assert not rotate_own_key(by=the_clock())
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert rotate_own_key(by=the_clock())
