"""Scenes for the published vectors that turn on the token itself; the verdicts are written by hand."""

from collections.abc import Mapping
from typing import Any, Final

from .vector_cases import DROPPED, NOW, NOW_MS, RECEIPT, Scene, stored_user

# A second issuer with nothing but `iat`, whose clock may be five seconds off.
FOREIGN: Final[Mapping[str, Any]] = {"iss": "https://foreign.example"}


def _named(value: object) -> str:
    return "missing" if value is DROPPED else repr(value)[:32]


_PROJECTS: Final = [
    Scene(
        name=f"project end {end!r}{' a millisecond early' if later_ms else ''}",
        verdict=verdict,
        claims={"project_end_date": end},
        later_ms=later_ms,
    )
    for end, verdict, later_ms in (
        (NOW + 1, "allowed", 0),
        (NOW, "revoked:project_ended", 0),
        (NOW - 1, "revoked:project_ended", 0),
        (NOW + 0.5, "allowed", 0),
        ("2026-01-01T01:00:00+01:00", "revoked:project_ended", 0),
        ("2026-01-01T01:00:00Z", "allowed", 0),
        ("2026-01-01T00:00:00.001Z", "allowed", 0),
        ("2025-12-31", "revoked:project_ended", 0),
        ("2025-12-31", "allowed", -1),
        ("2026-01-01", "allowed", 0),
        ("2026-01-01T00:00:00", "invalid:project_end_date", 0),
        ("2026-02-30", "invalid:project_end_date", 0),
        ("20260301", "invalid:project_end_date", 0),
        ("2026-W01-1", "invalid:project_end_date", 0),
        ("9999-12-31", "invalid:project_end_date", 0),
        ("", "invalid:project_end_date", 0),
        ("tomorrow", "invalid:project_end_date", 0),
        (None, "invalid:project_end_date", 0),
        (True, "invalid:project_end_date", 0),
        (NOW_MS, "invalid:project_end_date", 0),
        (-1, "invalid:project_end_date", 0),
        ([NOW], "invalid:project_end_date", 0),
    )
]

_CLAIM_RULES: Final = [
    Scene(
        name=f"{name} {'missing' if value is DROPPED else repr(value)[:24]}",
        verdict=verdict,
        claims={name: value},
    )
    for name, value, verdict in (
        ("iss", "https://other.example", "invalid:unknown_issuer"),
        ("iss", ["https://own.example"], "invalid:unknown_issuer"),
        ("aud", "https://elsewhere.example", "invalid:audience"),
        ("aud", ["https://elsewhere.example", "https://api.example"], "allowed"),
        ("aud", [], "invalid:audience"),
        ("aud", 7, "invalid:claim_type"),
        ("aud", DROPPED, "invalid:missing_claim"),
        ("sub", "", "invalid:empty_claim"),
        ("sub", 7, "invalid:claim_type"),
        ("sub", "x" * 513, "invalid:claim_too_long"),
        ("sub", DROPPED, "invalid:missing_claim"),
        ("jti", "", "invalid:empty_claim"),
        ("jti", True, "invalid:claim_type"),
        ("jti", DROPPED, "invalid:missing_claim"),
        ("sid", "", "invalid:empty_claim"),
        ("sid", None, "invalid:claim_type"),
        ("sid", DROPPED, "invalid:missing_claim"),
        ("auth_time", str(NOW), "invalid:claim_type"),
        ("auth_time", NOW + 1, "invalid:not_yet_valid"),
        ("auth_time", NOW - 86_400, "allowed"),
        ("auth_time", NOW - 86_401, "invalid:session_too_old"),
        ("auth_time", DROPPED, "invalid:missing_claim"),
        ("iat", DROPPED, "invalid:missing_claim"),
        ("iat", True, "invalid:claim_type"),
        ("iat", NOW + 1, "invalid:not_yet_valid"),
        ("iat", NOW - 3361, "invalid:lifetime"),
        ("exp", NOW, "invalid:expired"),
        ("exp", str(NOW + 240), "invalid:claim_type"),
        ("exp", NOW + 240.5, "invalid:claim_type"),
        ("exp", 253_402_300_799, "invalid:lifetime"),
        ("exp", 253_402_300_800, "invalid:claim_range"),
        ("exp", -1, "invalid:claim_range"),
        ("exp", DROPPED, "invalid:missing_claim"),
        ("nbf", NOW, "allowed"),
        ("nbf", NOW + 1, "invalid:not_yet_valid"),
    )
]

_HEADER_RULES: Final = [
    Scene(
        name=f"header {name} {'missing' if value is DROPPED else value!r}",
        verdict=verdict,
        header={name: value},
    )
    for name, value, verdict in (
        ("alg", "none", "invalid:algorithm"),
        ("alg", "HS256", "invalid:algorithm"),
        ("alg", "ES256", "invalid:algorithm"),
        ("alg", DROPPED, "invalid:algorithm"),
        ("kid", "../../dev/null", "invalid:unknown_key"),
        ("kid", "' OR 1=1 --", "invalid:unknown_key"),
        ("kid", 1, "invalid:unknown_key"),
        ("kid", DROPPED, "allowed"),
        ("typ", "JWT", "invalid:typ"),
        ("typ", "application/AT+JWT", "allowed"),
        ("typ", DROPPED, "invalid:typ"),
        ("jwk", {"kty": "oct", "k": "AAAA"}, "invalid:header"),
        ("jku", "https://evil.example/keys", "invalid:header"),
        ("x5u", "https://evil.example/cert", "invalid:header"),
        ("crit", ["exp"], "invalid:header"),
    )
]

_FOREIGN: Final = [
    Scene(name="foreign issuer: allowed", verdict="allowed", claims=FOREIGN),
    Scene(
        name="foreign issuer: the cutoff is compared with iat",
        verdict="revoked:user_cutoff",
        receipt=RECEIPT,
        claims=FOREIGN,
        user=stored_user(cutoff_ms=NOW_MS - 60_000),
    ),
    Scene(
        name="foreign issuer: issued after the cutoff",
        verdict="allowed",
        claims=FOREIGN,
        user=stored_user(cutoff_ms=NOW_MS - 60_001),
    ),
    Scene(
        name="foreign issuer: beside iat a proof of a second factor may be an old one, handed on by a refresh",
        verdict="revoked:step_up",
        receipt=RECEIPT,
        claims={**FOREIGN, "amr": ["pwd", "otp"]},
        user=stored_user(cutoff_ms=NOW_MS - 60_001, since_ms=NOW_MS - 60_001),
    ),
    Scene(
        name="foreign issuer: within its clock allowance after exp",
        verdict="allowed",
        claims={**FOREIGN, "exp": NOW - 4},
    ),
    Scene(
        name="foreign issuer: at the end of its clock allowance",
        verdict="invalid:expired",
        claims={**FOREIGN, "exp": NOW - 5},
    ),
    Scene(name="foreign issuer: issued 5 s ahead", verdict="allowed", claims={**FOREIGN, "iat": NOW + 5}),
    Scene(
        name="foreign issuer: issued 6 s ahead",
        verdict="invalid:not_yet_valid",
        claims={**FOREIGN, "iat": NOW + 6},
    ),
    Scene(
        name="foreign issuer: a token without a person is its client's",
        verdict="revoked:user_blocked",
        receipt=RECEIPT,
        claims={**FOREIGN, "sub": DROPPED, "client_id": "robot"},
        user=stored_user(blocked=1),
    ),
]

_OLD_KEYS: Final = [
    Scene(
        name="keys too old to say anything by",
        verdict="unknown:unavailable:KeysTooOld",
        claims={**FOREIGN, "iss": "https://stale.example"},
    ),
    Scene(
        name="keys too old: an unknown key is unknown too",
        verdict="unknown:unavailable:KeysTooOld",
        claims={**FOREIGN, "iss": "https://stale.example"},
        header={"kid": "another"},
    ),
    Scene(
        name="keys good for another millisecond",
        verdict="allowed",
        claims={**FOREIGN, "iss": "https://stale.example"},
        later_ms=-1,
    ),
]

_OTHER_KINDS: Final = [
    Scene(name=f"a token that calls itself {kind}", verdict="invalid:typ", claims={"typ": kind})
    for kind in ("ID", "Refresh", "Offline", "Logout")
] + [Scene(name="a token that calls itself Bearer", verdict="allowed", claims={"typ": "Bearer"})]


TOKEN_SCENES: Final = [*_PROJECTS, *_CLAIM_RULES, *_HEADER_RULES, *_FOREIGN, *_OLD_KEYS, *_OTHER_KINDS]
