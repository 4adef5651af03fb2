"""Saving issuers, applications and enforcement points."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from audit.initiators import the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.configuration import (
    realm_for,
    save_application,
    save_enforcement_point,
    save_issuer,
)
from sessions_app.changes.errors import RealmIsFixed, ValuesRefused
from sessions_app.models import Application, BlacklistEntry, EnforcementPoint, Issuer, User
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import AUDIENCE, initiator_of, open_session, public_jwk, token_for, verdict_on
from tests.redis_server import EmbeddedRedis

pytestmark = pytest.mark.django_db


def draft(**fields: Any) -> Issuer:
    usual = {
        "iss": "https://new.example",
        "name": "New",
        "realm": realm_for("new", by=the_shell()),
        "keys": {"keys": [public_jwk()]},
        "algorithms": ["ES256"],
        "audiences": [AUDIENCE],
        "typ": ["at+jwt"],
    }
    return Issuer(**{**usual, **fields})


def small_rsa_jwk() -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # too weak on purpose
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)


def private_jwk() -> dict[str, Any]:
    return ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)


def test_tokens_of_a_saved_issuer_are_accepted_at_once(
    open_gate: EmbeddedRedis, ines: User, ada: User
) -> None:
    token = token_for(ines, iss="https://new.example")
    assert verdict_on(token).cause == "unknown_issuer"

    save_issuer(draft(), by=initiator_of(ada))

    assert verdict_on(token).outcome is Outcome.ALLOWED
    assert AuditEntry.objects.filter(event_code="ST-101").count() == 1
    assert AuditEntry.objects.filter(
        event_code="CH-001", target_kind="issuer", initiator_id=str(ada.pk)
    ).exists()


def test_a_key_that_is_taken_away_takes_effect_at_once(
    open_gate: EmbeddedRedis, issuer: Issuer, ines: User, ada: User
) -> None:
    token = token_for(ines)
    assert verdict_on(token).outcome is Outcome.ALLOWED
    issuer.keys = {"keys": [public_jwk(ec.generate_private_key(ec.SECP256R1()), kid="new")]}

    save_issuer(issuer, by=initiator_of(ada))

    assert verdict_on(token).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"keys": {"keys": [private_jwk()]}}, "keys"),
        ({"keys": private_jwk()}, "keys"),
        ({"keys": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "keys"),
        ({"keys": {"keys": [public_jwk(), {"kty": "RSA", "n": "x", "e": "AQAB", "p": "y"}]}}, "keys"),
        ({"keys": {"keys": []}}, "keys"),
        ({"keys": {"keys": [{"kty": "EC", "crv": "P-256", "x": "?", "y": "?"}]}}, "keys"),
        ({"keys": {"keys": [small_rsa_jwk()]}, "algorithms": ["RS256"]}, "keys"),
        ({"keys": "not a key set"}, "keys"),
        ({"algorithms": ["RS256"]}, "keys"),
        ({"algorithms": ["none"]}, "keys"),
        ({"algorithms": ["HS256"]}, "keys"),
        ({"algorithms": "ES256"}, "algorithms"),
        ({"audiences": []}, "audiences"),
        ({"audiences": AUDIENCE}, "audiences"),
        ({"audiences": [1]}, "audiences"),
        ({"iss": "urn:curfew:portal:test"}, "iss"),
        ({"iss": "https://login.northwind.example"}, "iss"),
        ({"iss": " https://new.example"}, "iss"),
        ({"iss": ""}, "iss"),
        ({"name": ""}, "name"),
        ({"started_from": "whenever"}, "started_from"),
    ],
)
def test_an_issuer_that_would_accept_what_it_must_not_is_refused(
    issuer: Issuer, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValuesRefused) as refused:
        save_issuer(draft(**fields), by=the_shell())

    assert field in [name for name, _sentence in refused.value.problems]
    assert Issuer.objects.count() == 1


def test_a_private_key_is_never_repeated() -> None:
    jwk = private_jwk()

    with pytest.raises(ValuesRefused) as refused:
        save_issuer(draft(keys={"keys": [jwk]}), by=the_shell())

    assert jwk["d"] not in str(refused.value)


def test_the_realm_of_known_sessions_cannot_change(issuer: Issuer, ines: User) -> None:
    open_session(ines)
    issuer.realm = realm_for("somewhere-else", by=the_shell())

    with pytest.raises(RealmIsFixed):
        save_issuer(issuer, by=the_shell())


def test_curfews_own_realm_cannot_be_used() -> None:
    with pytest.raises(ValuesRefused):
        realm_for("urn:curfew:portal:test", by=the_shell())


@pytest.mark.django_db(transaction=True)
def test_when_sessions_may_live_longer_what_ended_them_does_too(
    open_gate: EmbeddedRedis, issuer: Issuer, ines: User, ivan: User
) -> None:
    revoke(
        Order(
            initiator=initiator_of(ivan),
            reason=Reason.ROLE_CHANGE,
            scope=OneUser(user_id=ines.pk),
            received_at=database_now(),
        )
    )
    before = BlacklistEntry.objects.get()
    issuer.max_session_seconds += 3600

    save_issuer(issuer, by=the_shell())

    after = BlacklistEntry.objects.get()
    assert after.expires_at_ms == before.expires_at_ms + 3_600_000
    assert after.published_revision == after.revision
    with open_gate.client() as client:
        (left_ms,) = [client.pttl(key) for key in client.scan_iter("cf1:test:*:u:*")]
    assert left_ms > after.expires_at_ms - to_milliseconds(database_now()) - 1000


def test_an_application_and_a_point_are_saved_with_what_changed(ada: User, wiki: Application) -> None:
    wiki.cache_seconds = 30

    save_application(wiki, by=initiator_of(ada))
    save_enforcement_point(EnforcementPoint(name="gateway", audiences=[AUDIENCE]), by=initiator_of(ada))

    assert AuditEntry.objects.filter(event_code="CH-002", target_kind="application").count() == 1
    assert AuditEntry.objects.filter(event_code__in=["ST-102", "ST-103"]).count() == 2


def test_a_point_with_a_name_no_address_can_carry_is_refused() -> None:
    with pytest.raises(ValuesRefused):
        save_enforcement_point(EnforcementPoint(name="a b/../c"), by=the_shell())
    with pytest.raises(ValuesRefused):
        save_enforcement_point(EnforcementPoint(name="ok", audiences="all"), by=the_shell())


def test_what_is_refused_leaves_no_entry(wiki: Application) -> None:
    with pytest.raises(ValuesRefused):
        save_application(Application(key="wiki", name="Another"), by=the_shell())

    assert not AuditEntry.objects.filter(event_code="ST-102").exists()
