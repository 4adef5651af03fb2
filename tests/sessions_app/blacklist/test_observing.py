"""What a service's guard answers can be told on, from every middleware, and never at the request's cost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from sessions_app.blacklist.asgi import AsgiGuardMiddleware, AsgiSessionMiddleware
from sessions_app.blacklist.django import guarding_sessions, guarding_tokens
from sessions_app.blacklist.guard import Guard, GuardMiddleware
from sessions_app.blacklist.local_sessions import LocalSession
from sessions_app.blacklist.observations import Observation, ObservationBuffer
from sessions_app.blacklist.observing import Observe
from sessions_app.blacklist.writer import BlacklistWriter
from sessions_app.blacklist.wsgi import SessionMiddleware
from tests.sessions_app.blacklist.entries import end_session
from tests.sessions_app.blacklist.issuer import ISS, NOW_MS, REALM, a_token

SESSION = LocalSession(realm=REALM, person="ines", sid="session-1", started_at_ms=NOW_MS - 60_000, issuer=ISS)


def over_wsgi(guard: Guard, observe: Observe) -> None:
    environ = {"HTTP_AUTHORIZATION": f"Bearer {a_token()}", "REMOTE_ADDR": "203.0.113.7"}
    GuardMiddleware(service, guard, observe=observe, where="billing")(environ, nobody)


def with_a_cookie_over_wsgi(guard: Guard, observe: Observe) -> None:
    SessionMiddleware(
        service,
        guard,
        session_of=lambda _environ: SESSION,
        end=lambda _environ: (),
        observe=observe,
        where="billing",
    )({"REMOTE_ADDR": "203.0.113.7"}, nobody)


def over_asgi(guard: Guard, observe: Observe) -> None:
    headers = [(b"authorization", f"Bearer {a_token()}".encode())]
    scope = {"type": "http", "path": "/", "headers": headers, "client": ("203.0.113.7", 4711)}
    asyncio.run(
        AsgiGuardMiddleware(nothing, guard, observe=observe, where="billing")(scope, nothing, nothing)
    )


def with_a_cookie_over_asgi(guard: Guard, observe: Observe) -> None:
    scope = {"type": "http", "path": "/", "headers": [], "client": ("203.0.113.7", 4711)}
    guarded = AsgiSessionMiddleware(
        nothing,
        guard,
        session_of=lambda _scope: SESSION,
        end=lambda _scope: (),
        observe=observe,
        where="billing",
    )
    asyncio.run(guarded(scope, nothing, nothing))


def in_django(guard: Guard, observe: Observe) -> None:
    request = RequestFactory().get(
        "/", headers={"Authorization": f"Bearer {a_token()}"}, REMOTE_ADDR="203.0.113.7"
    )
    guarding_tokens(guard, observe=observe, where="billing")(lambda _request: HttpResponse())(request)


def with_a_cookie_in_django(guard: Guard, observe: Observe) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")
    guarding_sessions(
        guard,
        session_of=lambda _request: SESSION,
        end=lambda _request: None,
        observe=observe,
        where="billing",
    )(lambda _request: HttpResponse())(request)


def service(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return []


def nobody(*_args: Any) -> Any:
    return None


async def nothing(*_args: Any) -> Any:
    return {}


WAYS = [
    over_wsgi,
    with_a_cookie_over_wsgi,
    over_asgi,
    with_a_cookie_over_asgi,
    in_django,
    with_a_cookie_in_django,
]


@pytest.mark.parametrize("way", WAYS)
def test_whoever_wants_to_know_hears_who_was_where_and_what_was_answered(
    way: Any, guard: Guard, writer: BlacklistWriter
) -> None:
    buffer = ObservationBuffer()

    way(guard, buffer.add)
    end_session(writer)
    way(guard, buffer.add)

    allowed, refused = buffer.take(9)
    assert said(allowed) == ("billing", "allowed", "", "203.0.113.7")
    assert (allowed.issuer, allowed.realm, allowed.person, allowed.sid) == (ISS, REALM, "ines", "session-1")
    assert said(refused) == ("billing", "revoked", "session_revoked", "203.0.113.7")
    assert refused.receipt == "CF-A"


def said(seen: Observation) -> tuple[str, str, str, str | None]:
    return seen.where, str(seen.outcome), seen.cause, seen.address


@pytest.mark.parametrize("way", WAYS)
def test_a_listener_that_fails_costs_the_request_nothing(
    way: Any, guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(_seen: Observation) -> None:
        raise RuntimeError

    way(guard, failing)

    assert "could not be passed on" in caplog.text
