"""A service whose answers last, behind the guard: run by a real server, as ASGI and as WSGI."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

from sessions_app.blacklist.asgi import AsgiGuardMiddleware
from sessions_app.blacklist.guard import Guard, GuardMiddleware, load_profiles
from sessions_app.blacklist.reader import BlacklistReader

RECHECK_SECONDS = 0.2
WSGI_TICKS = 300


def _guard() -> Guard:
    profiles = load_profiles(os.environ["GUARD_CONFIG"])
    return Guard(BlacklistReader(os.environ["REDIS_URL"], profiles.env), profiles)


async def _service(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": _subject(scope)})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    elif scope["type"] == "http":
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
        )
        await send({"type": "http.response.body", "body": _subject(scope).encode(), "more_body": True})
        await asyncio.sleep(0 if scope["path"] == "/short" else 60)
        await send({"type": "http.response.body", "body": b"."})


def _subject(scope: Any) -> str:
    return ",".join(value.decode() for name, value in scope["headers"] if name.startswith(b"x-auth-"))


def _wsgi_service(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return _ticks()


def _ticks() -> Iterator[bytes]:
    for _number in range(WSGI_TICKS):
        yield b"tick\n"
        time.sleep(0.05)


if "GUARD_CONFIG" in os.environ:
    asgi = AsgiGuardMiddleware(_service, _guard(), exempt=["/health"], recheck_seconds=RECHECK_SECONDS)
    wsgi = GuardMiddleware(_wsgi_service, _guard(), recheck_seconds=RECHECK_SECONDS)
