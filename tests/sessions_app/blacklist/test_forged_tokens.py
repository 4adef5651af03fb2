"""Forged, broken and absurd tokens: each is INVALID with its cause, none of them an accident."""

import hmac
import json
import warnings
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.blacklist.claims import InvalidProfile, InvalidToken, IssuerProfile, verify
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.values import UserValue
from sessions_app.blacklist.verdict import Outcome, Subject, Values
from sessions_app.blacklist.writer import BlacklistWriter
from tests.sessions_app.blacklist.entries import publish
from tests.sessions_app.blacklist.issuer import (
    HEADER,
    ISS,
    NOW,
    NOW_MS,
    a_profile,
    a_token,
    base64url,
    claims,
    ec_jwk,
    rsa_jwk,
    rsa_key,
    signed,
    trusting,
    without,
)

PROFILES = [
    a_profile(
        second_factor_claim="amr", second_factor_values=("mfa",), entitlement_claims=("roles", "realm.roles")
    ),
    a_profile(session_claim=None, token_claim="sub", client_claim="jti", started_from="iat"),
]


def cause_of(token: str, **profile: object) -> str:
    with pytest.raises(InvalidToken) as refused:
        verify(token, trusting(a_profile(**profile)), NOW_MS)
    return refused.value.cause


def test_a_genuine_token_is_accepted() -> None:
    assert verify(a_token(), trusting(), NOW_MS).person == "ines"


def test_alg_none_is_refused() -> None:
    header = b'{"alg":"none","typ":"at+jwt"}'
    body = f"{base64url(header)}.{base64url(json.dumps(claims()).encode())}."

    assert cause_of(body) == "algorithm"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "es256", "HS256", None, 7, ["ES256"]])
def test_only_listed_algorithms_in_their_spelling_are_accepted(name: object) -> None:
    assert cause_of(signed({**HEADER, "alg": name}, claims())) == "algorithm"


def test_a_public_key_is_never_a_shared_secret() -> None:
    public = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "kid": "rsa-1", "typ": "at+jwt"}
    body = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(claims()).encode())}"
    forged = f"{body}.{base64url(hmac.digest(public, body.encode(), 'sha256'))}"

    assert cause_of(forged) == "algorithm"


def test_a_key_of_another_type_does_not_fit_the_algorithm() -> None:
    assert cause_of(signed({**HEADER, "alg": "ES256", "kid": "rsa-1"}, claims())) == "unknown_key"


def test_a_key_declared_for_another_algorithm_is_not_used() -> None:
    assert cause_of(a_token(), keys={"keys": [ec_jwk(alg="ES384")]}) == "unknown_key"


def test_a_key_declared_for_encryption_is_not_used() -> None:
    assert cause_of(a_token(), keys={"keys": [ec_jwk(use="enc")]}) == "unknown_key"


def test_a_weak_rsa_key_is_not_used() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        token = jwt.encode(
            claims(), rsa_key(1024), algorithm="RS256", headers={"kid": "rsa-1", "typ": "at+jwt"}
        )

    assert cause_of(token, keys={"keys": [rsa_jwk(bits=1024)]}) == "unknown_key"


@pytest.mark.parametrize(
    "kid",
    ["", "ec-2", "../../../dev/null", "/etc/passwd", "ec-1' OR '1'='1", "https://evil.example", "ec-1\x00"],
)
def test_a_kid_is_only_ever_looked_up(kid: str) -> None:
    assert cause_of(a_token({"kid": kid})) == "unknown_key"


@pytest.mark.parametrize("kid", [None, 1, ["ec-1"], {"ec-1": 1}, True])
def test_a_kid_that_is_no_text_is_refused(kid: object) -> None:
    assert cause_of(signed({**HEADER, "kid": kid}, claims())) == "unknown_key"


@pytest.mark.parametrize(
    "tiny",
    [
        {"kty": "RSA", "n": "YWJj", "e": "AQAB", "kid": "rsa-1"},
        {"kty": "RSA", "n": "AA", "e": "AA", "kid": "rsa-1"},
        {"kty": "EC", "crv": "P-256", "x": "YWJj", "y": "YWJj", "kid": "ec-1"},
        {"kty": "EC", "crv": "P-256", "x": "", "y": "", "kid": "ec-1"},
        {"kty": "EC", "crv": "P-256", "kid": "ec-1"},
        {"kty": "OKP", "crv": "Ed25519", "x": "YWJj", "kid": "ec-1"},
        {"kid": "ec-1"},
        {"kty": 7, "kid": "ec-1"},
    ],
)
def test_a_key_of_three_bytes_is_no_key(tiny: dict[str, Any]) -> None:
    assert cause_of(a_token(), keys={"keys": [tiny]}) == "unknown_key"


def test_a_shared_key_makes_a_profile_unusable() -> None:
    with pytest.raises(InvalidProfile, match="shared"):
        a_profile(keys={"keys": [{"kty": "oct", "k": "YWJj", "kid": "ec-1"}]})


def test_two_keys_of_one_name_are_none() -> None:
    keys = {"keys": [ec_jwk("ec-1"), ec_jwk("ec-1")]}

    assert cause_of(a_token(), keys=keys) == "unknown_key"


def test_a_token_without_kid_is_accepted_when_one_key_fits() -> None:
    assert verify(signed({"alg": "ES256", "typ": "at+jwt"}, claims()), trusting(), NOW_MS)


def test_a_token_without_kid_is_refused_when_two_keys_fit() -> None:
    keys = {"keys": [ec_jwk("ec-1"), ec_jwk("ec-2")]}

    assert cause_of(signed({"alg": "ES256", "typ": "at+jwt"}, claims()), keys=keys) == "unknown_key"


@pytest.mark.parametrize(
    "embedded",
    [
        {"jwk": ec_jwk()},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"zip": "DEF"},
    ],
)
def test_a_header_that_brings_its_own_rules_is_refused(embedded: dict[str, object]) -> None:
    assert cause_of(signed(HEADER | embedded, claims())) == "header"


def test_a_signature_by_another_key_is_refused() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(claims(), stranger, algorithm="ES256", headers={"kid": "ec-1", "typ": "at+jwt"})

    assert cause_of(forged) == "signature"


def test_a_changed_payload_is_refused() -> None:
    header, _payload, signature = a_token().split(".")
    other = base64url(json.dumps(claims(sub="hana")).encode())

    assert cause_of(f"{header}.{other}.{signature}") == "signature"


def test_a_missing_signature_is_refused() -> None:
    assert cause_of(a_token().rpartition(".")[0] + ".") == "signature"


def test_a_second_spelling_of_the_same_signature_bytes_is_refused() -> None:
    token = a_token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelled = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]

    assert cause_of(respelled) == "malformed"


def test_the_tail_of_a_token_may_not_be_padded() -> None:
    assert cause_of(a_token() + "==") == "malformed"


@pytest.mark.parametrize(
    "token", ["a", "a.b", "a.b.c.d", "..", "!!.!!.!!", "\u00e9.\u00e9.\u00e9", "\ud800", " ", "a b.c.d", "\n"]
)
def test_what_is_no_token_is_malformed(token: str) -> None:
    assert cause_of(token) == "malformed"


def test_no_token_is_named_as_such() -> None:
    assert cause_of("") == "missing_token"


def test_a_huge_token_is_refused_unread() -> None:
    assert cause_of(a_token(pad="x" * 16_384)) == "too_large"


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 12_000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"\xff\xfe",
        b'"text"',
        b"[]",
        b"null",
        b"",
        b'{"exp": NaN}',
        b'{"exp": Infinity}',
        b'{"exp": 1' + b"0" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_a_payload_that_is_no_plain_object_is_malformed(payload: bytes) -> None:
    assert cause_of(signed(HEADER, payload)) in {"malformed", "unknown_issuer"}


def test_deep_nesting_inside_a_genuine_token_is_no_accident() -> None:
    payload = json.dumps(claims())[:-1].encode() + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}"

    assert cause_of(signed(HEADER, payload)) == "malformed"


def test_a_name_that_occurs_twice_is_refused() -> None:
    payload = json.dumps(claims())[:-1].encode() + b',"sub":"hana"}'

    assert cause_of(signed(HEADER, payload)) == "duplicate_name"


def test_a_name_that_occurs_twice_deeper_inside_is_refused() -> None:
    payload = json.dumps(claims())[:-1].encode() + b',"x":[{"a":1,"a":2}]}'

    assert cause_of(signed(HEADER, payload)) == "duplicate_name"


def test_a_header_name_that_occurs_twice_is_refused() -> None:
    header = b'{"alg":"none","alg":"ES256","kid":"ec-1","typ":"at+jwt"}'

    assert cause_of(signed(header, claims())) == "duplicate_name"


@pytest.mark.parametrize("name", ["aud", "iat", "exp", "sub", "jti", "sid", "auth_time"])
def test_a_declared_claim_may_not_be_missing(name: str) -> None:
    assert cause_of(without(name)) == "missing_claim"


@pytest.mark.parametrize("name", ["sub", "jti", "sid"])
@pytest.mark.parametrize("value", [None, 7, True, ["ines"], {"a": 1}])
def test_an_id_is_a_text(name: str, value: object) -> None:
    assert cause_of(signed(HEADER, claims(**{name: value}))) == "claim_type"


@pytest.mark.parametrize("name", ["sub", "jti", "sid"])
def test_an_id_is_not_empty(name: str) -> None:
    assert cause_of(a_token(**{name: ""})) == "empty_claim"


@pytest.mark.parametrize("name", ["sub", "jti", "sid"])
def test_an_id_is_at_most_512_bytes_long(name: str) -> None:
    assert verify(a_token(**{name: "\u00e9" * 256}), trusting(), NOW_MS)
    assert cause_of(a_token(**{name: "\u00e9" * 257})) == "claim_too_long"


def test_an_id_with_half_a_character_is_refused() -> None:
    payload = json.dumps(claims()).replace("ines", "\\ud800").encode()

    assert cause_of(signed(HEADER, payload)) == "claim_type"


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "auth_time"])
@pytest.mark.parametrize(
    "value",
    [None, True, str(NOW), float(NOW), [NOW], {}],
    # The values change by the second, the names must not: two workers have to collect the same.
    ids=["null", "boolean", "text", "fraction", "list", "object"],
)
def test_a_moment_is_a_whole_number(name: str, value: object) -> None:
    assert cause_of(signed(HEADER, claims(**{name: value}))) == "claim_type"


@pytest.mark.parametrize("value", [-1, 253_402_300_800, 10**18])
def test_a_moment_lies_in_this_era(value: int) -> None:
    assert cause_of(signed(HEADER, claims(exp=value))) == "claim_range"


def test_a_token_that_lives_to_the_year_9999_is_refused() -> None:
    assert cause_of(a_token(exp=253_402_300_799)) == "lifetime"


def test_a_token_one_second_too_long_is_refused() -> None:
    assert verify(a_token(exp=NOW + 300), trusting(a_profile(max_token_seconds=300)), NOW_MS)
    assert cause_of(a_token(exp=NOW + 301), max_token_seconds=300) == "lifetime"


def test_a_token_of_a_session_that_should_be_over_is_refused() -> None:
    assert cause_of(a_token(auth_time=NOW - 601), max_session_seconds=600) == "session_too_old"


@pytest.mark.parametrize("name", ["iat", "auth_time", "nbf"])
def test_a_token_from_the_future_is_refused(name: str) -> None:
    assert cause_of(a_token(**{name: NOW + 1})) == "not_yet_valid"


def test_an_expired_token_is_refused() -> None:
    assert cause_of(a_token(iat=NOW - 9, exp=NOW)) == "expired"


@pytest.mark.parametrize(
    "issuer", ["https://other.example", "", None, 7, ["https://login.northwind.example"], {}]
)
def test_an_issuer_nobody_trusts_is_refused(issuer: object) -> None:
    assert cause_of(signed(HEADER, claims(iss=issuer))) == "unknown_issuer"


@pytest.mark.parametrize("audience", ["https://elsewhere.example", ["https://elsewhere.example"], []])
def test_a_token_for_another_audience_is_refused(audience: object) -> None:
    assert cause_of(signed(HEADER, claims(aud=audience))) == "audience"


@pytest.mark.parametrize("audience", [7, True, None, [7], [""], {"a": 1}])
def test_an_audience_is_a_text_or_texts(audience: object) -> None:
    assert cause_of(signed(HEADER, claims(aud=audience))) == "claim_type"


def test_an_issuer_without_audiences_has_no_tokens_for_somebody() -> None:
    assert cause_of(a_token(), audiences=()) == "audience"


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "secevent+jwt", "", 7, None])
def test_a_token_of_another_type_is_refused(typ: object) -> None:
    assert cause_of(signed({**HEADER, "typ": typ}, claims())) == "typ"


def test_a_token_by_one_trusted_issuer_in_anothers_name_is_refused() -> None:
    other = a_profile(issuer="https://other.example", keys={"keys": [rsa_jwk("ec-1")]}, algorithms=("RS256",))
    token = signed(HEADER, claims(iss="https://other.example"))

    with pytest.raises(InvalidToken, match="algorithm"):
        verify(token, trusting(a_profile(), other), NOW_MS)


def test_no_claims_at_all_are_nobodys_token() -> None:
    assert cause_of(signed(HEADER, {})) == "unknown_issuer"
    assert cause_of(signed(HEADER, {"iss": ISS})) == "missing_claim"


@pytest.mark.parametrize("kind", ["ID", "Refresh", "Offline", "Logout", "refresh"])
def test_a_token_that_calls_itself_another_kind_is_refused(kind: str) -> None:
    assert cause_of(a_token(typ=kind)) == "typ"


def test_the_same_subject_in_another_realm_is_somebody_else(guard: Guard, writer: BlacklistWriter) -> None:
    other = a_profile(issuer="https://other.example", realm="other")
    elsewhere = signed(HEADER, claims(iss="https://other.example"))
    publish(writer, UserValue(1, True, NOW_MS, 0, "CF-A"))
    guard = Guard(guard._reader, lambda: trusting(a_profile(), other))

    assert guard.check(a_token()).outcome is Outcome.REVOKED
    assert guard.check(elsewhere).outcome is Outcome.ALLOWED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*claims(), *HEADER, "nbf", "project_end_date", "amr", "roles", "_claim_names", "hasgroups"]
)


class NoLookUp(BlacklistReader):
    """A guard that would look up has accepted the token, which is all that is asked here."""

    def __init__(self) -> None:
        pass

    def read(self, subject: Subject) -> Values:
        return Values(None)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(NAMES, JSON, max_size=4),
    st.dictionaries(NAMES, JSON, max_size=3),
    st.sampled_from(PROFILES),
)
def test_whatever_a_signed_token_says_the_guard_has_an_answer(
    changed: dict[str, Any], header: dict[str, Any], profile: IssuerProfile
) -> None:
    token = signed(HEADER | header, claims() | changed)

    verdict = Guard(NoLookUp(), lambda: trusting(profile)).check(token)

    assert verdict.outcome in {Outcome.INVALID, Outcome.UNKNOWN, Outcome.REVOKED}
    assert not verdict.cause.startswith("unavailable")


@given(st.text(max_size=60) | st.from_regex(r"[\w=-]{0,40}\.[\w=-]{0,40}\.[\w=-]{0,40}", fullmatch=True))
def test_whatever_comes_as_a_token_the_guard_has_an_answer(token: str) -> None:
    assert Guard(NoLookUp(), trusting).check(token).outcome is Outcome.INVALID


def test_no_detail_repeats_the_token() -> None:
    with pytest.raises(InvalidToken) as refused:
        verify(a_token(sub="", jti="secret-id"), trusting(), NOW_MS)

    assert "secret-id" not in str(refused.value)
