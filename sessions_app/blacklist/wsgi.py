"""The guard in front of a WSGI application: for bearer tokens, and for sign-ins kept in a cookie."""

import logging
from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .bearer import bearer_token
from .continuing import RECHECK_SECONDS, Continuing, watched
from .dates import now_ms
from .local_sessions import LocalSession, farewell, is_over
from .observing import Observe, Observer
from .responses import Response, identity_headers, response_for
from .verdict import Outcome, Verdict, unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from .guard import Guard

logger = logging.getLogger(__name__)

VERDICT: str = "curfew.verdict"


class GuardMiddleware:
    """Lets a request through to a WSGI application only if the guard allows its bearer token.

    The application finds the person in HTTP_X_AUTH_SUBJECT, the session in HTTP_X_AUTH_SESSION
    (percent-encoded) and the verdict in `curfew.verdict`. Whatever a client sends under X-Auth-*
    is removed, also on exempt paths; those are compared as a whole, never as a beginning. While a
    response is being sent the guard is asked again every `recheck_seconds`; once it refuses, no
    further chunk goes out. `observe` is told of every answer, as one given at `where`.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        guard: "Guard",
        *,
        audience: str | None = None,
        exempt: Collection[str] = (),
        recheck_seconds: float = RECHECK_SECONDS,
        observe: Observe | None = None,
        where: str = "",
    ) -> None:
        self._app = app
        self._guard = guard
        self._audience = audience
        self._exempt = frozenset(exempt)
        self._recheck_seconds = recheck_seconds
        self._observer = Observer(observe, where)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        for name in [name for name in environ if name.startswith("HTTP_X_AUTH_")]:
            del environ[name]
        if environ.get("PATH_INFO", "") in self._exempt:
            return self._app(environ, start_response)
        token, admitted_at_ms = bearer_token(environ.get("HTTP_AUTHORIZATION", "")), now_ms()
        verdict = self._guard.check(token, self._audience)
        self._observer.note(verdict, environ.get("REMOTE_ADDR"))
        if verdict.outcome is not Outcome.ALLOWED:
            return _answer(response_for(verdict), start_response)
        for name, value in identity_headers(verdict):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ[VERDICT] = verdict
        continuing = Continuing(
            lambda: self._guard.check(token, self._audience, admitted_at_ms=admitted_at_ms),
            self._recheck_seconds,
        )
        return watched(self._app(environ, _watching(start_response, continuing)), continuing)


class SessionMiddleware:
    """Asks the guard on every request about the sign-in a WSGI application keeps in its own cookie session.

    `session_of` finds it in the request; None for somebody who is not signed in, who is let through to
    the application's own sign-in. When it was ended, `end` ends it in the application as well and returns
    the headers for that (such as a Set-Cookie), and the browser is sent to `sign_in_url`, with the reason
    class in `?ended=`, or shown a page that says why. While the guard does not know, or `session_of`
    fails, the answer is 503 and the sign-in stays. `observe` is told of every answer, as one given at `where`.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        guard: "Guard",
        *,
        session_of: "Callable[[WSGIEnvironment], LocalSession | None]",
        end: "Callable[[WSGIEnvironment], Iterable[tuple[str, str]]]",
        sign_in_url: str | None = None,
        exempt: Collection[str] = (),
        recheck_seconds: float = RECHECK_SECONDS,
        observe: Observe | None = None,
        where: str = "",
    ) -> None:
        self._app = app
        self._guard = guard
        self._session_of = session_of
        self._end = end
        self._sign_in_url = sign_in_url
        self._exempt = frozenset(exempt)
        self._recheck_seconds = recheck_seconds
        self._observer = Observer(observe, where)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO", "") in self._exempt:
            return self._app(environ, start_response)
        try:
            session = self._session_of(environ)
        except Exception as error:
            logger.exception("the application could not say who is signed in")
            return self._refuse(unavailable(error), environ, start_response)
        if session is None:
            return self._app(environ, start_response)
        subject = session.subject()
        verdict = self._guard.check_subject(subject)
        self._observer.note(verdict, environ.get("REMOTE_ADDR"), session)
        if verdict.outcome is not Outcome.ALLOWED:
            return self._refuse(verdict, environ, start_response)
        environ[VERDICT] = verdict
        continuing = Continuing(lambda: self._guard.check_subject(subject), self._recheck_seconds)
        return watched(self._app(environ, _watching(start_response, continuing)), continuing)

    def _refuse(
        self, verdict: Verdict, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> list[bytes]:
        sign_in_url = self._sign_in_url
        headers: tuple[tuple[str, str], ...] = ()
        if is_over(verdict):
            try:
                headers = tuple(self._end(environ))
            except Exception:
                logger.exception("the application could not end its session")
                # To be sent to the sign-in page with a session that is still there would be a circle.
                sign_in_url = None
        response = farewell(verdict, accept=environ.get("HTTP_ACCEPT", ""), sign_in_url=sign_in_url)
        return _answer(response, start_response, *headers)


def _watching(start_response: "StartResponse", continuing: Continuing) -> "StartResponse":
    """For applications that push their response through the `write` that PEP 3333 still has."""

    def start(*status_and_headers: Any) -> "Callable[[bytes], object]":
        write = start_response(*status_and_headers)

        def write_while_allowed(chunk: bytes) -> object:
            continuing.insist_when_due()
            return write(chunk)

        return write_while_allowed

    return start


def _answer(
    response: Response, start_response: "StartResponse", *more_headers: tuple[str, str]
) -> list[bytes]:
    status = f"{response.status} {HTTPStatus(response.status).phrase}"
    headers = [*response.headers, *more_headers, ("Content-Length", str(len(response.body)))]
    start_response(status, headers)
    return [response.body]
