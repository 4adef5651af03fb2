"""Issuers on the page: presets, keys as people paste them, what is refused, and a token explained."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.events import Events
from audit.models import AuditEntry
from portal.pasted_keys import KeysRefused, PrivateKeyPasted, read_keys
from sessions_app.models import Issuer, Realm, UnmatchedSighting, User
from tests.factories import ISS, open_session, public_jwk, signing_key, token_for
from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def a_profile(**changes: Any) -> dict[str, Any]:
    """What a form for a second issuer would send."""
    return {
        "name": "Partner sign-in",
        "iss": "https://login.partner.example",
        "realm_key": "partner",
        "audiences": "https://api.northwind.example",
        "keys_text": json.dumps({"keys": [public_jwk()]}),
        "kid": "",
        "algorithms": ["ES256"],
        "typ": "at+jwt\nnone",
        "person_claim": "sub",
        "token_claim": "jti",
        "session_claim": "sid",
        "client_claim": "",
        "started_from": "auth_time",
        "max_token_seconds": "3600",
        "max_session_seconds": "86400",
        "clock_allowance_seconds": "5",
        "second_factor_claim": "",
        "second_factor_values": "",
        "preset": "",
        **changes,
    }


def private_pem() -> str:
    return signing_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Any = None) -> str:
    key = key or signing_key()
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_an_issuer_is_added_with_pasted_keys(ada: User):
    response = browser_of(ada).post("/settings/issuers/new/", a_profile())

    issuer = Issuer.objects.get(iss="https://login.partner.example")
    assert response.status_code == 303
    assert (issuer.realm.key, issuer.typ, issuer.algorithms) == ("partner", ["at+jwt", ""], ["ES256"])
    assert issuer.profile().verification_keys


def test_keys_come_from_a_file_too(ada: User):
    file = SimpleUploadedFile("keys.pem", public_pem().encode())

    response = browser_of(ada).post(
        "/settings/issuers/new/", a_profile(keys_text="", keys_file=file, kid="k1")
    )

    issuer = Issuer.objects.get(iss="https://login.partner.example")
    assert response.status_code == 303
    assert issuer.keys["keys"][0]["kid"] == "k1"


def test_a_preset_fills_in_what_is_known(ada: User):
    page = browser_of(ada).get("/settings/issuers/new/?preset=entra").content.decode()

    assert 'value="oid"' in page
    assert '<option value="iat" selected>' in page


def test_an_unknown_preset_is_an_empty_form(ada: User):
    assert browser_of(ada).get("/settings/issuers/new/?preset=%3Cb%3E").status_code == 200


def test_a_private_key_is_refused_and_not_sent_back(ada: User):
    private = json.dumps({"keys": [{**public_jwk(), "d": "c2VjcmV0LW51bWJlcg"}]})

    answers = [
        browser_of(ada).post("/settings/issuers/new/", a_profile(keys_text=keys))
        for keys in (private, private_pem())
    ]

    pages = "".join(answer.content.decode() for answer in answers)
    assert [answer.status_code for answer in answers] == [422, 422]
    assert pages.count("Paste public keys only") >= 2
    assert "c2VjcmV0LW51bWJlcg" not in pages
    assert "PRIVATE KEY-----" not in pages
    assert not Issuer.objects.filter(realm__key="partner").exists()


def test_a_refused_issuer_leaves_no_realm_behind(ada: User):
    browser_of(ada).post("/settings/issuers/new/", a_profile(keys_text='{"keys": []}'))

    assert not Realm.objects.filter(key="partner").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"keys_text": "hello"}, "neither a JSON Web Key Set"),
        ({"keys_text": ""}, "or choose a file of them"),
        ({"audiences": ""}, "This field is required"),
        ({"iss": "two  spaces"}, "letter by letter"),
        ({"realm_key": "urn:curfew:portal:x"}, "not Curfew"),
        ({"token_claim": ""}, "ECDSA needs a token claim"),
        ({"max_token_seconds": "-1"}, "greater than or equal to 0"),
    ],
    ids=["no keys", "empty", "no audience", "space", "our realm", "ecdsa without id", "negative"],
)
def test_a_wrong_profile_is_said_at_its_field(change: dict[str, str], sentence: str, ada: User):
    response = browser_of(ada).post("/settings/issuers/new/", a_profile(**change))

    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_a_file_larger_than_64_kib_is_refused(ada: User):
    file = SimpleUploadedFile("keys.json", b" " * (64 * 1024 + 1))

    response = browser_of(ada).post("/settings/issuers/new/", a_profile(keys_file=file))

    assert "larger than 64 KiB" in response.content.decode()


def test_the_realm_is_fixed_once_sessions_are_known(ada: User, ines: User, issuer: Issuer):
    open_session(ines)

    response = browser_of(ada).post(
        f"/settings/issuers/{issuer.pk}/", a_profile(iss=ISS, realm_key="elsewhere")
    )

    issuer.refresh_from_db()
    assert response.status_code == 422
    assert issuer.realm.key == "northwind"


def test_our_own_issuer_is_not_in_the_list_and_cannot_be_edited(ada: User):
    browser = browser_of(ada)
    own = Issuer.objects.get(iss__startswith="urn:curfew:portal:")

    assert own.iss not in browser.get("/settings/issuers/").content.decode()
    assert browser.get(f"/settings/issuers/{own.pk}/").status_code == 404


def test_it_may_look_and_has_no_button_to_change(ivan: User, issuer: Issuer):
    page = browser_of(ivan).get("/settings/issuers/").content.decode()

    assert issuer.name in page
    assert "/settings/issuers/new/" not in page
    assert f"/settings/issuers/{issuer.pk}/" not in page


# --- A token explained ------------------------------------------------------------------------------


def test_a_token_is_explained_and_never_comes_back(ivan: User, ines: User, caplog: pytest.LogCaptureFixture):
    token = token_for(ines)
    caplog.set_level(logging.DEBUG)

    response = browser_of(ivan).post("/settings/issuers/explain/", {"token": token})

    page = response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert "The guard allows it now" in page
    assert "nw-ines" in page
    assert token not in page
    assert token.split(".")[2] not in page + caplog.text


def test_that_somebody_had_a_token_explained_is_recorded_without_it(ivan: User, ines: User):
    token = token_for(ines)

    browser_of(ivan).post("/settings/issuers/explain/", {"token": token})

    entry = AuditEntry.objects.of_events(Events.TOKEN_EXPLAINED.code).get()
    assert entry.initiator_id == str(ivan.pk)
    assert token[:20] not in str(entry.additional_data)


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "é", "<script>alert(1)</script>", "a" * 16_000])
def test_rubbish_is_explained_as_not_valid(token: str, ivan: User):
    response = browser_of(ivan).post("/settings/issuers/explain/", {"token": token})

    assert response.status_code == 200
    assert "not valid" in response.content.decode()
    assert "<script>alert" not in response.content.decode()


def test_a_token_longer_than_any_is_refused_unread(ivan: User):
    assert browser_of(ivan).post("/settings/issuers/explain/", {"token": "a" * 20_000}).status_code == 422


# --- Files and lists --------------------------------------------------------------------------------


def test_the_guard_file_holds_public_keys_and_no_private_member(ivan: User, issuer: Issuer):
    response = browser_of(ivan).get("/settings/issuers/guard-configuration.json")

    found = response.json()
    assert "attachment" in response["Content-Disposition"]
    assert ISS in {profile["issuer"] for profile in found["issuers"]}
    assert not any("d" in key for profile in found["issuers"] for key in profile["keys"]["keys"])


def test_unmatched_sightings_are_listed_as_text(ada: User, issuer: Issuer):
    UnmatchedSighting.objects.create(
        realm=issuer.realm, person_id="<b>ghost</b>", sid="s-1", reported_by="<i>hook</i>", facts={}
    )

    page = browser_of(ada).get("/settings/unmatched/").content.decode()

    assert "&lt;b&gt;ghost&lt;/b&gt;" in page
    assert "<i>hook" not in page


# --- Pasted keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "EC"),
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "RSA"),
        (ed25519.Ed25519PrivateKey.generate(), "OKP"),
    ],
    ids=["ec", "rsa", "ed25519"],
)
def test_a_pem_key_becomes_a_web_key_with_its_thumbprint(key: Any, kind: str):
    (jwk,) = read_keys(public_pem(key))["keys"]

    assert jwk["kty"] == kind
    assert len(jwk["kid"]) == 43
    assert not {"d", "k"} & jwk.keys()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"keys": 3}', "-----BEGIN PUBLIC KEY-----", "[" * 100_000]
)
def test_what_is_no_key_is_refused(text: str):
    with pytest.raises(KeysRefused):
        read_keys(text)


@pytest.mark.parametrize(
    "key", [{"kty": "oct", "k": "AAAA"}, {"kty": "RSA", "n": "A", "e": "AQAB", "p": "B"}]
)
def test_a_secret_member_is_refused_wherever_it_stands(key: dict[str, str]):
    with pytest.raises(PrivateKeyPasted):
        read_keys(json.dumps(key))
