"""An ASGI application's own cookie session, under the guard: out at the next request, and told why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from sessions_app.blacklist.asgi import AsgiSessionMiddleware
from sessions_app.blacklist.continuing import AccessEnded
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.local_sessions import LocalSession
from sessions_app.blacklist.values import UserValue
from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.entries import end_session, publish
from tests.sessions_app.blacklist.issuer import NOW_MS, REALM

BROWSER = (b"accept", b"text/html")
CLEARED = ("Set-Cookie", "sid=; Max-Age=0; Path=/")


def ines_since(started_at_ms: int, **more: Any) -> LocalSession:
    return LocalSession(realm=REALM, person="ines", sid="session-1", started_at_ms=started_at_ms, **more)


class Dashboard:
    """A small application with sign-ins in a store of its own, which has to be waited for."""

    def __init__(self, guard: Guard, *, page: Any = None, **options: Any) -> None:
        self.sessions: dict[str, Any] = {"c1": ines_since(NOW_MS - 60_000)}
        self.sent: list[Any] = []
        self.shown: Any = None
        self.guarded = AsgiSessionMiddleware(
            page or self.page, guard, **{"session_of": self.session_of, "end": self.end, **options}
        )

    async def session_of(self, _scope: Any) -> LocalSession | None:
        await asyncio.sleep(0)
        return self.sessions.get("c1")

    async def end(self, _scope: Any) -> list[tuple[str, str]]:
        await asyncio.sleep(0)
        self.sessions.clear()
        return [CLEARED]

    async def page(self, scope: Any, _receive: Any, send: Any) -> None:
        self.shown = scope
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"your dashboard"})

    def click(self, *headers: tuple[bytes, bytes], kind: str = "http", **more: Any) -> Any:
        """What the browser is answered: status and headers of the start, and the text."""
        self.sent.clear()
        scope = {"type": kind, "path": "/", "headers": [*headers], **more}
        asyncio.run(self.guarded(scope, self.receive, self.send))
        start, *rest = self.sent
        told = {name.decode(): value.decode() for name, value in start.get("headers", [])}
        return start.get("status"), told, b"".join(message.get("body", b"") for message in rest).decode()

    async def receive(self) -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


@pytest.fixture
def dashboard(guard: Guard) -> Dashboard:
    return Dashboard(guard)


def test_a_sign_in_nothing_is_known_against_goes_on(dashboard: Dashboard) -> None:
    assert dashboard.click(BROWSER)[0] == 200
    assert dashboard.shown["curfew.verdict"].outcome == "allowed"


def test_an_ended_sign_in_is_out_at_the_next_click_and_told_why(
    dashboard: Dashboard, writer: BlacklistWriter
) -> None:
    end_session(writer)

    status, headers, page = dashboard.click(BROWSER)

    assert (status, headers["set-cookie"], headers["cache-control"]) == (401, CLEARED[1], "no-store")
    assert "This access has been ended" in page
    assert (dashboard.sessions, dashboard.shown) == ({}, None)
    assert dashboard.click(BROWSER)[0] == 200  # a visitor now


def test_an_ended_sign_in_is_sent_to_the_sign_in_page(guard: Guard, writer: BlacklistWriter) -> None:
    end_session(writer, why="project_ended")

    status, headers, _page = Dashboard(guard, sign_in_url="/in/").click(BROWSER)

    assert (status, headers["location"]) == (303, "/in/?ended=project_ended")


def test_a_program_gets_the_problem_instead_of_a_page(guard: Guard, writer: BlacklistWriter) -> None:
    end_session(writer)

    status, headers, body = Dashboard(guard, sign_in_url="/in/").click()

    assert (status, json.loads(body)["reason"]) == (401, "session_revoked")
    assert headers["set-cookie"] == CLEARED[1]


def test_while_it_is_unknown_the_sign_in_stays(dashboard: Dashboard, redis_server: EmbeddedRedis) -> None:
    redis_server.flush()

    status, headers, page = dashboard.click(BROWSER)

    assert (status, headers["retry-after"]) == (503, "2")
    assert "You are still signed in" in page
    assert "set-cookie" not in headers
    assert dashboard.sessions


def test_a_sign_in_without_a_second_factor_is_refused_where_one_is_demanded(
    dashboard: Dashboard, writer: BlacklistWriter
) -> None:
    publish(writer, UserValue(1, False, 0, NOW_MS - 120_000, "CF-A"))

    assert "second factor" in dashboard.click(BROWSER)[2]
    dashboard.sessions["c1"] = ines_since(NOW_MS, second_factor=True)
    assert dashboard.click(BROWSER)[0] == 200


@pytest.mark.parametrize("kept", ["", {}, "not a session", 0])
def test_what_is_no_session_lets_nobody_in(dashboard: Dashboard, kept: object) -> None:
    dashboard.sessions["c1"] = kept

    assert dashboard.click(BROWSER)[0] == 503
    assert dashboard.shown is None


def failing(_scope: Any) -> Any:
    raise ConnectionError("the store is away")


def test_an_application_that_cannot_say_who_it_is_lets_nobody_in(
    guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    assert Dashboard(guard, session_of=failing).click(BROWSER)[0] == 503
    assert "could not say who is signed in" in caplog.text


def test_an_application_that_fails_to_end_its_session_is_not_sent_in_circles(
    guard: Guard, writer: BlacklistWriter, caplog: pytest.LogCaptureFixture
) -> None:
    end_session(writer)

    assert Dashboard(guard, end=failing, sign_in_url="/in/").click(BROWSER)[0] == 401
    assert "could not end its session" in caplog.text


def test_whoever_needs_not_wait_for_its_store_gives_plain_functions(
    guard: Guard, writer: BlacklistWriter
) -> None:
    end_session(writer)
    plain: dict[str, Callable[[Any], Any]] = {
        "session_of": lambda _scope: ines_since(NOW_MS - 60_000),
        "end": lambda _scope: [CLEARED],
    }

    status, headers, _page = Dashboard(guard, **plain).click(BROWSER)

    assert (status, headers["set-cookie"]) == (401, CLEARED[1])


def test_only_the_exact_path_is_exempt(guard: Guard, writer: BlacklistWriter) -> None:
    end_session(writer)

    assert Dashboard(guard, exempt=["/"]).click(BROWSER)[0] == 200
    assert Dashboard(guard, exempt=["/health"]).click(BROWSER)[0] == 401


def test_starting_and_stopping_the_application_needs_no_session(dashboard: Dashboard) -> None:
    dashboard.sessions["c1"] = "not a session"

    assert dashboard.click(kind="lifespan")[0] == 200


def test_what_the_guard_cannot_judge_gets_nobody_in(dashboard: Dashboard) -> None:
    with pytest.raises(NotImplementedError):
        dashboard.click(kind="webtransport")


# --- What lasts -----------------------------------------------------------------------------------


def test_a_websocket_of_an_ended_sign_in_is_closed_before_it_opens(
    dashboard: Dashboard, writer: BlacklistWriter
) -> None:
    end_session(writer)

    dashboard.click(BROWSER, kind="websocket")

    assert dashboard.sent == [{"type": "websocket.close", "code": 4401, "reason": "session_revoked"}]
    assert dashboard.sessions == {}


def test_a_server_that_can_answers_the_websocket_and_clears_the_cookie(
    dashboard: Dashboard, writer: BlacklistWriter
) -> None:
    end_session(writer)

    status, headers, _body = dashboard.click(kind="websocket", extensions={"websocket.http.response": {}})

    assert (status, headers["set-cookie"]) == (401, CLEARED[1])


def test_an_open_websocket_is_closed_once_the_sign_in_was_ended(
    guard: Guard, writer: BlacklistWriter
) -> None:
    async def live(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        end_session(writer)
        await asyncio.sleep(5)

    dashboard = Dashboard(guard, page=live, recheck_seconds=0.01)
    dashboard.click(kind="websocket")

    assert dashboard.sent[-1] == {"type": "websocket.close", "code": 4401, "reason": "session_revoked"}


def test_a_download_is_broken_off_once_the_sign_in_was_ended(guard: Guard, writer: BlacklistWriter) -> None:
    async def download(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        end_session(writer)
        await asyncio.sleep(5)

    with pytest.raises(AccessEnded, match="session_revoked"):
        Dashboard(guard, page=download, recheck_seconds=0.01).click(BROWSER)
