"""The guard as a Django project has it: a middleware for tokens, and one for the sign-ins in its sessions."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from pytest_django import Settings

from sessions_app.blacklist.continuing import AccessEnded
from sessions_app.blacklist.django import guarding_sessions, guarding_tokens, keep_session
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.local_sessions import LocalSession
from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.entries import end_session
from tests.sessions_app.blacklist.issuer import NOW_MS, REALM, a_token

BROWSER = "text/html"


def whoami(request: HttpRequest) -> HttpResponse:
    names = ("X-Auth-Subject", "X-Auth-Session", "X-Auth-Roles")
    return JsonResponse({name: request.headers[name] for name in names if name in request.headers})


def with_token(token: str, path: str = "/orders", **headers: str) -> HttpRequest:
    return RequestFactory().get(path, headers={"Authorization": f"Bearer {token}", **headers})


# --- Tokens ---------------------------------------------------------------------------------------


def test_an_allowed_request_reaches_the_view_with_its_person(guard: Guard) -> None:
    request = with_token(a_token(), **{"X-Auth-Subject": "hana", "X-Auth-Roles": "admin"})
    assert request.headers["X-Auth-Subject"] == "hana"  # read before, as an earlier middleware may

    response = guarding_tokens(guard)(whoami)(request)

    assert json.loads(response.content) == {"X-Auth-Subject": "ines", "X-Auth-Session": "session-1"}  # type: ignore[attr-defined]
    assert request.curfew_verdict.outcome == "allowed"  # type: ignore[attr-defined]


def test_a_revoked_token_does_not_reach_the_view(guard: Guard, writer: BlacklistWriter) -> None:
    end_session(writer)

    response = guarding_tokens(guard)(unreachable)(with_token(a_token()))

    assert response.status_code == 401
    assert 'error_description="session_revoked"' in response["WWW-Authenticate"]


def test_unknown_is_503(guard: Guard, redis_server: EmbeddedRedis) -> None:
    redis_server.flush()

    response = guarding_tokens(guard)(unreachable)(with_token(a_token()))

    assert (response.status_code, response["Retry-After"]) == (503, "2")


def test_only_the_exact_path_is_exempt(guard: Guard) -> None:
    middleware = guarding_tokens(guard, exempt=["/health"])(whoami)

    assert middleware(with_token("", "/health")).status_code == 200
    assert middleware(with_token("", "/health/")).status_code == 401


def test_a_token_for_another_audience_is_refused(guard: Guard) -> None:
    assert (
        guarding_tokens(guard, audience="https://wiki.example")(whoami)(with_token(a_token())).status_code
        == 401
    )


def unreachable(request: HttpRequest) -> HttpResponse:
    raise AssertionError("the view was reached")


# --- Streams --------------------------------------------------------------------------------------


def test_a_stream_stops_once_its_session_was_ended(guard: Guard, writer: BlacklistWriter) -> None:
    def events(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(b"tick %d" % number for number in range(9))

    response = guarding_tokens(guard, recheck_seconds=0)(events)(with_token(a_token()))
    chunks: Iterator[bytes] = response.streaming_content  # type: ignore[attr-defined]
    assert next(chunks) == b"tick 0"
    end_session(writer)

    with pytest.raises(AccessEnded, match="session_revoked"):
        next(chunks)


def test_an_asynchronous_stream_stops_as_well(guard: Guard, writer: BlacklistWriter) -> None:
    async def ticks() -> AsyncIterator[bytes]:
        yield b"tick 0"
        yield b"tick 1"

    response: Any = guarding_tokens(guard, recheck_seconds=0)(lambda _: StreamingHttpResponse(ticks()))(
        with_token(a_token())
    )

    async def scene() -> None:
        chunks = aiter(response.streaming_content)
        assert await anext(chunks) == b"tick 0"
        end_session(writer)
        await anext(chunks)

    with pytest.raises(AccessEnded, match="session_revoked"):
        asyncio.run(scene())


# --- Sign-ins -------------------------------------------------------------------------------------


@pytest.fixture
def signed_cookies(settings: Settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"


class Browser:
    """Ines, signed in to a Django project whose sessions live in signed cookies."""

    def __init__(self, guard: Guard, **options: Any) -> None:
        guarded = guarding_sessions(guard, **options)(self.view)
        self.project = SessionMiddleware(guarded)  # type: ignore[arg-type]  # a view is one too
        self.cookie = ""
        self.is_signing_in = True
        self.click()
        self.is_signing_in = False

    def view(self, request: HttpRequest) -> HttpResponse:
        if self.is_signing_in:
            keep_session(
                request,
                LocalSession(realm=REALM, person="ines", sid="session-1", started_at_ms=NOW_MS - 60_000),
            )
        return HttpResponse("signed in" if "curfew" in request.session else "a visitor")

    def click(self, accept: str = BROWSER) -> HttpResponseBase:
        request = RequestFactory().get("/", headers={"Accept": accept})
        request.COOKIES[settings.SESSION_COOKIE_NAME] = self.cookie
        response = self.project(request)
        if settings.SESSION_COOKIE_NAME in response.cookies:
            self.cookie = response.cookies[settings.SESSION_COOKIE_NAME].value
        return response


@pytest.mark.usefixtures("signed_cookies")
def test_a_sign_in_is_out_at_the_next_click(guard: Guard, writer: BlacklistWriter) -> None:
    browser = Browser(guard, sign_in_url="/accounts/login/")
    assert browser.click().content == b"signed in"  # type: ignore[attr-defined]
    end_session(writer)

    response = browser.click()

    assert (response.status_code, response["Location"]) == (303, "/accounts/login/?ended=session_revoked")
    assert browser.click().content == b"a visitor"  # type: ignore[attr-defined]


@pytest.mark.usefixtures("signed_cookies")
def test_a_sign_in_nobody_can_ask_about_is_ended(guard: Guard) -> None:
    """As one from before there was a guard: whoever had it stolen could end it nowhere."""
    browser = Browser(guard, sign_in_url="/accounts/login/")
    old = SessionStore()
    old["_auth_user_id"] = "7"
    browser.cookie = old._get_session_key()

    response = browser.click()

    assert (response.status_code, response["Location"]) == (303, "/accounts/login/?ended=session_revoked")
    assert "_auth_user_id" not in SessionStore(browser.cookie)


@pytest.mark.usefixtures("signed_cookies")
def test_while_it_is_unknown_the_sign_in_stays(guard: Guard, redis_server: EmbeddedRedis) -> None:
    browser = Browser(guard)
    redis_server.flush()

    assert browser.click().status_code == 503
    assert SessionStore(browser.cookie).get("curfew") is not None


@pytest.mark.usefixtures("signed_cookies")
def test_a_sign_in_that_cannot_be_read_lets_nobody_in(guard: Guard, caplog: pytest.LogCaptureFixture) -> None:
    browser = Browser(guard, session_of=lambda _request: LocalSession.from_json({"realm": "x"}))

    assert browser.click().status_code == 503
    assert "could not say who is signed in" in caplog.text


@pytest.mark.usefixtures("signed_cookies")
def test_a_project_that_fails_to_end_its_session_is_not_sent_in_circles(
    guard: Guard, writer: BlacklistWriter, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(guard, sign_in_url="/accounts/login/", end=lambda _request: 1 / 0)
    end_session(writer)

    assert browser.click().status_code == 401
    assert "could not end its session" in caplog.text


@pytest.mark.usefixtures("signed_cookies")
def test_an_exempt_path_asks_nobody(guard: Guard, writer: BlacklistWriter) -> None:
    browser = Browser(guard, exempt=["/"])
    end_session(writer)

    assert browser.click().content == b"signed in"  # type: ignore[attr-defined]
