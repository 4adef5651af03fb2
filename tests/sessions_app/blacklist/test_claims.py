"""Reading genuine tokens: which claim is read as what, for every kind of issuer."""

import hashlib
from contextlib import suppress
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.blacklist import claims as module
from sessions_app.blacklist.claims import PRESETS, InvalidToken, IssuerProfile, explain, verify
from sessions_app.blacklist.dates import project_end_ms
from sessions_app.blacklist.signatures import SignatureCache
from tests.sessions_app.blacklist.issuer import (
    AUDIENCE,
    HEADER,
    ISS,
    NOW,
    NOW_MS,
    a_profile,
    a_token,
    claims,
    ec_jwk,
    rsa_jwk,
    rsa_key,
    signed,
    trusting,
    without,
)

FOREIGN = {"session_claim": None, "started_from": "iat"}


def test_a_token_is_read_in_our_words() -> None:
    found = verify(a_token(), trusting(), NOW_MS)

    assert (found.issuer, found.realm, found.person) == (ISS, "northwind", "ines")
    assert (found.token_id, found.sid, found.audiences) == ("token-1", "session-1", (AUDIENCE,))
    assert (found.started_ms, found.issued_ms, found.expires_ms) == (
        NOW_MS - 60_000,
        NOW_MS,
        NOW_MS + 3_000_000,
    )
    assert found.project_end_ms is None
    assert found.raw["jti"] == "token-1"


def test_a_claim_the_issuer_lacks_is_never_asked_for() -> None:
    found = verify(without("sid"), trusting(a_profile(**FOREIGN)), NOW_MS)

    assert found.sid is None
    assert found.started_ms == found.issued_ms


def test_a_token_without_an_id_is_known_by_its_sha256() -> None:
    profile = a_profile(token_claim=None, algorithms=("EdDSA", "RS256"), keys={"keys": [rsa_jwk()]})
    token = jwt.encode(claims(), rsa_key(), algorithm="RS256", headers={"typ": "at+jwt", "kid": "rsa-1"})

    assert verify(token, trusting(profile), NOW_MS).token_id == hashlib.sha256(token.encode()).hexdigest()


def test_a_token_without_a_person_is_its_clients() -> None:
    payload = {name: value for name, value in claims(client_id="robot").items() if name not in ("sub", "sid")}
    del payload["auth_time"]

    found = verify(signed(HEADER, payload), trusting(a_profile(client_claim="client_id")), NOW_MS)

    assert (found.person, found.sid, found.started_ms) == ("robot", None, NOW_MS)


def test_a_token_whose_person_is_its_client_is_a_machines() -> None:
    payload = claims(sub="robot", client_id="robot")
    del payload["auth_time"]

    assert (
        verify(signed(HEADER, payload), trusting(a_profile(client_claim="client_id")), NOW_MS).person
        == "robot"
    )


def test_a_persons_token_names_a_client_and_is_still_the_persons() -> None:
    found = verify(a_token(client_id="wiki"), trusting(a_profile(client_claim="client_id")), NOW_MS)

    assert (found.person, found.started_ms) == ("ines", NOW_MS - 60_000)


@pytest.mark.parametrize(
    ("amr", "proved"),
    [
        (["pwd", "otp"], True),
        ("otp", True),
        (["pwd"], False),
        ([], False),
        (None, False),
        (7, False),
        ([["otp"]], False),
    ],
)
def test_a_second_factor_is_what_the_profile_says_proves_one(amr: object, proved: bool) -> None:
    profile = a_profile(second_factor_claim="amr", second_factor_values=("otp", "hwk"))

    assert verify(signed(HEADER, claims(amr=amr)), trusting(profile), NOW_MS).second_factor is proved


def test_beside_iat_a_proof_may_be_an_old_one_that_a_refresh_handed_on() -> None:
    profile = a_profile(**FOREIGN, second_factor_claim="amr", second_factor_values=("otp",))

    assert verify(a_token(amr=["pwd", "otp"]), trusting(profile), NOW_MS).second_factor is False


def test_the_clock_allowance_forgives_both_ways() -> None:
    profile = trusting(a_profile(clock_allowance_seconds=5))

    assert verify(a_token(iat=NOW - 60, exp=NOW - 4), profile, NOW_MS)
    assert verify(a_token(iat=NOW + 5, nbf=NOW + 5, auth_time=NOW + 5), profile, NOW_MS)


def test_several_audiences_are_fine_if_one_is_ours() -> None:
    assert verify(a_token(aud=["x", AUDIENCE]), trusting(), NOW_MS).audiences == ("x", AUDIENCE)


# --- The end of a project -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        (1_767_225_600, 1_767_225_600_000),
        (1_767_225_600.5, 1_767_225_600_500),
        (0, 0),
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01T00:00Z", 1_767_225_600_000),
        ("2026-01-01T01:00:00+01:00", 1_767_225_600_000),
        ("2025-12-31T19:00:00.250-05:00", 1_767_225_600_250),
        ("2025-12-31", 1_767_225_600_000),
        ("2024-02-29", 1_709_251_200_000),
    ],
)
def test_a_project_end_is_read(written: object, ms: int) -> None:
    assert project_end_ms(written) == ms


@pytest.mark.parametrize(
    "written",
    [
        None, True, False, "", " ", "2026", "2026-01", "20260101", "2026-W01-1", "2026-13-01", "2025-02-29",
        "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+25:00",
        "2026-01-01Z", "\u0662\u0660\u0662\u0666-01-01", "2026-01-01\n", "9999-12-31", -1, 1_767_225_600_000,
        10**400, float("nan"), float("inf"), [], {}, [1_767_225_600],
    ],
)  # fmt: skip
def test_a_project_end_that_cannot_be_read_is_never_no_end(written: object) -> None:
    with pytest.raises(InvalidToken) as refused:
        project_end_ms(written)

    assert refused.value.cause == "project_end_date"


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_a_project_end_is_a_moment_or_invalid(written: object) -> None:
    with suppress(InvalidToken):
        assert abs(project_end_ms(written)) < 10**15


# --- Remembered signatures ------------------------------------------------------------------------


@pytest.fixture
def signatures(monkeypatch: pytest.MonkeyPatch) -> SignatureCache:
    cache = SignatureCache(size=2)
    monkeypatch.setattr(module, "_signatures", cache)
    return cache


def test_a_remembered_signature_counts_only_under_the_same_profile(signatures: SignatureCache) -> None:
    token = a_token()
    verify(token, trusting(), NOW_MS)

    with pytest.raises(InvalidToken, match="unknown_key"):
        verify(token, trusting(a_profile(keys={"keys": [ec_jwk("ec-2")]})), NOW_MS)
    with pytest.raises(InvalidToken, match="unknown_issuer"):
        verify(token, {}, NOW_MS)


def test_a_remembered_signature_survives_an_equal_profile(signatures: SignatureCache) -> None:
    token = a_token()
    verify(token, trusting(), NOW_MS)
    verify(token, trusting(), NOW_MS)

    assert len(signatures) == 1


def test_a_remembered_token_still_expires_and_is_forgotten(signatures: SignatureCache) -> None:
    token = a_token()
    verify(token, trusting(), NOW_MS)

    with pytest.raises(InvalidToken, match="expired"):
        verify(token, trusting(), NOW_MS + 3_000_000)
    assert len(signatures) == 0


def test_only_a_bounded_number_is_remembered_and_nothing_forged(signatures: SignatureCache) -> None:
    for number in range(5):
        verify(a_token(jti=f"t{number}"), trusting(), NOW_MS)
    with pytest.raises(InvalidToken):
        verify(a_token()[:-4] + "AAAA", trusting(), NOW_MS)

    assert len(signatures) == 2


# --- Presets and explanations ---------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_makes_a_profile_that_survives_json(name: str) -> None:
    profile = IssuerProfile.from_json(
        {**PRESETS[name], "issuer": ISS, "realm": "r", "keys": {"keys": [rsa_jwk()]}, "audiences": [AUDIENCE]}
    )

    assert IssuerProfile.from_json(profile.to_json()) == profile


def test_all_promised_presets_exist() -> None:
    assert set(PRESETS) == {"okta", "entra", "keycloak", "authentik", "google", "auth0"}


def test_an_explanation_says_what_was_read_as_what() -> None:
    rows = {row.read_as: row for row in explain(a_token(), trusting(), NOW_MS)}

    assert (rows["person"].claim, rows["person"].value) == ("sub", "ines")
    assert (rows["session"].claim, rows["session"].value) == ("sid", "session-1")
    assert (rows["token"].value, rows["realm"].value) == ("accepted", "northwind")


def test_an_explanation_of_a_bad_token_ends_with_the_reason() -> None:
    last = explain(without("sid"), trusting(), NOW_MS)[-1]

    assert last.value == "INVALID"
    assert last.remark.startswith("missing_claim")


def read_as(reading: str, token: str, **profile: Any) -> list[tuple[str, str, str]]:
    rows = explain(token, trusting(a_profile(**profile)), NOW_MS)
    return [(row.claim, row.value, row.remark) for row in rows if row.read_as == reading]


@pytest.mark.parametrize(("amr", "remark"), [(["otp"], "proved"), (["pwd"], "not proved")])
def test_an_explanation_says_whether_a_second_factor_is_proved(amr: list[str], remark: str) -> None:
    found = read_as(
        "second factor", a_token(amr=amr), second_factor_claim="amr", second_factor_values=("otp",)
    )

    assert found == [("amr", str(amr), remark)]


def test_an_explanation_says_why_a_proof_beside_iat_is_none() -> None:
    found = read_as(
        "second factor",
        a_token(amr=["otp"]),
        **FOREIGN,
        second_factor_claim="amr",
        second_factor_values=("otp",),
    )

    assert found == [("amr", "['otp']", "a refresh renews iat and keeps an old proof, so it proves nothing")]


def test_an_explanation_lists_groups_and_roles_claim_by_claim() -> None:
    token = a_token(realm_access={"roles": ["admin"]})

    assert read_as("groups and roles", token, entitlement_claims=("realm_access.roles", "groups")) == [
        ("realm_access.roles", "['admin']", ""),
        ("groups", "", "not in this token"),
    ]


def test_an_explanation_says_when_groups_and_roles_cannot_be_compared() -> None:
    elsewhere = a_token(_claim_names={"groups": "src1"})

    assert "not compared" in read_as("groups and roles", elsewhere, entitlement_claims=("groups",))[0][2]
    assert "not compared" in read_as("groups and roles", a_token())[0][2]


def test_an_explanation_says_that_keys_are_too_old() -> None:
    last = explain(a_token(), trusting(a_profile(keys_good_until_ms=0)), NOW_MS)[-1]

    assert (last.value, last.remark) == ("UNKNOWN", "the issuer's keys could not be fetched for too long")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800"])
def test_an_explanation_of_nonsense_is_one_line(token: str) -> None:
    assert [row.value for row in explain(token, trusting(), NOW_MS)] == ["INVALID"]
