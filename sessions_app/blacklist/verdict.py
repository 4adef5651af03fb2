"""The verdict: from what a token says and what Redis answered, in the order of the contract."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from .claims import Claims
from .keys import digest
from .values import (
    MALFORMED,
    MalformedValue,
    Marker,
    SessionValue,
    TokenValue,
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


class Note(StrEnum):
    """What an ALLOWED answer also shows: whoever hears of it can stop asking for a proof, or ask why there is none."""

    SECOND_FACTOR_PROVED = "second_factor_proved"
    CLAIMS_REDUCED = "claims_reduced"
    CLAIMS_NOT_COMPARED = "claims_not_compared"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, a short stable code for its cause, and the receipt of the revocation that caused it.

    `why` is the reason class the decision left in the entry, "" for the usual one.
    """

    outcome: Outcome
    cause: str = ""
    receipt: str = ""
    claims: Claims | None = None
    why: str = ""
    notes: tuple[Note, ...] = ()


def unavailable(error: Exception) -> Verdict:
    """What every failure on the way to a verdict is: UNKNOWN, with its name."""
    return Verdict(Outcome.UNKNOWN, f"unavailable:{type(error).__name__}")


class Subject(NamedTuple):
    """Whom a check is about.

    `second_factor` says that a second factor was proved. `entitlements` are the groups and entitlements it
    names; None where its issuer has no claim for them, so that they cannot be compared.
    """

    realm: str
    person: str
    sid: str | None
    token_id: str | None
    started_ms: int
    project_end_ms: int | None = None
    second_factor: bool = False
    entitlements: tuple[str, ...] | None = None


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
        _revoked(subject, values, marker) or _unknown(marker, now_ms, high_water) or _allowed(subject, values)
    )


def has_ended(subject: Subject, now_ms: int) -> bool:
    """Whether the end of the subject's project has come; needs no look-up."""
    return subject.project_end_ms is not None and subject.project_end_ms <= now_ms


def _revoked(subject: Subject, values: Values, marker: Marker | MalformedValue | None) -> Verdict | None:
    user = None if values.user is None else parse_user(values.user)
    if user is MALFORMED:
        return Verdict(Outcome.REVOKED, "malformed_entry")
    if user is not None and user.blocked:
        return _refusal("user_blocked", user)
    return _narrow_hit(values) or _cutoff_hit(subject, user, marker)


def _narrow_hit(values: Values) -> Verdict | None:
    if values.session is not None:
        session = parse_session(values.session)
        if session is MALFORMED:
            return Verdict(Outcome.REVOKED, "malformed_entry")
        return _refusal("session_revoked", session)
    if values.token is not None:
        token = parse_token(values.token)
        if token is MALFORMED:
            return Verdict(Outcome.REVOKED, "malformed_entry")
        return _refusal("token_revoked", token)
    return None


def _refusal(cause: str, value: UserValue | SessionValue | TokenValue) -> Verdict:
    return Verdict(Outcome.REVOKED, cause, value.receipt, why=value.why)


def _cutoff_hit(
    subject: Subject, user: UserValue | None, marker: Marker | MalformedValue | None
) -> Verdict | None:
    """Inclusive: a session that began in the very millisecond of the cutoff is over."""
    if user is not None and subject.started_ms <= user.cutoff_ms:
        return _refusal("user_cutoff", user)
    if isinstance(marker, Marker) and subject.started_ms <= marker.everyone_cutoff_ms:
        return Verdict(Outcome.REVOKED, "everyone_cutoff")
    if user is not None and user.second_factor_since_ms and not subject.second_factor:
        return Verdict(Outcome.REVOKED, "step_up", user.receipt)
    if user is not None and names_what_was_lost(subject.entitlements, user.lost):
        return Verdict(Outcome.REVOKED, "claims_changed", user.receipt)
    return None


def lost_digest(name: str) -> str:
    """How the name of a lost group or entitlement stands in a user value."""
    return digest("entitlement", name)


def names_what_was_lost(entitlements: tuple[str, ...] | None, lost: tuple[str, ...]) -> bool:
    """Whether one of the lost names is still claimed; never where there is nothing to compare."""
    if not lost or not entitlements:
        return False
    return not {lost_digest(name) for name in entitlements}.isdisjoint(lost)


def _allowed(subject: Subject, values: Values) -> Verdict:
    """ALLOWED, with what the token proved where something was to be proved."""
    user = None if values.user is None else parse_user(values.user)
    if not isinstance(user, UserValue) or not (user.second_factor_since_ms or user.lost):
        return Verdict(Outcome.ALLOWED)
    notes = [Note.SECOND_FACTOR_PROVED] if user.second_factor_since_ms else []
    if user.lost:
        compared = subject.entitlements is not None
        notes.append(Note.CLAIMS_REDUCED if compared else Note.CLAIMS_NOT_COMPARED)
    return Verdict(Outcome.ALLOWED, receipt=user.receipt, notes=tuple(notes))


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
