"""Issuers' keys by address: rotated, kept while the address is dead, never believed for ever."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.utils import timezone

from audit.events import Events
from audit.initiators import the_clock
from audit.models import AuditEntry
from sessions_app.blacklist.guard import Guard, load_profiles
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.verdict import Verdict
from sessions_app.models import Issuer, User
from sessions_app.models.leases import Lease
from sessions_app.revocation.connections import blacklist_reader
from sessions_app.scheduled.clock import Clock
from sessions_app.tokens import profiles as module
from sessions_app.tokens.issuer_keys import KeyFetching, fetch_all_keys, fetch_keys, keys_problem
from sessions_app.tokens.profiles import clear_profiles, guard_configuration, token_guard
from tests.factories import AUDIENCE, ISS, a_person, an_issuer, identity_of, public_jwk, signing_key
from tests.key_server import KeyServer, running_key_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("open_gate")]

NEW_KEY = ec.generate_private_key(ec.SECP256R1())
OLD = public_jwk(kid="old")
NEW = public_jwk(NEW_KEY, kid="new")


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with running_key_server({"keys": [OLD]}) as server:
        yield server


@pytest.fixture
def issuer(server: KeyServer) -> Issuer:
    """Northwind's issuer, its keys fetched once."""
    row = an_issuer()
    Issuer.objects.filter(pk=row.pk).update(jwks_uri=server.url, allow_private_jwks=True, keys={})
    return fetched(row)


@pytest.fixture
def dana(issuer: Issuer) -> User:
    return a_person("dana")


def fetched_elsewhere(issuer: Issuer) -> None:
    """In a thread of its own, whose connection nobody else would close."""
    try:
        fetched(issuer)
    finally:
        connection.close()


def fetched(issuer: Issuer) -> Issuer:
    row = fetch_keys(issuer.pk, by=the_clock())
    clear_profiles()
    return row


def signed_by(key: ec.EllipticCurvePrivateKey, key_id: str, person: User, **header: Any) -> str:
    now = int(timezone.now().timestamp())
    claims = {
        "iss": ISS, "sub": identity_of(person).person_id, "aud": AUDIENCE, "iat": now, "exp": now + 300,
        "jti": f"token-{key_id}", "sid": "s-1", "auth_time": now,
    }  # fmt: skip
    return jwt.encode(claims, key, algorithm="ES256", headers={"typ": "at+jwt", "kid": key_id, **header})


@pytest.fixture(autouse=True)
def key_fetching(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has looked for nobody's keys in the last minute."""
    monkeypatch.setattr(module, "key_fetching", KeyFetching(on_fetched=clear_profiles))


def verdict_on(token: str) -> Verdict:
    """The guard's answer, and what it set going is over: the tests' database takes one at a time."""
    verdict = token_guard().check(token)
    wait_for_fetching()
    return verdict


def wait_for_fetching() -> None:
    for thread in threading.enumerate():
        if thread.name == "issuers' keys":
            thread.join(10)


def test_fetched_keys_are_the_keys_of_every_guard(issuer: Issuer, dana: User) -> None:
    token = signed_by(signing_key(), "old", dana)

    assert verdict_on(token).outcome == "allowed"
    published = {profile["issuer"]: profile["keys"] for profile in guard_configuration()["issuers"]}
    assert published[ISS] == {"keys": [OLD]}
    assert (issuer.keys_error, issuer.keys_fetched_at is None) == ("", False)


def test_a_new_key_is_accepted_and_a_removed_one_refused_at_the_next_fetch(
    issuer: Issuer, dana: User, server: KeyServer
) -> None:
    old, new = signed_by(signing_key(), "old", dana), signed_by(NEW_KEY, "new", dana)
    assert (verdict_on(old).outcome, verdict_on(new).outcome) == ("allowed", "invalid")

    server.answer = {"keys": [NEW]}
    fetched(issuer)

    assert (verdict_on(old).outcome, verdict_on(new).outcome) == ("invalid", "allowed")


def test_other_keys_are_an_entry_and_the_same_keys_are_none(issuer: Issuer, server: KeyServer) -> None:
    server.answer = {"keys": [NEW, OLD]}
    fetched(issuer)
    server.answer = {"keys": [OLD, NEW]}
    fetched(issuer)

    entries = AuditEntry.objects.filter(event_code=Events.ISSUER_KEYS_CHANGED.code).order_by("id")
    assert [(entry.details["added"], entry.details["removed"]) for entry in entries] == [(1, 0), (1, 0)]


def test_only_what_a_key_is_made_of_is_kept(issuer: Issuer, server: KeyServer) -> None:
    server.answer = {"keys": [{**NEW, "x5c": ["MIIB"], "x5u": "https://evil.example"}], "more": 1}

    assert fetched(issuer).keys == {"keys": [NEW]}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ([], "no_set"),
        ({}, "no_set"),
        ({"keys": 7}, "no_set"),
        ({"keys": ["x"]}, "no_set"),
        ({"keys": []}, "no_usable_key"),
        ({"keys": [{**NEW, "use": "enc"}]}, "no_usable_key"),
        ({"keys": [{**NEW, "x": "AAAA"}]}, "no_usable_key"),
        ({"keys": [NEW, {**NEW, "d": "secret"}]}, "private_key"),
        ({"keys": [NEW, {"kty": "oct", "k": "c2VjcmV0"}]}, "private_key"),
        (b"<html>", "not_json"),
    ],
)
def test_a_set_that_cannot_be_used_changes_nothing_and_is_shown(
    answer: Any, error: str, issuer: Issuer, dana: User, server: KeyServer
) -> None:
    server.answer = answer

    row = fetched(issuer)

    assert (row.keys, row.keys_error) == ({"keys": [OLD]}, error)
    assert keys_problem(row)
    assert row.keys_fetched_at == issuer.keys_fetched_at
    assert verdict_on(signed_by(signing_key(), "old", dana)).outcome == "allowed"


def test_the_next_good_answer_takes_the_error_away(issuer: Issuer, server: KeyServer) -> None:
    server.status = 500
    assert fetched(issuer).keys_error == "status"
    server.status = 200

    assert fetched(issuer).keys_error == ""


# --- A dead address -------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "outcome"), [(22, "allowed"), (24, "unknown"), (900, "unknown")])
def test_the_last_good_keys_stay_for_a_day_and_then_nothing_is_known(
    hours: int, outcome: str, issuer: Issuer, dana: User
) -> None:
    token, then = signed_by(signing_key(), "old", dana), timezone.now() - timedelta(hours=hours)
    assert verdict_on(token).outcome == "allowed"

    Issuer.objects.update(keys_fetched_at=then)
    clear_profiles()

    assert verdict_on(token).outcome == outcome


def test_an_address_that_never_answered_opens_nothing(dana: User, issuer: Issuer) -> None:
    Issuer.objects.update(keys={}, keys_fetched_at=None, jwks_uri="http://127.0.0.1:1/")

    row = fetched(issuer)

    assert row.keys_error == "no_connection"
    assert verdict_on(signed_by(signing_key(), "old", dana)).cause == "unavailable:KeysTooOld"


def test_a_service_with_an_old_guard_file_knows_nothing_either(
    issuer: Issuer, dana: User, tmp_path: Any, settings: Any
) -> None:
    Issuer.objects.update(keys_fetched_at=timezone.now() - timedelta(hours=25))
    file = tmp_path / "guard.json"
    file.write_text(json.dumps(guard_configuration()))
    reader = BlacklistReader(settings.REDIS_URL, settings.CURFEW_ENV)

    verdict = Guard(reader, load_profiles(file)).check(signed_by(signing_key(), "old", dana))

    reader.close()
    assert verdict.outcome == "unknown"


def test_the_answer_of_an_address_that_was_changed_meanwhile_is_dropped(
    issuer: Issuer, server: KeyServer
) -> None:
    server.answer, server.delay_seconds = {"keys": [NEW]}, 0.5
    server.was_asked.clear()
    asking = threading.Thread(target=fetched_elsewhere, args=[issuer], name="asking")
    asking.start()
    assert server.was_asked.wait(5)
    Issuer.objects.update(jwks_uri="https://elsewhere.example/jwks")
    asking.join()

    issuer.refresh_from_db()
    assert issuer.keys == {"keys": [OLD]}


# --- When -----------------------------------------------------------------------------------------


def test_the_clock_fetches_without_waiting(issuer: Issuer, server: KeyServer) -> None:
    server.answer = {"keys": [NEW]}

    Lease.objects.all().delete()  # of the clock that opened the gate
    clock = Clock()
    assert clock.beat()
    clock.look_after()
    wait_for_fetching()

    issuer.refresh_from_db()
    assert issuer.keys == {"keys": [NEW]}


def test_one_dead_address_does_not_keep_the_others_from_being_fetched(
    issuer: Issuer, server: KeyServer
) -> None:
    dead = an_issuer("https://a-dead.example")
    Issuer.objects.filter(pk=dead.pk).update(jwks_uri="http://127.0.0.1:1/", allow_private_jwks=True)
    server.answer = {"keys": [NEW]}

    assert fetch_all_keys(by=the_clock()) == 2

    issuer.refresh_from_db()
    assert issuer.keys == {"keys": [NEW]}


def test_an_unknown_key_is_looked_for_once_a_minute(issuer: Issuer, dana: User, server: KeyServer) -> None:
    server.answer = {"keys": [OLD, NEW]}
    token = signed_by(NEW_KEY, "new", dana)
    asked = len(server.asked)

    assert verdict_on(token).cause == "unknown_key"
    assert verdict_on(token).outcome == "allowed"

    assert verdict_on(signed_by(NEW_KEY, "another", dana)).cause == "unknown_key"
    assert verdict_on(signed_by(NEW_KEY, "one more", dana)).cause == "unknown_key"
    assert len(server.asked) == asked + 1


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "kid"])
def test_no_address_in_a_token_is_ever_called(
    header: str, issuer: Issuer, dana: User, server: KeyServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}/jwks"
        brought: Any = {**NEW, "jku": address} if header == "jwk" else address

        verdict = verdict_on(signed_by(NEW_KEY, "new", dana, **{header: brought}))

        assert verdict.outcome == "invalid"
        with pytest.raises(TimeoutError):
            trap.accept()


def test_pasted_keys_are_never_fetched(dana: User, server: KeyServer, issuer: Issuer) -> None:
    Issuer.objects.update(jwks_uri="")
    clear_profiles()
    asked = len(server.asked)

    assert verdict_on(signed_by(NEW_KEY, "new", dana)).cause == "unknown_key"
    assert fetch_all_keys(by=the_clock()) == 0
    assert len(server.asked) == asked


def test_the_guard_that_looks_for_new_keys_is_the_one_everybody_asks() -> None:
    assert token_guard() is module._guard_on(blacklist_reader())
