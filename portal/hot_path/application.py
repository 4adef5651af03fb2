"""The WSGI application in front of Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from portal.hot_path import introspection, verdicts
from portal.hot_path.introspection import Introspection
from portal.hot_path.verdicts import Verdicts
from sessions_app.blacklist.responses import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class HotPath:
    """Answers /verdict and introspection; everything else goes through untouched."""

    def __init__(self, behind: WSGIApplication, verdicts: Verdicts, introspection: Introspection) -> None:
        self._behind = behind
        self._verdicts = verdicts
        self._introspection = introspection

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer_for(environ.get("PATH_INFO", ""), environ)
        if answer is None:
            return self._behind(environ, start_response)
        response = answer()
        phrase = HTTPStatus(response.status).phrase
        length = (
            [] if response.status == HTTPStatus.NO_CONTENT else [("Content-Length", str(len(response.body)))]
        )
        start_response(f"{response.status} {phrase}", [*response.headers, *length])
        return [response.body]

    def _answer_for(self, path: str, environ: WSGIEnvironment) -> Callable[[], Response] | None:
        if path == verdicts.PREFIX or path.startswith(verdicts.PREFIX + "/"):
            return lambda: self._verdicts.answer(path, environ)
        if path == introspection.PATH:
            return lambda: self._introspection.answer(environ)
        return None
