"""The guard in a Django project. The one module of this package that needs Django.

# myproject/curfew.py
tokens = guarding_tokens(guard, audience="https://api.example.com", exempt=["/health"])
sessions = guarding_sessions(guard, sign_in_url="/accounts/login/")

# settings.py
MIDDLEWARE = [..., "myproject.curfew.sessions", ...]  # after Django's SessionMiddleware
"""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import SESSION_KEY as USER_KEY
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .bearer import bearer_token
from .continuing import RECHECK_SECONDS, Ask, Continuing, Watched
from .dates import now_ms
from .local_sessions import LocalSession, farewell, is_over
from .observing import Observe, Observer
from .responses import Response, identity_headers, response_for
from .verdict import Outcome, Verdict, unavailable

if TYPE_CHECKING:
    from .guard import Guard

logger = logging.getLogger(__name__)

# Where a sign-in is kept in Django's session, unless the project keeps it elsewhere.
SESSION_KEY: Final = "curfew"

# For whoever is signed in, a sign-in that cannot be asked about is over like one that was ended.
NOBODY_CAN_ASK: Final = Verdict(Outcome.REVOKED, "session_revoked")

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Middleware = Callable[[GetResponse], GetResponse]


def guarding_tokens(
    guard: "Guard",
    *,
    audience: str | None = None,
    exempt: Collection[str] = (),
    recheck_seconds: float = RECHECK_SECONDS,
    observe: Observe | None = None,
    where: str = "",
) -> Middleware:
    """A middleware that lets a request through only if the guard allows its bearer token.

    The view finds the verdict in `request.curfew_verdict` and the person in `X-Auth-Subject`. What a
    client sends under X-Auth-* is removed, also on exempt paths. `observe` is told of every answer, as
    one given at `where`.
    """
    free, observer = frozenset(exempt), Observer(observe, where)

    def middleware(get_response: GetResponse) -> GetResponse:
        def guarded(request: HttpRequest) -> HttpResponseBase:
            _set_identity(request, ())
            if request.path_info in free:
                return get_response(request)
            token, admitted_at_ms = bearer_token(request.META.get("HTTP_AUTHORIZATION", "")), now_ms()
            verdict = guard.check(token, audience)
            observer.note(verdict, request.META.get("REMOTE_ADDR"))
            if verdict.outcome is not Outcome.ALLOWED:
                return _as_django(response_for(verdict))
            _set_identity(request, identity_headers(verdict))
            request.curfew_verdict = verdict  # type: ignore[attr-defined]  # Django's own way to hand on
            ask_again = lambda: guard.check(token, audience, admitted_at_ms=admitted_at_ms)  # noqa: E731
            return _watched(get_response(request), ask_again, recheck_seconds)

        return guarded

    return middleware


class NotKept(Exception):
    """Django says that somebody is signed in, and nobody kept of which sign-in that is."""


def kept_session(request: HttpRequest) -> LocalSession | None:
    """The sign-in `keep_session` stored; None for somebody who is not signed in.

    Raises NotKept for a sign-in of Django's that was not stored, such as one from before there was a guard: as
    nobody can ask about it, `guarding_sessions` ends it. A project with other sign-ins of its own says which in
    a `session_of` of its own.
    """
    kept = request.session.get(SESSION_KEY)
    if kept is not None:
        return LocalSession.from_json(kept)
    if USER_KEY in request.session:
        raise NotKept
    return None


def keep_session(request: HttpRequest, session: LocalSession) -> None:
    """Remember a sign-in in Django's session, for `guarding_sessions` to ask about."""
    request.session[SESSION_KEY] = session.to_json()


def flush_session(request: HttpRequest) -> None:
    """End Django's session with all that is in it."""
    request.session.flush()


def guarding_sessions(
    guard: "Guard",
    *,
    session_of: Callable[[HttpRequest], LocalSession | None] = kept_session,
    end: Callable[[HttpRequest], None] = flush_session,
    sign_in_url: str | None = None,
    exempt: Collection[str] = (),
    recheck_seconds: float = RECHECK_SECONDS,
    observe: Observe | None = None,
    where: str = "",
) -> Middleware:
    """A middleware that asks the guard on every request about the sign-in kept in Django's session.

    It stands after Django's SessionMiddleware. When the sign-in was ended, `end` ends it here too, and the
    browser is sent to `sign_in_url`, with the reason class in `?ended=`, or shown a page that says why.
    While the guard does not know, or `session_of` fails, the answer is 503 and the sign-in stays.
    `observe` is told of every answer, as one given at `where`.
    """
    free, observer = frozenset(exempt), Observer(observe, where)

    def middleware(get_response: GetResponse) -> GetResponse:
        def guarded(request: HttpRequest) -> HttpResponseBase:
            if request.path_info in free:
                return get_response(request)
            try:
                session = session_of(request)
            except NotKept:
                return _parted(request, NOBODY_CAN_ASK, end, sign_in_url)
            except Exception as error:
                logger.exception("the application could not say who is signed in")
                return _parted(request, unavailable(error), end, sign_in_url)
            if session is None:
                return get_response(request)
            subject = session.subject()
            verdict = guard.check_subject(subject)
            observer.note(verdict, request.META.get("REMOTE_ADDR"), session)
            if verdict.outcome is not Outcome.ALLOWED:
                return _parted(request, verdict, end, sign_in_url)
            request.curfew_verdict = verdict  # type: ignore[attr-defined]  # as above
            return _watched(get_response(request), lambda: guard.check_subject(subject), recheck_seconds)

        return guarded

    return middleware


def _set_identity(request: HttpRequest, headers: tuple[tuple[str, str], ...]) -> None:
    """These X-Auth-* headers and no others, also where Django has read the headers already."""
    for name in [name for name in request.META if name.startswith("HTTP_X_AUTH_")]:
        del request.META[name]
    for name, value in headers:
        request.META["HTTP_" + name.upper().replace("-", "_")] = value
    request.__dict__.pop("headers", None)


def _parted(
    request: HttpRequest, verdict: Verdict, end: Callable[[HttpRequest], None], sign_in_url: str | None
) -> HttpResponse:
    if is_over(verdict):
        try:
            end(request)
        except Exception:
            logger.exception("the application could not end its session")
            # To be sent to the sign-in page with a session that is still there would be a circle.
            sign_in_url = None
    accept = request.META.get("HTTP_ACCEPT", "")
    return _as_django(farewell(verdict, accept=accept, sign_in_url=sign_in_url))


def _as_django(response: Response) -> HttpResponse:
    return HttpResponse(response.body, status=response.status, headers=dict(response.headers))


def _watched(response: HttpResponseBase, ask: Ask, seconds: float) -> HttpResponseBase:
    """A streaming response is watched: none of its chunks is passed on once the guard refuses."""
    if isinstance(response, StreamingHttpResponse):
        continuing = Continuing(ask, seconds)
        content: Any = response.streaming_content
        response.streaming_content = (
            _watched_async(content, continuing) if response.is_async else _watched_sync(content, continuing)
        )
    return response


def _watched_sync(chunks: Iterator[bytes], continuing: Continuing) -> Iterator[bytes]:
    yield from Watched(chunks, continuing)


async def _watched_async(chunks: AsyncIterable[bytes], continuing: Continuing) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if continuing.is_due():
            await asyncio.to_thread(continuing.insist)
        yield chunk
