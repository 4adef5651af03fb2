"""Profiles of issuers: what contradicts itself, or would accept too much, is refused when it is made."""

import pytest

from sessions_app.blacklist.errors import InvalidProfile
from sessions_app.blacklist.profiles import IssuerProfile
from tests.sessions_app.blacklist.issuer import a_profile, ec_jwk, rsa_jwk


@pytest.mark.parametrize(
    "fields",
    [
        {"issuer": ""},
        {"realm": ""},
        {"person_claim": ""},
        {"token_claim": ""},
        {"session_claim": 7},
        {"algorithms": ()},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"algorithms": ("RS256", "nonsense")},
        {"algorithms": "RS256"},
        {"typ": "at+jwt"},
        {"started_from": "nbf"},
        {"max_token_seconds": 0},
        {"max_token_seconds": True},
        {"max_token_seconds": 1.5},
        {"clock_allowance_seconds": -1},
        {"keys": []},
        {"keys": {"keys": "none"}},
        {"keys": {"keys": [ec_jwk(d="secret")]}},
        {"keys": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        {"token_claim": None, "algorithms": ("ES256",)},
    ],
)
def test_a_profile_that_must_not_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidProfile):
        a_profile(**fields)


def test_a_profile_without_keys_trusts_no_token() -> None:
    assert a_profile(keys={}).verification_keys == ()


def test_keys_are_parsed_once() -> None:
    profile = a_profile()

    assert profile.verification_keys is profile.verification_keys


def test_keys_for_other_uses_are_left_out() -> None:
    unusable = [
        ec_jwk("enc", use="enc"),
        rsa_jwk("other", alg="RSA-OAEP"),
        {"kty": "new"},
        "x",
        ec_jwk(crv="P-384"),
    ]
    keys = [ec_jwk(), *unusable]

    assert [key.kid for key in a_profile(keys={"keys": keys}).verification_keys] == ["ec-1"]


def test_a_profile_survives_json() -> None:
    profile = a_profile(second_factor_claim="amr", second_factor_values=("mfa",), client_claim="cid")

    assert IssuerProfile.from_json(profile.to_json()) == profile


def test_an_unknown_field_in_json_is_a_mistake() -> None:
    with pytest.raises(InvalidProfile, match="unknown fields: leeway"):
        IssuerProfile.from_json({**a_profile().to_json(), "leeway": 10})


def test_a_missing_field_in_json_is_named() -> None:
    with pytest.raises(InvalidProfile, match="missing fields: keys, realm"):
        IssuerProfile.from_json({"issuer": "https://x.example"})
