"""The issuer profiles of this process: fresh enough, never waited for, never lost with SQL."""

from __future__ import annotations

import threading
import time
from unittest import mock

import pytest
from django.db import OperationalError

from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Issuer, User
from sessions_app.tokens import profiles as module
from sessions_app.tokens.kept import Kept
from sessions_app.tokens.profiles import (
    Profiles,
    guard_configuration,
    keeping_profiles,
    profiles,
    token_guard,
)
from tests.factories import ISS, an_issuer, token_for

pytestmark = pytest.mark.django_db


def renewed(kept: Kept[Profiles]) -> None:
    """Look while the mapping is old, and wait for the thread that renews it."""
    kept._read_at = time.monotonic() - 60
    kept()
    for thread in threading.enumerate():
        if thread.name == "issuer profiles":
            thread.join(5)


def test_the_first_look_reads_and_the_next_ones_do_not(issuer: Issuer) -> None:
    first = profiles()

    with mock.patch.object(module, "read_profiles", side_effect=AssertionError):
        assert profiles() is first
    assert list(first) == [ISS]


def test_while_sql_is_away_the_last_profiles_stay_and_that_is_logged_once(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keeping_profiles()
    before = kept()

    with mock.patch.object(module, "read_profiles", side_effect=OperationalError("gone")):
        renewed(kept)
        renewed(kept)

    assert kept() is before
    assert len([entry for entry in caplog.records if "could not be read" in entry.message]) == 1


def test_nobody_waits_while_the_profiles_are_renewed(issuer: Issuer) -> None:
    kept, may_go_on = keeping_profiles(), threading.Event()
    before = kept()

    with mock.patch.object(module, "read_profiles", side_effect=lambda: (may_go_on.wait(5), {})[1]):
        kept._read_at = time.monotonic() - 60
        began = time.monotonic()
        answers = [kept(), kept()]
        waited = time.monotonic() - began
        may_go_on.set()
        renewed(kept)

    assert answers == [before, before]
    assert waited < 1


def test_where_no_thread_can_be_started_a_later_look_renews(issuer: Issuer) -> None:
    kept = keeping_profiles()
    before = kept()
    with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread")):
        kept._read_at = time.monotonic() - 60
        assert kept() is before

    with mock.patch.object(module, "read_profiles", return_value={}):
        renewed(kept)

    assert kept() == {}


def test_a_profile_that_did_not_change_stays_the_same_object_with_its_parsed_keys(issuer: Issuer) -> None:
    kept = keeping_profiles()
    before = kept()[ISS]
    same = issuer.profile()

    with mock.patch.object(module, "read_profiles", return_value={ISS: same}):
        renewed(kept)

    assert same is not before
    assert kept()[ISS] is before


def test_while_nothing_was_ever_read_the_guard_answers_unknown(ines: User) -> None:
    token = token_for(ines)

    with mock.patch.object(module, "read_profiles", side_effect=OperationalError):
        assert token_guard().check(token).outcome is Outcome.UNKNOWN


def test_a_broken_profile_and_our_own_issuer_are_left_out(issuer: Issuer) -> None:
    an_issuer("https://broken.example", algorithms=["none"])
    an_issuer("urn:curfew:portal:test", keys={}, algorithms=[])

    assert list(profiles()) == [ISS]


def test_the_exported_configuration_holds_public_keys_only(issuer: Issuer) -> None:
    configuration = guard_configuration()

    (exported,) = configuration["issuers"]
    assert (configuration["env"], exported["issuer"]) == ("test", ISS)
    assert "d" not in exported["keys"]["keys"][0]
