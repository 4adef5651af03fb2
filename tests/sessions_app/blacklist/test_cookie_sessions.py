"""An application's own cookie session, under the guard: out at the next request, and told why."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.local_sessions import LocalSession
from sessions_app.blacklist.values import UserValue
from sessions_app.blacklist.writer import BlacklistWriter
from sessions_app.blacklist.wsgi import SessionMiddleware
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.entries import end_session, publish
from tests.sessions_app.blacklist.issuer import NOW_MS, REALM, a_token

BROWSER = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
CLEARED = ("Set-Cookie", "sid=; Max-Age=0; Path=/")


class Dashboard:
    """A small application with sign-ins in its own memory, by cookie."""

    def __init__(self, guard: Guard, **options: Any) -> None:
        self.sessions = {"c1": ines_since(NOW_MS - 60_000)}
        self.guarded = SessionMiddleware(
            validator(self.page), guard, session_of=self.session_of, end=self.end, **options
        )

    def session_of(self, environ: dict[str, Any]) -> LocalSession | None:
        return self.sessions.get(environ.get("HTTP_COOKIE", "").removeprefix("sid="))

    def end(self, environ: dict[str, Any]) -> list[tuple[str, str]]:
        self.sessions.pop(environ["HTTP_COOKIE"].removeprefix("sid="))
        return [CLEARED]

    def page(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"your dashboard"]

    def click(self, *, accept: str = BROWSER, path: str = "/") -> tuple[str, dict[str, str], str]:
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        environ |= {"HTTP_COOKIE": "sid=c1", "HTTP_ACCEPT": accept, "PATH_INFO": path, "QUERY_STRING": ""}
        answered: list[Any] = []
        chunks = validator(self.guarded)(
            environ, lambda status, headers, exc_info=None: answered.extend([status, dict(headers)])
        )
        body = b"".join(chunks)
        chunks.close()  # type: ignore[attr-defined] # the validator's iterator has one
        return answered[0], answered[1], body.decode()


def ines_since(started_at_ms: int, **more: Any) -> LocalSession:
    return LocalSession(realm=REALM, person="ines", sid="session-1", started_at_ms=started_at_ms, **more)


@pytest.fixture
def dashboard(guard: Guard) -> Iterator[Dashboard]:
    return Dashboard(guard)


def test_a_sign_in_nothing_is_known_against_goes_on(dashboard: Dashboard) -> None:
    assert dashboard.click()[0] == "200 OK"


def test_an_ended_sign_in_is_out_at_the_next_click_and_told_why(
    dashboard: Dashboard, writer: BlacklistWriter
) -> None:
    end_session(writer)

    status, headers, page = dashboard.click()

    assert status == "401 Unauthorized"
    assert "This access has been ended" in page
    assert headers["Set-Cookie"] == CLEARED[1]
    assert headers["Cache-Control"] == "no-store"
    assert dashboard.sessions == {}


def test_after_that_the_browser_is_only_a_visitor(dashboard: Dashboard, writer: BlacklistWriter) -> None:
    end_session(writer)
    dashboard.click()

    assert dashboard.click()[0] == "200 OK"


@pytest.mark.parametrize(
    ("sign_in_url", "location"),
    [("/sign-in/", "/sign-in/?ended=project_ended"), ("/in?next=a", "/in?next=a&ended=project_ended")],
)
def test_an_ended_sign_in_is_sent_to_the_sign_in_page(
    sign_in_url: str, location: str, guard: Guard, writer: BlacklistWriter
) -> None:
    end_session(writer, why="project_ended")

    status, headers, _page = Dashboard(guard, sign_in_url=sign_in_url).click()

    assert (status, headers["Location"]) == ("303 See Other", location)


def test_a_program_gets_the_problem_instead_of_a_page(guard: Guard, writer: BlacklistWriter) -> None:
    end_session(writer)

    status, _headers, body = Dashboard(guard, sign_in_url="/sign-in/").click(accept="application/json")

    assert status == "401 Unauthorized"
    assert json.loads(body)["reason"] == "session_revoked"


def test_a_cutoff_ends_a_sign_in_whose_id_nobody_knew(dashboard: Dashboard, writer: BlacklistWriter) -> None:
    publish(writer, UserValue(1, False, NOW_MS, 0, "CF-A"))

    assert dashboard.click()[0] == "401 Unauthorized"


def test_the_same_id_in_another_realm_is_somebody_else(dashboard: Dashboard, writer: BlacklistWriter) -> None:
    publish(writer, UserValue(1, True, NOW_MS, 0, "CF-A"), realm="elsewhere")

    assert dashboard.click()[0] == "200 OK"


def test_while_it_is_unknown_the_sign_in_stays(dashboard: Dashboard, redis_server: EmbeddedRedis) -> None:
    redis_server.flush()

    status, headers, page = dashboard.click()

    assert status == "503 Service Unavailable"
    assert int(headers["Retry-After"]) > 0
    assert "You are still signed in" in page
    assert "Set-Cookie" not in headers
    assert dashboard.sessions


def test_a_sign_in_without_a_second_factor_is_refused_where_one_is_demanded(
    dashboard: Dashboard, writer: BlacklistWriter
) -> None:
    publish(writer, UserValue(1, False, 0, NOW_MS - 120_000, "CF-A"))

    assert "second factor" in dashboard.click()[2]
    dashboard.sessions["c1"] = ines_since(NOW_MS, second_factor=True)
    assert dashboard.click()[0] == "200 OK"


def test_a_sign_in_outlives_no_project(dashboard: Dashboard) -> None:
    dashboard.sessions["c1"] = ines_since(NOW_MS - 60_000, project_end_ms=NOW_MS - 1000)

    assert "project" in dashboard.click()[2]


def test_an_application_that_cannot_say_who_it_is_lets_nobody_in(
    guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    dashboard = Dashboard(guard)
    dashboard.sessions["c1"] = "not a session"  # type: ignore[assignment]
    broken = SessionMiddleware(
        dashboard.page, guard, session_of=lambda _environ: LocalSession.from_json({}), end=dashboard.end
    )
    dashboard.guarded = broken

    assert dashboard.click()[0] == "503 Service Unavailable"
    assert "could not say who is signed in" in caplog.text


def test_an_application_that_fails_to_end_its_session_is_not_sent_in_circles(
    guard: Guard, writer: BlacklistWriter, caplog: pytest.LogCaptureFixture
) -> None:
    end_session(writer)
    dashboard = Dashboard(guard, sign_in_url="/sign-in/")
    dashboard.guarded = SessionMiddleware(
        dashboard.page,
        guard,
        session_of=dashboard.session_of,
        end=lambda _environ: 1 / 0,
        sign_in_url="/in/",  # type: ignore[arg-type,return-value]
    )

    assert dashboard.click()[0] == "401 Unauthorized"
    assert "could not end its session" in caplog.text


def test_an_exempt_path_asks_nobody(guard: Guard, writer: BlacklistWriter) -> None:
    end_session(writer)
    dashboard = Dashboard(guard, exempt=["/health"])

    assert dashboard.click(path="/health")[0] == "200 OK"
    assert dashboard.click(path="/health/")[0] == "401 Unauthorized"


def test_what_is_kept_of_a_token_survives_a_session_store(guard: Guard) -> None:
    claims = guard.check(a_token(project_end_date=NOW_MS // 1000 + 3000)).claims
    assert claims is not None
    session = LocalSession.of(claims)

    assert LocalSession.from_json(json.loads(json.dumps(session.to_json()))) == session
    assert guard.check_subject(session.subject()).outcome == "allowed"
