"""A real-shaped token of every preset: allowed before, refused after, though its application was never seen."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sessions_app.blacklist.presets import PRESETS
from sessions_app.models import Issuer, Session, User
from tests.factories import a_person, a_realm, an_identity, an_issuer, verdict_on
from tests.issuers.real_shapes import SHAPES, Shape, authentik, entra, keycloak, okta
from tests.sessions_app.doors.machines import Machine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("open_gate")]


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def trusted(preset: str, shape: Shape) -> Issuer:
    """The issuer as an Admin sets it up: the preset, and on top its keys, its name and our audience."""
    realm = a_realm(preset)
    fields = {name: "" if value is None else value for name, value in PRESETS[preset].items()}
    audience = shape.claims["aud"]
    return an_issuer(
        shape.claims["iss"],
        realm=realm,
        preset=preset,
        keys={"keys": [{**RSAAlgorithm.to_jwk(key().public_key(), as_dict=True), "kid": "k1", "use": "sig"}]},
        audiences=[audience] if isinstance(audience, str) else audience[:1],
        **fields,
    )


def signed(shape: Shape) -> str:
    return jwt.encode(shape.claims, key(), algorithm="RS256", headers={**shape.header, "kid": "k1"})


def known(preset: str, shape: Shape) -> User:
    person = a_person("ines", realm="elsewhere")
    an_identity(person, realm=preset, person_id=shape.person_id)
    return person


@pytest.mark.parametrize("reason", ["offboarding", "role_change"])
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_token_of_an_application_nobody_ever_saw_is_refused_after_terminate_now(preset: str, reason: str):
    shape = SHAPES[preset]()
    trusted(preset, shape)
    known(preset, shape)
    token = signed(shape)
    assert verdict_on(token).outcome == "allowed", verdict_on(token)
    assert not Session.objects.exists()

    answer = Machine().post("/revocations", {"person": {"username": "ines"}, "reason": reason})

    assert (answer.status_code, answer.json()["state"]) == (201, "cut_off")
    verdict = verdict_on(token)
    assert (verdict.outcome, verdict.receipt) == ("revoked", answer.json()["receipt"])


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_somebody_elses_token_of_the_same_issuer_stays_good(preset: str):
    shape = SHAPES[preset]()
    trusted(preset, shape)
    known(preset, shape)
    other = signed(shape._replace(claims={**shape.claims, PRESETS[preset]["person_claim"]: "somebody-else"}))

    Machine().post("/revocations", {"person": {"username": "ines"}, "reason": "offboarding"})

    assert verdict_on(other).outcome == "allowed"


def test_every_preset_has_a_real_shape():
    assert set(SHAPES) == set(PRESETS)


def judged(preset: str, shape: Shape) -> Any:
    trusted(preset, shape)
    return verdict_on(signed(shape))


def test_an_okta_clients_own_token_is_the_clients():
    shape = okta(sub="0oa2hl2inow5Uqc6c357")
    kept = {name: value for name, value in shape.claims.items() if name not in ("uid", "auth_time")}

    verdict = judged("okta", shape._replace(claims=kept))

    assert verdict.outcome == "allowed"
    assert verdict.claims.person == "0oa2hl2inow5Uqc6c357"


@pytest.mark.parametrize(("amr", "proved"), [(["pwd", "mfa"], True), (["pwd"], False), (None, False)])
def test_authentik_proves_a_second_factor_in_amr(amr: list[str] | None, proved: bool):
    assert judged("authentik", authentik(amr=amr)).claims.second_factor is proved


def test_entra_with_too_many_groups_says_nothing_about_them():
    shape = entra(
        _claim_names={"groups": "src1"}, _claim_sources={"src1": {"endpoint": "https://graph.example"}}
    )
    del shape.claims["groups"]

    assert judged("entra", shape).claims.entitlements is None


def test_entra_with_few_groups_names_them_and_the_roles():
    assert judged("entra", entra()).claims.entitlements == (
        "Billing.Read",
        "3e8c1f0a-52b7-4d7e-9b54-6f6e1f1c1d11",
    )


def test_keycloak_roles_lie_inside_an_object():
    assert "offline_access" in judged("keycloak", keycloak()).claims.entitlements


@pytest.mark.parametrize("kind", ["ID", "Refresh", "Offline"])
def test_keycloaks_other_tokens_are_no_access_tokens(kind: str):
    assert judged("keycloak", keycloak(typ=kind)).cause == "typ"
