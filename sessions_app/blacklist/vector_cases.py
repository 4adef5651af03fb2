"""Scenes for the published vectors that turn on what Redis holds; the verdicts are written by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .verdict import lost_digest

NOW: Final = 1_767_225_600
NOW_MS: Final = NOW * 1000

RECEIPT: Final = "CF-7K3QX9M2TD"
MARKER: Final = f"1|7|42|{NOW_MS - 500}|0|3"
HOUR_AGO_MS: Final = NOW_MS - 3_600_000

# What the tokens say unless a scene says otherwise: a session that began an hour ago.
CLAIMS: Final[Mapping[str, Any]] = {
    "iss": "https://own.example",
    "sub": "ines",
    "aud": "https://api.example",
    "iat": NOW - 60,
    "exp": NOW + 240,
    "jti": "token-1",
    "sid": "session-1",
    "auth_time": NOW - 3600,
}
HEADER: Final[Mapping[str, Any]] = {"alg": "EdDSA", "kid": "test-1", "typ": "at+jwt"}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One token, what stands in Redis, and the verdict: `outcome`, or `outcome:cause`.

    A claim or header given as DROPPED is left out.
    """

    name: str
    verdict: str
    receipt: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    marker: str | None = MARKER
    user: str | None = None
    session: str | None = None
    token: str | None = None
    later_ms: int = 0
    high_water: tuple[int, int] = (7, 41)


class Dropped:
    """Stands for a claim that is not there, which is not the same as null."""


DROPPED: Final = Dropped()


def stored_user(*, blocked: int = 0, cutoff_ms: int = 0, since_ms: int = 0) -> str:
    return f"1|9|{blocked}|{cutoff_ms}|{since_ms}|{RECEIPT}"


def _marker(
    *, generation: int = 7, sequence: int = 42, heartbeat_ms: int = NOW_MS - 500, everyone_ms: int = 0
) -> str:
    return f"1|{generation}|{sequence}|{heartbeat_ms}|{everyone_ms}|3"


_REVOKED: Final = [
    Scene(
        name="person blocked", verdict="revoked:user_blocked", receipt=RECEIPT, user=stored_user(blocked=1)
    ),
    Scene(name="session entry", verdict="revoked:session_revoked", receipt=RECEIPT, session=f"1|9|{RECEIPT}"),
    Scene(name="token entry", verdict="revoked:token_revoked", receipt=RECEIPT, token=f"1|9|{RECEIPT}"),
    Scene(
        name="cutoff in the very millisecond of the start",
        verdict="revoked:user_cutoff",
        receipt=RECEIPT,
        user=stored_user(cutoff_ms=HOUR_AGO_MS),
    ),
    Scene(
        name="cutoff just before the start",
        verdict="allowed",
        user=stored_user(cutoff_ms=HOUR_AGO_MS - 1),
    ),
    Scene(
        name="cutoff after the start though before the last refresh",
        verdict="revoked:user_cutoff",
        receipt=RECEIPT,
        user=stored_user(cutoff_ms=NOW_MS - 120_000),
    ),
    Scene(
        name="everyone's cutoff in the very millisecond of the start",
        verdict="revoked:everyone_cutoff",
        marker=_marker(everyone_ms=HOUR_AGO_MS),
    ),
    Scene(
        name="everyone's cutoff just before the start",
        verdict="allowed",
        marker=_marker(everyone_ms=HOUR_AGO_MS - 1),
    ),
    Scene(
        name="everyone's cutoff counts although the heartbeat is old",
        verdict="revoked:everyone_cutoff",
        marker=_marker(heartbeat_ms=NOW_MS - 60_000, everyone_ms=HOUR_AGO_MS),
    ),
    Scene(
        name="an older cutoff for everyone hides no newer one for the person",
        verdict="revoked:user_cutoff",
        receipt=RECEIPT,
        marker=_marker(everyone_ms=HOUR_AGO_MS - 1),
        user=stored_user(cutoff_ms=NOW_MS),
    ),
    Scene(
        name="blocked comes before session and token",
        verdict="revoked:user_blocked",
        receipt=RECEIPT,
        user=stored_user(blocked=1, cutoff_ms=NOW_MS),
        session="1|1|CF-OTHER",
        token="1|1|CF-OTHER",  # noqa: S106 - an entry's text
    ),
    Scene(
        name="reinstated: the old session stays dead",
        verdict="revoked:user_cutoff",
        receipt=RECEIPT,
        user=stored_user(cutoff_ms=NOW_MS - 1),
    ),
    Scene(
        name="reinstated: a session begun afterwards lives",
        verdict="allowed",
        user=stored_user(cutoff_ms=NOW_MS - 30_000),
        claims={"auth_time": NOW - 29},
    ),
    Scene(
        name="a second factor is demanded, and the token proves none",
        verdict="revoked:step_up",
        receipt=RECEIPT,
        user=stored_user(since_ms=NOW_MS),
    ),
    Scene(
        name="a second factor is demanded, and the token proves one",
        verdict="allowed",
        claims={"amr": ["pwd", "otp"]},
        receipt=RECEIPT,
        user=stored_user(since_ms=NOW_MS),
    ),
    Scene(
        name="a lost role is still claimed",
        verdict="revoked:claims_changed",
        receipt=RECEIPT,
        claims={"roles": ["read", "approve"]},
        user=f"{stored_user()}|claims_changed|{lost_digest('approve')}",
    ),
    Scene(
        name="the lost role is gone from the claims",
        verdict="allowed",
        receipt=RECEIPT,
        claims={"roles": ["read"]},
        user=f"{stored_user()}|claims_changed|{lost_digest('approve')},{lost_digest('pay')}",
    ),
    Scene(
        name="a list of roles that is none",
        verdict="invalid:claim_type",
        claims={"roles": [1]},
    ),
    Scene(
        name="further fields at the end", verdict="revoked:session_revoked", receipt="R", session="1|9|R|x|y"
    ),
    Scene(name="user entry of an unknown version", verdict="revoked:malformed_entry", user="2|9|0|0|0|R"),
    Scene(name="user entry a field too short", verdict="revoked:malformed_entry", user="1|9|0|0|0"),
    Scene(name="user entry neither blocked nor not", verdict="revoked:malformed_entry", user="1|9|2|0|0|R"),
    Scene(name="user entry with a sign", verdict="revoked:malformed_entry", user="1|9|0|+1|0|R"),
    Scene(name="user entry with a space", verdict="revoked:malformed_entry", user="1|9|0| 1|0|R"),
    Scene(name="empty user entry", verdict="revoked:malformed_entry", user=""),
    Scene(name="session entry of an unknown version", verdict="revoked:malformed_entry", session="2|9|R"),
    Scene(name="session entry a field too short", verdict="revoked:malformed_entry", session="1|9"),
    Scene(name="token entry of an unknown version", verdict="revoked:malformed_entry", token="9|9|R"),  # noqa: S106 - an entry
    Scene(name="token entry that is no number", verdict="revoked:malformed_entry", token="1|x|R"),  # noqa: S106 - an entry
]

_HITS_WITHOUT_MARKER: Final = [
    Scene(
        name=f"a hit needs no marker: {kind}",
        verdict=f"revoked:{cause}",
        receipt=RECEIPT,
        marker=None,
        **{kind: text},  # type: ignore[arg-type] # three fields of one type
    )
    for kind, cause, text in (
        ("user", "user_blocked", stored_user(blocked=1)),
        ("session", "session_revoked", f"1|9|{RECEIPT}"),
        ("token", "token_revoked", f"1|9|{RECEIPT}"),
    )
]

_UNKNOWN: Final = [
    Scene(name="no marker", verdict="unknown:marker_missing", marker=None),
    Scene(
        name="marker of another version",
        verdict="unknown:marker_version",
        marker=MARKER.replace("1|", "2|", 1),
    ),
    Scene(name="marker a field too short", verdict="unknown:marker_version", marker=f"1|7|42|{NOW_MS}"),
    Scene(name="empty marker", verdict="unknown:marker_version", marker=""),
    Scene(name="marker without a fence", verdict="allowed", marker=f"1|7|42|{NOW_MS}|0"),
    Scene(name="marker with an unreadable fence", verdict="allowed", marker=f"1|7|42|{NOW_MS}|0|x|y"),
    Scene(name="heartbeat exactly 5 s old", verdict="allowed", marker=_marker(heartbeat_ms=NOW_MS - 5000)),
    Scene(
        name="heartbeat older than 5 s",
        verdict="unknown:heartbeat_old",
        marker=_marker(heartbeat_ms=NOW_MS - 5001),
    ),
    Scene(name="heartbeat exactly 2 s ahead", verdict="allowed", marker=_marker(heartbeat_ms=NOW_MS + 2000)),
    Scene(
        name="heartbeat more than 2 s ahead",
        verdict="unknown:heartbeat_ahead",
        marker=_marker(heartbeat_ms=NOW_MS + 2001),
    ),
    Scene(name="sequence seen before", verdict="allowed", high_water=(7, 42)),
    Scene(name="sequence went back", verdict="unknown:went_back", high_water=(7, 43)),
    Scene(name="generation went back", verdict="unknown:went_back", high_water=(8, 0)),
    Scene(
        name="a higher generation may begin at any sequence",
        verdict="allowed",
        marker=_marker(generation=8, sequence=0),
        high_water=(7, 999),
    ),
]

STORED_SCENES: Final = [
    Scene(name="nothing is known against it", verdict="allowed"),
    *_REVOKED,
    *_HITS_WITHOUT_MARKER,
    *_UNKNOWN,
]

# Ids that tempt an implementation to normalise, trim, split or join.
IDENTITIES: Final = [
    ("northwind", "ines", "session-1", "token-1"),
    ("northwin", "dines", "session-1", "token-1"),
    ("Northwind", "ines", "session-1", "token-1"),
    ("northwind", " ines", "session 1", "token\n1"),
    ("northwind", "caf\u00e9", "\u00e9", "e\u0301"),
    ("northwind", "cafe\u0301", "a:b", "a|b"),
    ("urn:curfew:portal:demo", "b7e6a2f0-51f6-4d7e-9a39-2f3e9ff5d9c2", "{07}", "\x00"),
    ("r", "\U0001f510", "x" * 512, "\u202e"),
]

VALUES: Final = [
    ("user", "1|9|1|1767225600000|0|CF-7K3QX9M2TD"),
    ("user", "1|9|0|1767225600000|1767225600001|CF-7K3QX9M2TD|later|fields"),
    ("user", f"1|9|0|0|0|R|claims_changed|{lost_digest('approve')}|further"),
    ("user", "1|0|0|0|0|"),
    ("user", "1|9007199254740991|0|0|0|R"),
    ("user", "1|9007199254740992|0|0|0|R"),
    ("user", "1|9|0|0|0"),
    ("user", "1|-9|0|0|0|R"),
    ("user", "2|9|0|0|0|R"),
    ("session", "1|9|CF-7K3QX9M2TD"),
    ("session", "1|9|R|claims_changed|further"),
    ("session", "1|9"),
    ("token", "1|9|CF-7K3QX9M2TD"),
    ("token", "1|1_0|R"),
    ("marker", MARKER),
    ("marker", "1|7|42|1767225599500|0"),
    ("marker", "1|7|42|1767225599500"),
    ("marker", "0|7|42|1767225599500|0"),
    ("marker", ""),
]
