"""/verdict before Django: no middleware, no database on the way, only the guard. Also servable on its own.

The authentication of a proxied request stands or falls here, so the point's name comes from the path the
proxy was configured with, and nothing else of the client's request but the bearer token is looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from sessions_app.blacklist.guard import Guard, bearer_token
from sessions_app.blacklist.responses import Response, response_for
from sessions_app.blacklist.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

PREFIX = "/verdict"
DEFAULT_POINT = "default"


@dataclass(frozen=True, kw_only=True)
class Point:
    """What the hot path needs of an enforcement point. Without audiences, those of the issuer decide."""

    name: str
    audiences: frozenset[str]


Points = Callable[[], Mapping[str, Point]]


class HotPath:
    """A WSGI application in front of another one; everything that is not /verdict goes through untouched."""

    def __init__(self, behind: WSGIApplication, guard: Callable[[], Guard], points: Points) -> None:
        self._behind = behind
        self._guard = guard
        self._points = points

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path != PREFIX and not path.startswith(PREFIX + "/"):
            return self._behind(environ, start_response)
        response = self._answer(path[len(PREFIX) + 1 :], environ.get("HTTP_AUTHORIZATION", ""))
        phrase = HTTPStatus(response.status).phrase
        length = (
            [] if response.status == HTTPStatus.NO_CONTENT else [("Content-Length", str(len(response.body)))]
        )
        start_response(f"{response.status} {phrase}", [*response.headers, *length])
        return [response.body]

    def _answer(self, name: str, authorization: str) -> Response:
        """Total: any failure at all is UNKNOWN, thus 503."""
        try:
            point = self._points().get(name or DEFAULT_POINT)
            if point is None:
                return NO_SUCH_POINT
            return response_for(_restricted(self._guard().check(bearer_token(authorization)), point))
        except Exception as failure:  # unknown is closed, whatever the cause
            logger.exception("/verdict could not decide")
            return response_for(
                Verdict(outcome=Outcome.UNKNOWN, cause=f"unavailable:{type(failure).__name__}")
            )


def _restricted(verdict: Verdict, point: Point) -> Verdict:
    """A token that is good, but for another audience than this point's, is invalid here."""
    if verdict.outcome is not Outcome.ALLOWED or not point.audiences or verdict.claims is None:
        return verdict
    if point.audiences.isdisjoint(verdict.claims.audiences):
        return Verdict(outcome=Outcome.INVALID, cause="audience")
    return verdict


NO_SUCH_POINT = Response(
    404,
    (("Cache-Control", "no-store"), ("Content-Type", "application/problem+json")),
    b'{"type": "urn:curfew:problem:no_such_point", "title": "No enforcement point of this name is registered",'
    b' "status": 404}',
)


def points_from_sql() -> dict[str, Point]:
    """Every registered point by name."""
    from sessions_app.models import EnforcementPoint

    rows = EnforcementPoint.objects.all()
    return {row.name: Point(name=row.name, audiences=frozenset(row.audiences)) for row in rows}
