"""Every cause a verdict may have, so that nobody can fill a table with causes of their own."""

import builtins
from typing import Final

import redis.exceptions

from . import errors
from .verdict import Outcome

CAUSES: Final = {
    Outcome.ALLOWED: frozenset({""}),
    Outcome.REVOKED: frozenset(
        {
            "claims_changed",
            "everyone_cutoff",
            "malformed_entry",
            "project_ended",
            "session_revoked",
            "step_up",
            "token_revoked",
            "user_blocked",
            "user_cutoff",
        }
    ),
    Outcome.UNKNOWN: frozenset(
        {
            "heartbeat_ahead",
            "heartbeat_old",
            "marker_missing",
            "marker_version",
            "refused_by_gateway",
            "went_back",
        }
    ),
    Outcome.INVALID: frozenset(
        {
            "algorithm",
            "audience",
            "claim_range",
            "claim_too_long",
            "claim_type",
            "duplicate_name",
            "empty_claim",
            "expired",
            "header",
            "lifetime",
            "malformed",
            "missing_claim",
            "missing_token",
            "not_yet_valid",
            "project_end_date",
            "session_too_old",
            "signature",
            "too_large",
            "typ",
            "unknown_issuer",
            "unknown_key",
        }
    ),
}
OTHER: Final = "other"
UNAVAILABLE: Final = "unavailable"

_FAILURES: Final = frozenset(
    name
    for module in (builtins, redis.exceptions, errors)
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, Exception)
)


def known_cause(outcome: Outcome, cause: str) -> str:
    """The cause as it may be kept: one of a bounded number, whatever a guard, or somebody in its name, said.

    A failure keeps its name where that is one a guard can meet; anything else is "other".
    """
    if cause in CAUSES[outcome]:
        return cause
    what, _colon, which = cause.partition(":")
    if outcome is not Outcome.UNKNOWN or what != UNAVAILABLE:
        return OTHER
    return cause if which in _FAILURES else UNAVAILABLE
