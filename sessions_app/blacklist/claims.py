"""Reading a token by its issuer's profile: who, which session, since when, or why not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

from .dates import project_end_ms, whole_seconds
from .errors import InvalidProfile, InvalidToken, KeysTooOld
from .presets import PRESETS
from .profiles import IssuerProfile
from .signatures import SignatureCache
from .tokens import OpenToken, check_age_of_keys, check_form, open_token, profile_of, take_apart

__all__ = [
    "PRESETS",
    "Claims",
    "InvalidProfile",
    "InvalidToken",
    "IssuerProfile",
    "Row",
    "explain",
    "fingerprint",
    "read_claims",
    "verify",
]

LONGEST_ID: Final = 512

_OTHER_KINDS: Final = frozenset({"id", "refresh", "offline", "logout"})

_signatures = SignatureCache(size=4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an accepted token says, in our words. `raw` is the whole payload."""

    issuer: str
    realm: str
    person: str
    token_id: str
    sid: str | None
    started_ms: int
    issued_ms: int
    expires_ms: int
    audiences: tuple[str, ...]
    second_factor: bool
    project_end_ms: int | None
    entitlements: tuple[str, ...] | None
    raw: Mapping[str, Any]


def verify(token: str, profiles: Mapping[str, IssuerProfile], now_ms: int) -> Claims:
    """The claims of a token that is genuine, meant for us and alive at `now_ms`.

    Says nothing about the blacklist. Raises InvalidToken with the first reason found, or KeysTooOld when
    nothing can be said.
    """
    check_form(token)
    mark = fingerprint(token)
    known = _signatures.get(mark, profiles)
    opened = known or open_token(token, profiles, now_ms)
    check_age_of_keys(opened.profile, now_ms)
    try:
        claims = read_claims(opened, mark, now_ms)
    except InvalidToken:
        _signatures.drop(mark)
        raise
    if known is None:
        _signatures.put(mark, opened)
    return claims


def fingerprint(token: str) -> str:
    """SHA-256 of the whole token, in hex: its identifier where the issuer gives it none."""
    return sha256(token.encode()).hexdigest()


def read_claims(opened: OpenToken, mark: str, now_ms: int) -> Claims:
    """Judge and translate the payload of an opened token, in the order of the contract."""
    profile, raw = opened
    _refuse_other_kinds(raw)
    audiences = _audiences(raw, profile)
    issued_ms, expires_ms = _lifetime(raw, profile, now_ms)
    person, machine = _person(raw, profile)
    return Claims(
        issuer=profile.issuer,
        realm=profile.realm,
        person=person,
        token_id=identifier(raw, profile.token_claim) if profile.token_claim else mark,
        sid=_sid(raw, profile, machine=machine),
        started_ms=issued_ms if machine else _started(raw, profile, now_ms),
        issued_ms=issued_ms,
        expires_ms=expires_ms,
        audiences=audiences,
        second_factor=_second_factor(raw, profile),
        project_end_ms=project_end_ms(raw["project_end_date"]) if "project_end_date" in raw else None,
        entitlements=_entitlements(raw, profile),
        raw=raw,
    )


def _refuse_other_kinds(raw: Mapping[str, Any]) -> None:
    """Keycloak's ID and refresh tokens have the header of its access tokens and say in a claim what they are."""
    kind = raw.get("typ")
    if isinstance(kind, str) and kind.lower() in _OTHER_KINDS:
        raise InvalidToken("typ", "a token of another kind")


def identifier(raw: Mapping[str, Any], name: str) -> str:
    """A claim that names somebody or something: text, not empty, not long, and hashable as UTF-8."""
    value = _required(raw, name)
    if not isinstance(value, str):
        raise InvalidToken("claim_type", f"{name} is not a text")
    if not value:
        raise InvalidToken("empty_claim", f"{name} is empty")
    try:
        length = len(value.encode())
    except UnicodeEncodeError as error:
        raise InvalidToken("claim_type", f"{name} is not Unicode text") from error
    if length > LONGEST_ID:
        raise InvalidToken("claim_too_long", f"{name} is longer than {LONGEST_ID} bytes")
    return value


def _required(raw: Mapping[str, Any], name: str) -> object:
    if name not in raw:
        raise InvalidToken("missing_claim", f"{name} is missing")
    return raw[name]


def _audiences(raw: Mapping[str, Any], profile: IssuerProfile) -> tuple[str, ...]:
    """Whom the token is for. A token for nobody is accepted only of an issuer that names nobody."""
    if not profile.audiences and "aud" not in raw:
        return ()
    value = _required(raw, "aud")
    audiences = value if isinstance(value, list) else [value]
    if not all(isinstance(audience, str) and audience for audience in audiences):
        raise InvalidToken("claim_type", "aud is not a text or a list of texts")
    if not set(audiences) & set(profile.audiences):
        raise InvalidToken("audience", "a token for another audience")
    return tuple(audiences)


def _lifetime(raw: Mapping[str, Any], profile: IssuerProfile, now_ms: int) -> tuple[int, int]:
    """When the token was issued and when it ends, in ms, if it is alive now and not longer than allowed."""
    issued = _seconds(raw, "iat")
    expires = _seconds(raw, "exp")
    allowance_ms = profile.clock_allowance_seconds * 1000
    if now_ms >= expires * 1000 + allowance_ms:
        raise InvalidToken("expired", "past its exp")
    if issued * 1000 > now_ms + allowance_ms:
        raise InvalidToken("not_yet_valid", "iat lies in the future")
    if "nbf" in raw and _seconds(raw, "nbf") * 1000 > now_ms + allowance_ms:
        raise InvalidToken("not_yet_valid", "before its nbf")
    if expires - issued > profile.max_token_seconds:
        raise InvalidToken("lifetime", "lives longer than its issuer's tokens may")
    return issued * 1000, expires * 1000


def _started(raw: Mapping[str, Any], profile: IssuerProfile, now_ms: int) -> int:
    """When the session began, in ms.

    A session older than its realm allows is refused: its blacklist entry may have expired by now.
    """
    started_ms = _seconds(raw, profile.started_from) * 1000
    allowance_ms = profile.clock_allowance_seconds * 1000
    if started_ms > now_ms + allowance_ms:
        raise InvalidToken("not_yet_valid", f"{profile.started_from} lies in the future")
    if now_ms - started_ms > profile.max_session_seconds * 1000 + allowance_ms:
        raise InvalidToken("session_too_old", "its session is older than its issuer's sessions may be")
    return started_ms


def _seconds(raw: Mapping[str, Any], name: str) -> int:
    return whole_seconds(name, _required(raw, name))


def _person(raw: Mapping[str, Any], profile: IssuerProfile) -> tuple[str, bool]:
    """Whose token it is, and whether that is a machine (client credentials)."""
    if profile.client_claim is None or profile.client_claim not in raw:
        return identifier(raw, profile.person_claim), False
    client = identifier(raw, profile.client_claim)
    if profile.person_claim not in raw:
        return client, True
    person = identifier(raw, profile.person_claim)
    return person, person == client


def _sid(raw: Mapping[str, Any], profile: IssuerProfile, *, machine: bool) -> str | None:
    if profile.session_claim is None or (machine and profile.session_claim not in raw):
        return None
    return identifier(raw, profile.session_claim)


def _second_factor(raw: Mapping[str, Any], profile: IssuerProfile) -> bool:
    if profile.second_factor_claim is None or not profile.proves_second_factor:
        return False
    value = raw.get(profile.second_factor_claim)
    methods = value if isinstance(value, list) else [value]
    return any(method in profile.second_factor_values for method in methods)


def _entitlements(raw: Mapping[str, Any], profile: IssuerProfile) -> tuple[str, ...] | None:
    """The names of every group and role the token claims; None where the issuer has no claim for them.

    None as well where the token only says that there are some, to be asked for elsewhere.
    """
    if not profile.entitlement_claims or _are_elsewhere(raw, profile):
        return None
    return tuple(name for claim in profile.entitlement_claims for name in _names_in(_at(raw, claim)))


def _are_elsewhere(raw: Mapping[str, Any], profile: IssuerProfile) -> bool:
    """Distributed claims (OpenID Connect Core, section 5.6.2), as Entra has beyond 200 groups; `hasgroups` too."""
    elsewhere = raw.get("_claim_names")
    names = set(elsewhere) if isinstance(elsewhere, Mapping) else set()
    if "hasgroups" in raw:
        names.add("groups")
    return not names.isdisjoint(profile.entitlement_claims)


def _at(raw: Mapping[str, Any], claim: str) -> object:
    """The claim of this very name, else what the dots in it lead to (`realm_access.roles`)."""
    if claim in raw:
        return raw[claim]
    found: object = raw
    for part in claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _names_in(value: object) -> list[str]:
    """A list of names, or one name. Anything else raises: what we cannot read must not mean "no roles"."""
    names = value if isinstance(value, list) else [] if value is None else [value]
    texts = [name for name in names if isinstance(name, str)]
    if len(texts) < len(names):
        raise InvalidToken("claim_type", "a claim that lists groups or roles is not a list of texts")
    return texts


class Row(NamedTuple):
    """One line of an explanation: which claim, read as what, its value, and what is to be said about it."""

    claim: str
    read_as: str
    value: str
    remark: str


def explain(token: str, profiles: Mapping[str, IssuerProfile], now_ms: int) -> list[Row]:
    """How a token is read, claim by claim, and last whether it is accepted. Keeps and logs nothing."""
    rows: list[Row] = []
    try:
        parts = take_apart(token)
        rows += [Row(name, "header", _shown(value), "") for name, value in parts.header.items()]
        rows.append(Row("iss", "issuer", _shown(parts.claims.get("iss")), ""))
        rows += _readings(parts.claims, profile_of(parts, profiles))
        verify(token, profiles, now_ms)
    except InvalidToken as error:
        return [*rows, Row("", "token", "INVALID", f"{error.cause}: {error.detail}")]
    except KeysTooOld:
        return [*rows, Row("", "token", "UNKNOWN", "the issuer's keys could not be fetched for too long")]
    return [*rows, Row("", "token", "accepted", "what remains is the look-up in the blacklist")]


def _readings(raw: Mapping[str, Any], profile: IssuerProfile) -> list[Row]:
    readings = {
        "person": profile.person_claim,
        "client": profile.client_claim,
        "token": profile.token_claim,
        "session": profile.session_claim,
        "start of the session": profile.started_from,
        "issued": "iat",
        "expires": "exp",
        "audience": "aud",
        "second factor": profile.second_factor_claim,
        "end of the project": "project_end_date",
    }
    proof = _proof_remark(raw, profile)
    rows = [
        Row(
            claim or "",
            read_as,
            _shown(raw.get(claim or "")),
            _remark(raw, claim, read_as, proof=proof),
        )
        for read_as, claim in readings.items()
    ]
    return [Row("iss", "realm", profile.realm, "from the issuer's profile"), *rows, *_listed(raw, profile)]


def _listed(raw: Mapping[str, Any], profile: IssuerProfile) -> list[Row]:
    """The groups and roles, claim by claim."""
    if not profile.entitlement_claims:
        return [Row("", "groups and roles", "", "this issuer has no such claim, so they are not compared")]
    remark = "they are elsewhere, so they are not compared" if _are_elsewhere(raw, profile) else ""
    return [
        Row(
            claim,
            "groups and roles",
            _shown(found),
            remark or ("" if found is not None else "not in this token"),
        )
        for claim in profile.entitlement_claims
        for found in [_at(raw, claim)]
    ]


def _proof_remark(raw: Mapping[str, Any], profile: IssuerProfile) -> str:
    if not profile.proves_second_factor:
        return "a refresh renews iat and keeps an old proof, so it proves nothing"
    return "proved" if _second_factor(raw, profile) else "not proved"


def _remark(raw: Mapping[str, Any], claim: str | None, read_as: str, *, proof: str) -> str:
    if claim is None:
        return "the SHA-256 of the token stands in" if read_as == "token" else "this issuer has no such claim"
    if read_as == "start of the session" and claim == "iat":
        return "a refresh renews it, so a refresh begun before a cutoff may outlive it"
    if read_as == "second factor" and claim in raw:
        return proof
    return "" if claim in raw else "not in this token"


def _shown(value: object) -> str:
    return "" if value is None else str(value)[:LONGEST_ID]
