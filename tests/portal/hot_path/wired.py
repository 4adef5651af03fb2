"""The hot path as the web server wires it, with SQL read at every look and what it saw put into a list."""

from __future__ import annotations

import io
from typing import Any

from portal.hot_path import HotPath, points_from_sql
from portal.hot_path.callers import Callers, callers_from_sql
from portal.hot_path.introspection import Introspection
from portal.hot_path.truths import BoundedTruth
from portal.hot_path.unproved import keep_attempt
from portal.hot_path.verdicts import Verdicts
from sessions_app.blacklist.observations import Observation
from sessions_app.tokens.profiles import token_guard


def a_hot_path(
    seen: list[Observation], *, truth: BoundedTruth | None = None, callers: Callers | None = None
) -> HotPath:
    """Whatever it does not answer itself is 418."""

    def behind(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("418 I'm a teapot", [])
        return [b"django"]

    return HotPath(
        behind,
        Verdicts(token_guard, points_from_sql, seen.append),
        Introspection(
            token_guard,
            callers or Callers(callers_from_sql, keep_attempt),
            truth or BoundedTruth(),
            seen.append,
        ),
    )


def answer_of(hot_path: HotPath, environ: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    answer: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        answer.update(status=int(status.split()[0]), headers=dict(headers))

    body = b"".join(hot_path({"REQUEST_METHOD": "GET", **environ}, start_response))
    return answer["status"], answer["headers"], body


def form_of(body: bytes, **environ: Any) -> dict[str, Any]:
    """A POST of a form to introspection."""
    return {
        "PATH_INFO": "/oauth/introspect",
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "REMOTE_ADDR": "198.51.100.20",
        **environ,
    }
