"""What we know about a trusted issuer: its keys, and how to read its tokens."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, get_args

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from .errors import InvalidProfile

StartedFrom = Literal["auth_time", "iat"]

# Only signatures that a public key verifies. A shared secret would let every reader of a profile mint.
KEY_TYPES: Final[Mapping[str, tuple[str, str | None]]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
SMALLEST_RSA_BITS: Final = 2048

# Members that only private or shared keys have (RFC 7518, section 6).
SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class VerificationKey(NamedTuple):
    """One key for one algorithm, parsed."""

    kid: str | None
    algorithm: str
    key: PyJWK


@dataclass(frozen=True, kw_only=True)
class IssuerProfile:
    """How tokens of one issuer are verified and read.

    A claim named here is required in every token; a claim that is None is one this issuer lacks, and
    is never asked for. `typ` lists accepted header types, "" for a token without one. No audiences
    means tokens of this issuer carry none. With `client_claim`, a token without a person, or whose
    person is the client itself, is a machine's: the client is its person, and it starts when issued.
    `entitlement_claims` are the claims that list groups and roles; a dot leads into an object. After
    `keys_good_until_ms` the keys are too old to say anything by: nothing is known of any token then.

    Raises InvalidProfile when it contradicts itself.
    """

    issuer: str
    realm: str
    keys: Mapping[str, Any]
    algorithms: tuple[str, ...] = ("RS256",)
    audiences: tuple[str, ...] = ()
    typ: tuple[str, ...] = ("at+jwt",)
    person_claim: str = "sub"
    token_claim: str | None = "jti"  # noqa: S105 - the name of a claim
    session_claim: str | None = "sid"
    client_claim: str | None = None
    started_from: StartedFrom = "auth_time"
    max_token_seconds: int = 3600
    max_session_seconds: int = 30 * 86_400
    clock_allowance_seconds: int = 5
    second_factor_claim: str | None = None
    second_factor_values: tuple[str, ...] = ()
    entitlement_claims: tuple[str, ...] = ()
    keys_good_until_ms: int | None = None

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise InvalidProfile(f"{self.issuer or 'an issuer without a name'}: {problem}")

    @cached_property
    def verification_keys(self) -> tuple[VerificationKey, ...]:
        """Every usable (key, algorithm) pair, parsed once. Keys for other uses are left out."""
        return tuple(
            VerificationKey(jwk.get("kid"), algorithm, parsed)
            for jwk in _jwks(self.keys)
            for algorithm in self.algorithms
            if (parsed := _parse(jwk, algorithm)) is not None
        )

    @property
    def proves_second_factor(self) -> bool:
        """Whether a proof in its tokens is known to be as new as the session.

        Where the start is read from `iat`, a refresh makes an old session look new, and hands on the proof its
        owner once gave: whoever stole the refresh token would have proved a second factor with it.
        """
        return self.second_factor_claim is not None and self.started_from == "auth_time"

    @cached_property
    def accepted_typ(self) -> frozenset[str]:
        return frozenset(plain_typ(typ) for typ in self.typ)

    def to_json(self) -> dict[str, Any]:
        """Everything, in types that json.dumps takes; from_json gives back an equal profile."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> "IssuerProfile":
        """The profile in `source`; a field it does not know is a mistake, not a comment."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(source) - known):
            raise InvalidProfile(f"unknown fields: {', '.join(unknown)}")
        if missing := sorted({"issuer", "realm", "keys"} - set(source)):
            raise InvalidProfile(f"missing fields: {', '.join(missing)}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in source.items()
        }
        return cls(**values)


def plain_typ(typ: str) -> str:
    """A header type without its optional `application/`, in lower case (RFC 7515, section 4.1.9)."""
    return typ.lower().removeprefix("application/")


def _jwks(keys: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [jwk for jwk in keys.get("keys", []) if isinstance(jwk, Mapping)]


def _parse(jwk: Mapping[str, Any], algorithm: str) -> PyJWK | None:
    """The key for this algorithm, or None when it is of another type, use or strength."""
    key_type, curve = KEY_TYPES[algorithm]
    if jwk.get("kty") != key_type or (curve is not None and jwk.get("crv") != curve):
        return None
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm:
        return None
    if "verify" not in jwk.get("key_ops", ["verify"]):
        return None
    try:
        parsed = PyJWK(dict(jwk), algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    weak = isinstance(parsed.key, RSAPublicKey) and parsed.key.key_size < SMALLEST_RSA_BITS
    return None if weak else parsed


def _problems(profile: IssuerProfile) -> list[str]:
    return [*_field_problems(profile), *_key_problems(profile), *_number_problems(profile)]


def _field_problems(profile: IssuerProfile) -> list[str]:
    problems = [
        f"{name} must be a text that is not empty"
        for name in ("issuer", "realm", "person_claim")
        if not _is_name(getattr(profile, name))
    ]
    problems += [
        f"{name} must be a name, or null for a claim the issuer lacks"
        for name in ("token_claim", "session_claim", "client_claim", "second_factor_claim")
        if getattr(profile, name) is not None and not _is_name(getattr(profile, name))
    ]
    problems += [
        f"{name} must be a list of texts"
        for name in ("algorithms", "audiences", "typ", "second_factor_values", "entitlement_claims")
        if not _is_tuple_of_texts(getattr(profile, name))
    ]
    if profile.keys_good_until_ms is not None and type(profile.keys_good_until_ms) is not int:
        problems.append("keys_good_until_ms must be a moment in whole milliseconds, or null")
    if profile.started_from not in get_args(StartedFrom):
        problems.append("started_from must be auth_time or iat")
    return problems


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_tuple_of_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, str) for item in value)


def _key_problems(profile: IssuerProfile) -> list[str]:
    if not isinstance(profile.keys, Mapping) or not isinstance(profile.keys.get("keys", []), list):
        return ['keys must be a JSON Web Key Set, {"keys": [...]}, or {} while there are none']
    problems = []
    if not profile.algorithms or not set(profile.algorithms) <= set(KEY_TYPES):
        problems.append(f"algorithms must be chosen from {', '.join(KEY_TYPES)}")
    if any(SECRET_MEMBERS & jwk.keys() for jwk in _jwks(profile.keys)):
        problems.append("the keys contain a private or shared key; only public keys belong here")
    if profile.token_claim is None and any(name.startswith("ES") for name in profile.algorithms):
        # Anyone can turn an ECDSA signature (r, s) into the equally valid (r, n - s): another SHA-256,
        # so a token that is known by its SHA-256 alone could slip out of its own revocation.
        problems.append("an issuer that signs with ECDSA needs a token claim")
    return problems


def _number_problems(profile: IssuerProfile) -> list[str]:
    limits = {"max_token_seconds": 1, "max_session_seconds": 1, "clock_allowance_seconds": 0}
    return [
        f"{name} must be a whole number of seconds, at least {least}"
        for name, least in limits.items()
        if type(getattr(profile, name)) is not int or getattr(profile, name) < least
    ]
