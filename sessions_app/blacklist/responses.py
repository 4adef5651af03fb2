"""What a refused client is told: one place, for the WSGI guard and for /verdict alike."""

import json
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from .verdict import Outcome, Verdict

RETRY_AFTER_SECONDS: Final = 2

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
        return Response(204, (_NO_STORE, *identity_headers(verdict)), b"")
    if verdict.outcome is Outcome.UNKNOWN:
        return _problem(503, "unknown", ("Retry-After", str(RETRY_AFTER_SECONDS)))
    reason = reason_class(verdict)
    return _problem(401, reason, ("WWW-Authenticate", _challenge(reason)))


def identity_headers(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Whom the request is from, safe to put in a header: what is not visible ASCII is percent-encoded."""
    if verdict.claims is None:
        return ()
    headers = [("X-Auth-Subject", quote(verdict.claims.person, safe=_VISIBLE))]
    if verdict.claims.sid is not None:
        headers.append(("X-Auth-Session", quote(verdict.claims.sid, safe=_VISIBLE)))
    return tuple(headers)


def reason_class(verdict: Verdict) -> str:
    """What a client may know: why access ended, but not what exactly is wrong with a forged token."""
    if verdict.outcome is Outcome.REVOKED or verdict.cause == "missing_token":
        return verdict.cause
    return "invalid"


_NO_STORE: Final = ("Cache-Control", "no-store")

_TITLES: Final = {
    "unknown": "It is not known at the moment whether this access is still valid",
    "missing_token": "A bearer token is needed",
    "invalid": "The token is not valid",
}


def _challenge(reason: str) -> str:
    if reason == "missing_token":
        # RFC 6750, section 3.1: no error code for a request without any credentials.
        return "Bearer"
    return f'Bearer error="invalid_token", error_description="{reason}"'


def _problem(status: int, reason: str, header: tuple[str, str]) -> Response:
    """A problem document (RFC 9457)."""
    document: dict[str, Any] = {
        "type": f"urn:curfew:problem:{reason}",
        "title": _TITLES.get(reason, "This access has been ended"),
        "status": status,
        "reason": reason,
    }
    headers = (_NO_STORE, ("Content-Type", "application/problem+json"), header)
    return Response(status, headers, json.dumps(document).encode())
