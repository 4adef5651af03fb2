"""What a refused client is told: one place, for the WSGI guard and for /verdict alike."""

import json
from enum import StrEnum
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from .verdict import Outcome, Verdict

RETRY_AFTER_SECONDS: Final = 2
NO_STORE: Final = ("Cache-Control", "no-store")

# What a sign-in has to reach after a hijack (RFC 9470, section 3): more than one factor.
MULTI_FACTOR: Final = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"


class ReasonClass(StrEnum):
    """Why a request was refused, as far as its client may know and can act on it; stable."""

    SESSION_REVOKED = "session_revoked"  # sign in again
    USER_BLOCKED = "user_blocked"  # signing in again will not help
    CLAIMS_CHANGED = "claims_changed"  # sign in again for a token with the person's present roles
    PROJECT_ENDED = "project_ended"  # the person's contract or project is over
    STEP_UP = "step_up"  # sign in again with a second factor
    INVALID = "invalid"
    MISSING_TOKEN = "missing_token"  # noqa: S105 - the name of a reason
    UNKNOWN = "unknown"  # keep the credentials and try again


# Everything visible in ASCII but the percent sign, so that decoding gives back exactly the claim.
_VISIBLE: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")


class Response(NamedTuple):
    """Status, headers and body, in a form every kind of server can send."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def response_for(verdict: Verdict) -> Response:
    """204 when allowed, 401 when revoked or invalid, 503 when unknown; never to be stored by anybody.

    503 and not 401 for unknown: a client would throw its credentials away.
    """
    if verdict.outcome is Outcome.ALLOWED:
        return Response(204, (NO_STORE, *identity_headers(verdict)), b"")
    if verdict.outcome is Outcome.UNKNOWN:
        return _problem(503, ReasonClass.UNKNOWN, ("Retry-After", str(RETRY_AFTER_SECONDS)))
    reason = reason_class(verdict)
    return _problem(401, reason, ("WWW-Authenticate", challenge(reason)))


def identity_headers(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Whom the request is from, safe to put in a header: what is not visible ASCII is percent-encoded."""
    if verdict.claims is None:
        return ()
    headers = [("X-Auth-Subject", quote(verdict.claims.person, safe=_VISIBLE))]
    if verdict.claims.sid is not None:
        headers.append(("X-Auth-Session", quote(verdict.claims.sid, safe=_VISIBLE)))
    return tuple(headers)


def reason_class(verdict: Verdict) -> ReasonClass:
    """What a client may know: why access ended, but not what exactly is wrong with a forged token.

    A blocked person is told so whatever the block was for: a new sign-in would be in vain.
    """
    if verdict.outcome is Outcome.UNKNOWN:
        return ReasonClass.UNKNOWN
    if verdict.outcome is not Outcome.REVOKED:
        return ReasonClass.MISSING_TOKEN if verdict.cause == "missing_token" else ReasonClass.INVALID
    if verdict.cause == "user_blocked":
        return ReasonClass.USER_BLOCKED
    return _TOLD.get(verdict.why) or _TOLD.get(verdict.cause) or ReasonClass.SESSION_REVOKED


# Causes and reasons of decisions that are a class of their own; all others are "session_revoked".
_TOLD: Final = {
    str(told): told for told in (ReasonClass.CLAIMS_CHANGED, ReasonClass.PROJECT_ENDED, ReasonClass.STEP_UP)
}

_TITLES: Final = {
    ReasonClass.SESSION_REVOKED: "This access has been ended",
    ReasonClass.USER_BLOCKED: "This account has been blocked",
    ReasonClass.CLAIMS_CHANGED: "What this person may do has changed; sign in again",
    ReasonClass.PROJECT_ENDED: "The project this access was for has ended",
    ReasonClass.STEP_UP: "Sign in again with a second factor",
    ReasonClass.INVALID: "The token is not valid",
    ReasonClass.MISSING_TOKEN: "A bearer token is needed",
    ReasonClass.UNKNOWN: "It is not known at the moment whether this access is still valid",
}


def title_of(reason: ReasonClass) -> str:
    """One sentence for people."""
    return _TITLES[reason]


def challenge(reason: ReasonClass) -> str:
    """The WWW-Authenticate header of a refusal; a client finds the reason class in `error_description`."""
    if reason is ReasonClass.MISSING_TOKEN:
        # RFC 6750, section 3.1: no error code for a request without any credentials.
        return "Bearer"
    if reason is ReasonClass.STEP_UP:
        return (
            f'Bearer error="insufficient_user_authentication", error_description="{reason}", '
            f'acr_values="{MULTI_FACTOR}"'
        )
    return f'Bearer error="invalid_token", error_description="{reason}"'


def _problem(status: int, reason: ReasonClass, header: tuple[str, str]) -> Response:
    """A problem document (RFC 9457)."""
    document: dict[str, Any] = {
        "type": f"urn:curfew:problem:{reason}",
        "title": title_of(reason),
        "status": status,
        "reason": reason,
    }
    headers = (NO_STORE, ("Content-Type", "application/problem+json"), header)
    return Response(status, headers, json.dumps(document).encode())
