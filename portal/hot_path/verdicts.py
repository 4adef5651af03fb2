"""/verdict and /verdict/<point>: forward auth, answered by the guard alone.

With /refused behind the point a gateway that has refused already, by introspection, learns what to say.

The authentication of a proxied request stands or falls here, so the point's name comes from the path the
proxy was configured with, and nothing else of the client's request but the token is looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from portal.client_address import client_address, is_trusted_proxy
from portal.hot_path.points import DEFAULT_POINT, Point, Points
from sessions_app.blacklist.guard import Guard, bearer_token, now_ms
from sessions_app.blacklist.observations import Observation, observe
from sessions_app.blacklist.responses import Response, identity_headers, response_for
from sessions_app.blacklist.verdict import Outcome, Verdict

logger = logging.getLogger(__name__)

PREFIX = "/verdict"
REFUSED = "/refused"

Environ = Mapping[str, Any]


class Verdicts:
    """Total: whatever fails is UNKNOWN, thus 503. What was answered goes to `note`, which must not wait."""

    def __init__(
        self, guard: Callable[[], Guard], points: Points, note: Callable[[Observation], None]
    ) -> None:
        self._guard = guard
        self._points = points
        self._note = note

    def answer(self, path: str, environ: Environ) -> Response:
        name = path[len(PREFIX) + 1 :]
        try:
            point = self._points().get(name.removesuffix(REFUSED) or DEFAULT_POINT)
            if point is None:
                return NO_SUCH_POINT
            verdict = self._ask(point, environ)
            return _why_refused(verdict) if name.endswith(REFUSED) else _answered(verdict, point)
        except Exception as failure:  # unknown is closed, whatever the cause
            logger.exception("/verdict could not decide")
            return response_for(Verdict(Outcome.UNKNOWN, f"unavailable:{type(failure).__name__}"))

    def _ask(self, point: Point, environ: Environ) -> Verdict:
        verdict = _restricted(self._guard().check(_token(point, environ)), point)
        self._note(
            observe(
                verdict,
                where=point.name,
                at_ms=now_ms(),
                address=client_address(
                    environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
                ),
                was_enforced=not point.only_observes,
            )
        )
        return verdict


def _token(point: Point, environ: Environ) -> str:
    """From the point's own header where a trusted proxy sent one, else from Authorization.

    A header that anybody could have sent is worth nothing: only the proxy knows what it puts there.
    """
    handed_on = environ.get(point.token_key, "") if point.token_key else ""
    if handed_on and is_trusted_proxy(environ.get("REMOTE_ADDR", "")):
        return bearer_token(handed_on) or handed_on.strip(" ")
    return bearer_token(environ.get("HTTP_AUTHORIZATION", ""))


def _restricted(verdict: Verdict, point: Point) -> Verdict:
    """A token that is good, but for another audience than this point's, is invalid here."""
    if verdict.outcome is not Outcome.ALLOWED or not point.audiences or verdict.claims is None:
        return verdict
    if point.audiences.isdisjoint(verdict.claims.audiences):
        return Verdict(Outcome.INVALID, "audience")
    return verdict


def _answered(verdict: Verdict, point: Point) -> Response:
    return _let_through(verdict) if point.only_observes else response_for(verdict)


def _why_refused(verdict: Verdict) -> Response:
    """What to tell the client of a gateway that has refused already: never 2xx, so that it closes or says why.

    Where the token is good by now, the gateway could not know a moment ago: unknown, try again.
    """
    if verdict.outcome is Outcome.ALLOWED:
        return response_for(Verdict(Outcome.UNKNOWN, "refused_by_gateway"))
    return response_for(verdict)


def _let_through(verdict: Verdict) -> Response:
    """A point that only observes refuses nothing; it names somebody only where the token was verified."""
    return Response(204, (("Cache-Control", "no-store"), *identity_headers(verdict)), b"")


NO_SUCH_POINT = Response(
    404,
    (("Cache-Control", "no-store"), ("Content-Type", "application/problem+json")),
    b'{"type": "urn:curfew:problem:no_such_point", "title": "No enforcement point of this name is registered",'
    b' "status": 404}',
)
