"""The guard in front of an ASGI application: for bearer tokens, and for sign-ins kept in a cookie.

Requests and websockets are asked about again while they last.

For servers on asyncio. The look-up, which waits for Redis, runs in threads of the guard's own, so that the
event loop never waits and no other work of the application is in its way.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

from .bearer import bearer_token
from .continuing import RECHECK_SECONDS, AccessEnded, Ask
from .dates import now_ms
from .guard import Guard
from .local_sessions import LocalSession, farewell, is_over
from .observing import Observe, Observer
from .responses import Response, identity_headers, reason_class, response_for
from .verdict import Outcome, Verdict, unavailable

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[str, str]]
Found = TypeVar("Found")

logger = logging.getLogger(__name__)

# A whole look-up takes 130 ms at most; what takes longer stands in a queue that helps nobody.
ANSWER_SECONDS: Final = 1.0
THREADS: Final = 32

# How long a cancelled application may take to clean up before it is left behind.
CLEANUP_SECONDS: Final = 1.0

# Private use codes begin at 4000 (RFC 6455, section 7.4.2); 4401 is common for "401". 1013: try again later.
CLOSED_REFUSED: Final = 4401
CLOSED_UNKNOWN: Final = 1013

DENIAL: Final = "websocket.http.response"


def bearer_of(scope: Scope) -> str:
    """The bearer token in a request's Authorization header; two such headers are no token of anybody."""
    found = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    return bearer_token(b", ".join(found).decode("latin-1"))


class _Asking:
    """What asks the guard for the middlewares, and again while a request lasts."""

    def __init__(self, app: Application, recheck_seconds: float) -> None:
        self._app = app
        self._recheck_seconds = recheck_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="curfew-guard")

    async def answer_to(self, ask: Ask) -> Verdict:
        """The guard's answer without holding up the event loop; an answer that is late is UNKNOWN."""
        try:
            waiting = asyncio.get_running_loop().run_in_executor(self._threads, ask)
            return await asyncio.wait_for(waiting, ANSWER_SECONDS)
        except Exception as error:  # noqa: BLE001 - unknown is closed: no failure may look like "allowed"
            return unavailable(error)

    async def run_while_allowed(self, scope: Scope, receive: Receive, send: Send, ask: Ask) -> None:
        """Run the application; end it when the guard no longer allows what it does."""
        gate = _Gate(send)
        running = asyncio.ensure_future(self._app(scope, receive, gate.send))
        try:
            while not (await asyncio.wait({running}, timeout=self._recheck_seconds))[0]:
                verdict = await self.answer_to(ask)
                if verdict.outcome is not Outcome.ALLOWED:
                    gate.shut(verdict)
                    # First the application: a server that waits in receive() may send nothing meanwhile.
                    await _cancelled(running)
                    return await gate.say_so(verdict, scope)
            return running.result()
        finally:
            await _cancelled(running)


class AsgiGuardMiddleware:
    """Lets a request or websocket through to an ASGI application only if the guard allows its bearer token.

    The application finds the person in the X-Auth-Subject header, the session in X-Auth-Session
    (percent-encoded) and the verdict in `scope["curfew.verdict"]`. Whatever a client sends under X-Auth-*
    is removed, also on exempt paths; those are compared as a whole. `token_of` finds the token where a
    client cannot send the header, as a browser's websocket.

    While a request lasts, the guard is asked again every `recheck_seconds`. Once it refuses, the application
    is cancelled, a websocket is closed with 4401 and the reason class (1013 when it is unknown), and any
    other response is broken off. `observe` is told of every first answer, as one given at `where`.
    """

    def __init__(
        self,
        app: Application,
        guard: Guard,
        *,
        audience: str | None = None,
        exempt: Collection[str] = (),
        token_of: Callable[[Scope], str] = bearer_of,
        recheck_seconds: float = RECHECK_SECONDS,
        observe: Observe | None = None,
        where: str = "",
    ) -> None:
        self._app = app
        self._guard = guard
        self._audience = audience
        self._exempt = frozenset(exempt)
        self._token_of = token_of
        self._asking = _Asking(app, recheck_seconds)
        self._observer = Observer(observe, where)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_judged(scope):
            return await self._app(scope, receive, send)
        scope = _with_identity(scope, ())
        if scope["path"] in self._exempt:
            return await self._app(scope, receive, send)
        token, admitted_at_ms = self._token_of(scope), now_ms()
        verdict = await self._asking.answer_to(lambda: self._guard.check(token, self._audience))
        self._observer.note(verdict, _address(scope))
        if verdict.outcome is not Outcome.ALLOWED:
            return await _refuse(verdict, scope, receive, send)
        scope = _with_identity(scope, identity_headers(verdict)) | {"curfew.verdict": verdict}
        ask_again = lambda: self._guard.check(token, self._audience, admitted_at_ms=admitted_at_ms)  # noqa: E731
        return await self._asking.run_while_allowed(scope, receive, send, ask_again)


class AsgiSessionMiddleware:
    """Asks the guard on every request about the sign-in an ASGI application keeps in its own cookie session.

    `session_of` finds it in the scope; None for somebody who is not signed in, who is let through to the
    application's own sign-in. When it was ended, `end` ends it in the application as well and returns the
    headers for that (such as a Set-Cookie), and the browser is sent to `sign_in_url`, with the reason class in
    `?ended=`, or shown a page that says why. While the guard does not know, or `session_of` fails, the answer
    is 503 and the sign-in stays. Both may be coroutine functions, for a store that has to be waited for.

    What lasts is asked again every `recheck_seconds`; a websocket is closed with 4401 and the reason class
    (1013 when it is unknown). A browser sends its cookies with a websocket any page opens: which origins may,
    is the application's to say. `observe` is told of every first answer, as one given at `where`.
    """

    def __init__(
        self,
        app: Application,
        guard: Guard,
        *,
        session_of: Callable[[Scope], LocalSession | Awaitable[LocalSession | None] | None],
        end: Callable[[Scope], Headers | Awaitable[Headers]],
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
        self._asking = _Asking(app, recheck_seconds)
        self._observer = Observer(observe, where)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_judged(scope) or scope["path"] in self._exempt:
            return await self._app(scope, receive, send)
        try:
            session = await _waited_for(self._session_of(scope))
            subject = None if session is None else session.subject()
        except Exception as error:
            logger.exception("the application could not say who is signed in")
            return await self._part(unavailable(error), scope, receive, send)
        if subject is None:
            return await self._app(scope, receive, send)
        ask = lambda: self._guard.check_subject(subject)  # noqa: E731
        verdict = await self._asking.answer_to(ask)
        self._observer.note(verdict, _address(scope), session)
        if verdict.outcome is not Outcome.ALLOWED:
            return await self._part(verdict, scope, receive, send)
        scope = {**scope, "curfew.verdict": verdict}
        return await self._asking.run_while_allowed(scope, receive, send, ask)

    async def _part(self, verdict: Verdict, scope: Scope, receive: Receive, send: Send) -> None:
        sign_in_url, headers = self._sign_in_url, tuple[tuple[str, str], ...]()
        if is_over(verdict):
            try:
                headers = tuple(await _waited_for(self._end(scope)))
            except Exception:
                logger.exception("the application could not end its session")
                # To be sent to the sign-in page with a session that is still there would be a circle.
                sign_in_url = None
        if scope["type"] != "http":  # a page helps no script, which alone opens websockets
            return await _refuse(verdict, scope, receive, send, *headers)
        response = farewell(verdict, accept=_accept(scope), sign_in_url=sign_in_url)
        return await _answer(response, "http.response", send, *headers)


class _Gate:
    """The way out of the application, until it is closed."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._ended: AccessEnded | None = None

    async def send(self, message: Message) -> None:
        if self._ended is not None:
            raise self._ended
        await self._send(message)

    def shut(self, verdict: Verdict) -> None:
        """Let nothing more out."""
        self._ended = AccessEnded(verdict)

    async def say_so(self, verdict: Verdict, scope: Scope) -> None:
        """Close a websocket; a response has no word for this, it is broken off by raising AccessEnded."""
        if scope["type"] == "http":
            raise AccessEnded(verdict)
        with suppress(Exception):  # the application may have closed it already
            await self._send(_closing(verdict))


async def _cancelled(running: "asyncio.Future[None]") -> None:
    """End the application and let it clean up; what it says about that helps nobody."""
    if not running.done():
        running.cancel()
        await asyncio.wait({running}, timeout=CLEANUP_SECONDS)
        if running.done() and not running.cancelled():
            running.exception()


def _is_judged(scope: Scope) -> bool:
    """False for starting and stopping the application. Raises for what nobody can judge."""
    if scope["type"] not in ("http", "websocket", "lifespan"):
        raise NotImplementedError(f"the guard cannot judge {scope['type']}, so nobody gets in that way")
    return bool(scope["type"] != "lifespan")


def _address(scope: Scope) -> str | None:
    client = scope.get("client")
    return str(client[0]) if client else None


def _accept(scope: Scope) -> str:
    return b", ".join(value for name, value in scope["headers"] if name.lower() == b"accept").decode(
        "latin-1"
    )


async def _waited_for(found: Found | Awaitable[Found]) -> Found:
    return await found if isinstance(found, Awaitable) else found


def _closing(verdict: Verdict) -> Message:
    code = CLOSED_UNKNOWN if verdict.outcome is Outcome.UNKNOWN else CLOSED_REFUSED
    return {"type": "websocket.close", "code": code, "reason": str(reason_class(verdict))}


def _with_identity(scope: Scope, identity: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The request with these X-Auth-* headers and no others, however they are spelled."""
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if not name.lower().replace(b"_", b"-").startswith(b"x-auth-")
    ]
    added = [(name.lower().encode(), value.encode()) for name, value in identity]
    return {**scope, "headers": kept + added}


async def _refuse(
    verdict: Verdict, scope: Scope, receive: Receive, send: Send, *more_headers: tuple[str, str]
) -> None:
    response = response_for(verdict)
    if scope["type"] == "http":
        return await _answer(response, "http.response", send, *more_headers)
    with suppress(Exception):
        await receive()  # websocket.connect, which has to be taken before it is refused
    if DENIAL in (scope.get("extensions") or {}):
        return await _answer(response, DENIAL, send, *more_headers)
    return await send(_closing(verdict))


async def _answer(response: Response, kind: str, send: Send, *more_headers: tuple[str, str]) -> None:
    every = (*response.headers, *more_headers)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in every]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": f"{kind}.start", "status": response.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": response.body})
