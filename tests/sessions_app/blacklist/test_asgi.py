"""The ASGI guard, message by message: what gets in, what is answered, and that nobody waits for Redis."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from sessions_app.blacklist import asgi
from sessions_app.blacklist.asgi import AsgiGuardMiddleware
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.conftest import ENV, fresh_marker
from tests.sessions_app.blacklist.entries import end_session
from tests.sessions_app.blacklist.issuer import a_token, trusting

HOSTILE = [(b"X-Auth-Subject", b"hana"), (b"x_auth_roles", b"admin"), (b"X-AUTH-Roles", b"admin")]


class Conversation:
    """One connection: what the application was shown, and what the client was sent."""

    def __init__(
        self, *headers: tuple[bytes, bytes], kind: str = "http", path: str = "/", **more: Any
    ) -> None:
        self.scope = {"type": kind, "path": path, "headers": [*headers], **more}
        self.shown: dict[str, Any] = {}
        self.sent: list[Any] = []

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        self.shown = scope
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    def through(self, guard: Guard, **options: Any) -> Conversation:
        asyncio.run(self.talk(guard, **options))
        return self

    async def talk(self, guard: Guard, **options: Any) -> None:
        await AsgiGuardMiddleware(self.application, guard, **options)(self.scope, self.receive, self.send)

    async def receive(self) -> dict[str, str]:
        return {"type": f"{self.scope['type']}.connect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def identity(self) -> dict[bytes, bytes]:
        return {name: value for name, value in self.shown["headers"] if b"auth" in name.lower()}


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()


def test_an_allowed_request_reaches_the_application_with_its_person_and_no_other(guard: Guard) -> None:
    token = a_token()

    talk = Conversation(bearer(token), *HOSTILE).through(guard)

    assert talk.identity == {
        b"authorization": b"Bearer " + token.encode(),
        b"x-auth-subject": b"ines",
        b"x-auth-session": b"session-1",
    }
    assert talk.shown["curfew.verdict"].outcome == "allowed"


def test_an_exempt_path_gets_no_identity_either(guard: Guard) -> None:
    talk = Conversation(*HOSTILE, path="/health").through(guard, exempt=["/health"])

    assert (talk.sent[0]["status"], talk.identity) == (200, {})


@pytest.mark.parametrize("path", ["/health/", "/healthz", "//health", ""])
def test_only_the_exact_path_is_exempt(path: str, guard: Guard) -> None:
    assert Conversation(path=path).through(guard, exempt=["/health"]).sent[0]["status"] == 401


def test_two_authorization_headers_are_no_token(guard: Guard) -> None:
    talk = Conversation(bearer(a_token()), bearer(a_token())).through(guard)

    assert json.loads(talk.sent[1]["body"])["reason"] == "invalid"


def test_a_token_may_come_another_way(guard: Guard) -> None:
    talk = Conversation(token=a_token()).through(guard, token_of=lambda scope: scope["token"])

    assert talk.sent[0]["status"] == 200


def test_a_refused_websocket_is_denied_with_an_answer_where_the_server_can(
    guard: Guard, writer: BlacklistWriter
) -> None:
    end_session(writer)
    can = {"websocket.http.response": {}}

    talk = Conversation(bearer(a_token()), kind="websocket", extensions=can).through(guard)

    assert (talk.sent[0]["type"], talk.sent[0]["status"]) == ("websocket.http.response.start", 401)
    assert json.loads(talk.sent[1]["body"])["reason"] == "session_revoked"


def test_a_refused_websocket_is_closed_before_it_opens_elsewhere(
    guard: Guard, writer: BlacklistWriter
) -> None:
    end_session(writer)

    talk = Conversation(bearer(a_token()), kind="websocket").through(guard)

    assert talk.sent == [{"type": "websocket.close", "code": 4401, "reason": "session_revoked"}]


def test_a_websocket_nobody_knows_about_is_to_try_again(guard: Guard, redis_server: EmbeddedRedis) -> None:
    redis_server.flush()

    talk = Conversation(bearer(a_token()), kind="websocket").through(guard)

    assert talk.sent == [{"type": "websocket.close", "code": 1013, "reason": "unknown"}]


def test_starting_and_stopping_the_application_needs_no_token(guard: Guard) -> None:
    assert Conversation(kind="lifespan").through(guard).sent


def test_what_the_guard_cannot_judge_gets_nobody_in(guard: Guard) -> None:
    with pytest.raises(NotImplementedError):
        Conversation(kind="webtransport").through(guard)


def test_the_loop_never_waits_for_redis(own_server: EmbeddedRedis) -> None:
    writer, reader = BlacklistWriter(own_server.url, ENV), BlacklistReader(own_server.url, ENV)
    writer.open_gate(fresh_marker())
    own_server.freeze()
    talk = Conversation(bearer(a_token()))

    longest = asyncio.run(longest_pause_during(talk.talk(Guard(reader, trusting))))

    own_server.thaw()
    assert talk.sent[0]["status"] == 503
    assert longest < 0.25
    reader.close()
    writer.close()


async def longest_pause_during(work: Any) -> float:
    """How long, at most, the loop had no time for anybody else; a frozen look-up takes a second here."""
    task, longest = asyncio.ensure_future(work), 0.0
    while not task.done():
        began = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - began)
    return longest


def test_an_answer_that_is_late_is_unknown(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "ANSWER_SECONDS", 0.0)

    assert Conversation(bearer(a_token())).through(guard).sent[0]["status"] == 503
