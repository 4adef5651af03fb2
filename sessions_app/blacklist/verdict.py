"""The verdict: from what a token says and what Redis answered, in the order of the contract."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from .claims import Claims
from .values import (
    MALFORMED,
    MalformedValue,
    Marker,
    UserValue,
    parse_marker,
    parse_session,
    parse_token,
    parse_user,
)

OLDEST_HEARTBEAT_MS: Final = 5000
FARTHEST_AHEAD_MS: Final = 2000

# (generation, sequence) of a marker; Python compares it as guards must.
Position = tuple[int, int]


class Outcome(StrEnum):
    """What a guard may answer; only ALLOWED lets a request through."""

    ALLOWED = "allowed"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, a short stable code for its cause, and the receipt of the revocation that caused it."""

    outcome: Outcome
    cause: str = ""
    receipt: str = ""
    claims: Claims | None = None


class Subject(NamedTuple):
    """Whom a check is about.

    `second_factor` says that a second factor was proved; True until issuers' claims are asked for it.
    """

    realm: str
    person: str
    sid: str | None
    token_id: str | None
    started_ms: int
    project_end_ms: int | None = None
    second_factor: bool = True


class Values(NamedTuple):
    """What one MGET answered, and the highest marker position known *before* it was sent.

    A position learnt by another thread meanwhile would make an honest older answer look like a step back.
    """

    marker: bytes | None
    user: bytes | None = None
    session: bytes | None = None
    token: bytes | None = None
    high_water: Position = (0, 0)


def decide(subject: Subject, values: Values, now_ms: int, high_water: Position) -> Verdict:
    """The verdict on a subject. Refused beats unknown: a hit needs no fresh marker."""
    if has_ended(subject, now_ms):
        return Verdict(Outcome.REVOKED, "project_ended")
    marker = None if values.marker is None else parse_marker(values.marker)
    return (
        _revoked(subject, values, marker) or _unknown(marker, now_ms, high_water) or Verdict(Outcome.ALLOWED)
    )


def has_ended(subject: Subject, now_ms: int) -> bool:
    """Whether the end of the subject's project has come; needs no look-up."""
    return subject.project_end_ms is not None and subject.project_end_ms <= now_ms


def _revoked(subject: Subject, values: Values, marker: Marker | MalformedValue | None) -> Verdict | None:
    user = None if values.user is None else parse_user(values.user)
    if user is MALFORMED:
        return Verdict(Outcome.REVOKED, "malformed_entry")
    if user is not None and user.blocked:
        return Verdict(Outcome.REVOKED, "user_blocked", user.receipt)
    return _narrow_hit(values) or _cutoff_hit(subject, user, marker)


def _narrow_hit(values: Values) -> Verdict | None:
    if values.session is not None:
        session = parse_session(values.session)
        if session is MALFORMED:
            return Verdict(Outcome.REVOKED, "malformed_entry")
        return Verdict(Outcome.REVOKED, "session_revoked", session.receipt)
    if values.token is not None:
        token = parse_token(values.token)
        if token is MALFORMED:
            return Verdict(Outcome.REVOKED, "malformed_entry")
        return Verdict(Outcome.REVOKED, "token_revoked", token.receipt)
    return None


def _cutoff_hit(
    subject: Subject, user: UserValue | None, marker: Marker | MalformedValue | None
) -> Verdict | None:
    """Inclusive: a session that began in the very millisecond of the cutoff is over."""
    if user is not None and subject.started_ms <= user.cutoff_ms:
        return Verdict(Outcome.REVOKED, "user_cutoff", user.receipt)
    if isinstance(marker, Marker) and subject.started_ms <= marker.everyone_cutoff_ms:
        return Verdict(Outcome.REVOKED, "everyone_cutoff")
    if user is not None and user.second_factor_since_ms and not subject.second_factor:
        return Verdict(Outcome.REVOKED, "step_up", user.receipt)
    return None


def _unknown(marker: Marker | MalformedValue | None, now_ms: int, high_water: Position) -> Verdict | None:
    if marker is None:
        return Verdict(Outcome.UNKNOWN, "marker_missing")
    if marker is MALFORMED:
        return Verdict(Outcome.UNKNOWN, "marker_version")
    if now_ms - marker.heartbeat_ms > OLDEST_HEARTBEAT_MS:
        return Verdict(Outcome.UNKNOWN, "heartbeat_old")
    if marker.heartbeat_ms - now_ms > FARTHEST_AHEAD_MS:
        return Verdict(Outcome.UNKNOWN, "heartbeat_ahead")
    if marker.position < high_water:
        return Verdict(Outcome.UNKNOWN, "went_back")
    return None
