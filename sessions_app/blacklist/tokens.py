"""Opening a token: strict about its form, then one signature by one key of its issuer's profile."""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, NoReturn

from .errors import InvalidToken, KeysTooOld, UnknownKey
from .profiles import IssuerProfile, VerificationKey, plain_typ

LARGEST_TOKEN: Final = 16 * 1024

# A header that brings its own key, or asks for a reading we do not do.
_REFUSED_HEADERS: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})


class OpenToken(NamedTuple):
    """The claims of a token whose signature is right; nothing in them has been judged yet."""

    profile: IssuerProfile
    claims: Mapping[str, Any]


class Parts(NamedTuple):
    """A token taken apart, not verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


def open_token(token: str, profiles: Mapping[str, IssuerProfile], now_ms: int) -> OpenToken:
    """The claims of a token signed by one of these issuers.

    Raises InvalidToken for any other, and KeysTooOld where its issuer's keys are.
    """
    parts = take_apart(token)
    profile = profile_of(parts, profiles)
    check_age_of_keys(profile, now_ms)
    _check_header(parts.header, profile)
    found = _key_for(parts.header, profile)
    if not found.key.Algorithm.verify(parts.signing_input, found.key.key, parts.signature):
        raise InvalidToken("signature", "the signature is not by this issuer's key")
    return OpenToken(profile, parts.claims)


def check_age_of_keys(profile: IssuerProfile, now_ms: int) -> None:
    """A key that was removed long ago would still be among them; raises KeysTooOld."""
    if profile.keys_good_until_ms is not None and now_ms >= profile.keys_good_until_ms:
        raise KeysTooOld(profile.issuer)


def check_form(token: str) -> None:
    """Refuse what is not even worth hashing."""
    if not token:
        raise InvalidToken("missing_token", "no token was sent")
    if len(token) > LARGEST_TOKEN:
        raise InvalidToken("too_large", f"longer than {LARGEST_TOKEN} characters")
    if not token.isascii():
        raise InvalidToken("malformed", "not ASCII")


def take_apart(token: str) -> Parts:
    """Split and decode, without believing anything. This is the only reader of a token's JSON.

    Stricter than JSON and base64 allow: no duplicate names, no NaN, no second spelling of the bytes.
    """
    check_form(token)
    segments = token.split(".")
    if len(segments) != 3:
        raise InvalidToken("malformed", "not three parts")
    header, claims, signature = segments
    signing_input = token[: -len(signature) - 1].encode()
    return Parts(_read_object(header), _read_object(claims), signing_input, _decode(signature))


def profile_of(parts: Parts, profiles: Mapping[str, IssuerProfile]) -> IssuerProfile:
    issuer = parts.claims.get("iss")
    profile = profiles.get(issuer) if isinstance(issuer, str) else None
    if profile is None:
        raise InvalidToken("unknown_issuer", "no profile for this issuer")
    return profile


def _check_header(header: Mapping[str, Any], profile: IssuerProfile) -> None:
    if refused := _REFUSED_HEADERS & header.keys():
        raise InvalidToken("header", f"header not accepted: {', '.join(sorted(refused))}")
    typ = header.get("typ", "")
    if not isinstance(typ, str) or plain_typ(typ) not in profile.accepted_typ:
        raise InvalidToken("typ", "a token of another type")


def _key_for(header: Mapping[str, Any], profile: IssuerProfile) -> VerificationKey:
    """The one key the header means. A token without `kid` is accepted only if no choice is left."""
    algorithm = header.get("alg")
    if algorithm not in profile.algorithms:
        raise InvalidToken("algorithm", "not an algorithm of this issuer")
    fitting = [key for key in profile.verification_keys if key.algorithm == algorithm]
    if "kid" in header:
        kid = header["kid"]
        fitting = [key for key in fitting if isinstance(kid, str) and key.kid == kid]
    if len(fitting) != 1:
        raise UnknownKey(profile.issuer, f"{len(fitting)} keys of this issuer fit, not one")
    return fitting[0]


def _read_object(segment: str) -> Mapping[str, Any]:
    try:
        found = json.loads(
            _decode(segment).decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise InvalidToken("malformed", "not JSON") from error
    if not isinstance(found, dict):
        raise InvalidToken("malformed", "not a JSON object")
    return found


def _decode(segment: str) -> bytes:
    """Base64url without padding, in its one canonical spelling (RFC 7515, section 2)."""
    try:
        decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidToken("malformed", "not base64url") from error
    if binascii.b2a_base64(decoded, newline=False).rstrip(b"=").translate(_TO_URL) != segment.encode():
        raise InvalidToken("malformed", "not canonical base64url")
    return decoded


_TO_URL: Final = bytes.maketrans(b"+/", b"-_")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidToken("duplicate_name", "a name occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidToken("malformed", f"{name} is not JSON")
