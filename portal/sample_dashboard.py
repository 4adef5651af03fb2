"""A sample application with cookie sign-in for the demo: signed in by OpenID Connect, out at the next click.

It is what an application of your own would look like: Authlib signs people in at the authorization server, the
guard is asked about the cookie's session on every request, and it knows nothing of Curfew but addresses.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from portal.sample_service import serve_on_loopback
from sessions_app.blacklist.guard import Guard, load_profiles
from sessions_app.blacklist.local_sessions import LocalSession
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.responses import RETRY_AFTER_SECONDS
from sessions_app.blacklist.verdict import Outcome
from sessions_app.blacklist.wsgi import SessionMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CLIENT_ID = "dashboard"
COOKIE = "dashboard_session"
SCOPE = "openid profile"
SESSIONS_AT_MOST = 1000
TIMEOUT_SECONDS = 5

WHY = {
    "session_revoked": "Your access was ended. Sign in again.",
    "user_blocked": "Your access was ended, and signing in is blocked. Ask your company.",
    "claims_changed": "What you may do has changed. Sign in again.",
    "step_up": "Sign in again with a second factor.",
    "project_ended": "The project you had access for has ended.",
}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Northwind dashboard</title></head>
<body><main><h1>Northwind dashboard</h1>{content}</main></body></html>
"""


@dataclass
class Visit:
    """What one browser's cookie stands for: on its way to sign in, or signed in."""

    state: str = ""
    verifier: str = ""
    name: str = ""
    session: LocalSession | None = None


@dataclass
class Dashboard:
    """The application itself. `issuer` is the authorization server's address, `own` this application's."""

    issuer: str
    own: str
    guard: Guard
    visits: dict[str, Visit] = field(default_factory=dict)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        pages: dict[str, Callable[[WSGIEnvironment], tuple[str, list[tuple[str, str]], str]]] = {
            "/": self.home,
            "/sign-in": self.sign_in,
            "/callback": self.callback,
            "/ended": self.ended,
            "/health": lambda _environ: ("200 OK", [], "<p>ok</p>"),
        }
        page = pages.get(environ.get("PATH_INFO", ""))
        status, headers, content = page(environ) if page else ("404 Not Found", [], "<p>Not found.</p>")
        body = PAGE.format(content=content).encode()
        kept = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
        start_response(status, [*kept, *headers, ("Content-Length", str(len(body)))])
        return [body]

    # --- Pages ---

    def home(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], str]:
        visit = self.visit_of(environ)
        if visit is None or visit.session is None:
            return (
                "200 OK",
                [],
                '<p>You are not signed in.</p><p><a href="/sign-in">Sign in with Curfew</a></p>',
            )
        name = escape(visit.name)
        return (
            "200 OK",
            [],
            f"<p>Welcome, {name}. Three reports wait for you.</p><p><a href='/'>Reload</a></p>",
        )

    def sign_in(self, _environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], str]:
        """To the authorization server, with state and PKCE remembered under a new cookie."""
        verifier = secrets.token_urlsafe(48)
        metadata = self.discover()
        with self.client() as client:
            address, state = client.create_authorization_url(
                metadata["authorization_endpoint"], code_verifier=verifier
            )
        cookie = self.keep(Visit(state=state, verifier=verifier))
        return "302 Found", [("Location", address), ("Set-Cookie", cookie)], ""

    def callback(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], str]:
        """Back with a code: exchanged, verified by the guard like any token, and remembered."""
        visit = self.visit_of(environ)
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        if visit is None or not visit.state or asked.get("state") != [visit.state] or "code" not in asked:
            return "400 Bad Request", [], '<p>This sign-in cannot go on. <a href="/sign-in">Try again</a></p>'
        try:
            tokens, about = self.exchange(asked["code"][0], visit)
        except (OAuthError, requests.RequestException):
            return "400 Bad Request", [], '<p>This sign-in cannot go on. <a href="/sign-in">Try again</a></p>'
        verdict = self.guard.check(tokens["access_token"])
        if verdict.outcome is Outcome.UNKNOWN:
            return (
                "503 Service Unavailable",
                [("Retry-After", str(RETRY_AFTER_SECONDS))],
                '<p>It is not known at the moment whether you may come in. <a href="/sign-in">Try again</a></p>',
            )
        if verdict.outcome is not Outcome.ALLOWED or verdict.claims is None:
            return "401 Unauthorized", [], "<p>This sign-in is not good any more.</p>"
        visit.state, visit.name = "", str(about.get("name", ""))
        visit.session = LocalSession.of(verdict.claims)
        # Under a new cookie: whoever planted the old one in this browser must not be signed in with it.
        self.visits.pop(cookie_in(environ))
        return "303 See Other", [("Location", "/"), ("Set-Cookie", self.keep(visit))], ""

    def ended(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], str]:
        reason = parse_qs(environ.get("QUERY_STRING", "")).get("ended", [""])[0]
        why = WHY.get(reason, WHY["session_revoked"])
        return "401 Unauthorized", [], f'<p>{why}</p><p><a href="/sign-in">Sign in</a></p>'

    # --- The authorization server ---

    def discover(self) -> dict[str, Any]:
        answer = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def client(self) -> Any:
        return OAuth2Session(
            CLIENT_ID,
            scope=SCOPE,
            redirect_uri=f"{self.own}/callback",
            code_challenge_method="S256",
            token_endpoint_auth_method="none",  # noqa: S106  # a public client has no secret
        )

    def exchange(self, code: str, visit: Visit) -> tuple[dict[str, Any], dict[str, Any]]:
        metadata = self.discover()
        with self.client() as client:
            tokens = client.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=visit.verifier, timeout=TIMEOUT_SECONDS
            )
            about = client.get(metadata["userinfo_endpoint"], timeout=TIMEOUT_SECONDS)
            about.raise_for_status()
            return tokens, about.json()

    # --- The cookie ---

    def keep(self, visit: Visit) -> str:
        """Remember it under a new key. Returns the cookie that holds the key."""
        key = secrets.token_urlsafe(32)
        if len(self.visits) >= SESSIONS_AT_MOST:
            self.visits.pop(next(iter(self.visits)))
        self.visits[key] = visit
        return f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax"

    def visit_of(self, environ: WSGIEnvironment) -> Visit | None:
        return self.visits.get(cookie_in(environ))

    def session_of(self, environ: WSGIEnvironment) -> LocalSession | None:
        visit = self.visit_of(environ)
        return visit.session if visit else None

    def end(self, environ: WSGIEnvironment) -> list[tuple[str, str]]:
        """Forget the browser, and let it forget us."""
        self.visits.pop(cookie_in(environ), None)
        return [("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")]


def cookie_in(environ: WSGIEnvironment) -> str:
    try:
        cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def guarded(issuer: str, own: str, redis_url: str, issuers_file: str) -> WSGIApplication:
    """The dashboard behind the guard: whoever was ended is out at the next click, and told why."""
    profiles = load_profiles(issuers_file)
    dashboard = Dashboard(issuer, own, Guard(BlacklistReader(redis_url, profiles.env), profiles))
    return SessionMiddleware(
        dashboard,
        dashboard.guard,
        session_of=dashboard.session_of,
        end=dashboard.end,
        sign_in_url="/ended",
        exempt=["/health", "/ended"],
    )


if __name__ == "__main__":
    try:
        port = int(os.environ["DASHBOARD_PORT"])
        application = guarded(
            os.environ["CURFEW_ADDRESS"],
            f"http://127.0.0.1:{port}",
            os.environ["REDIS_URL"],
            os.environ["GUARD_CONFIG"],
        )
        serve_on_loopback(port, application)
    except KeyError as missing:
        sys.exit(f"{missing.args[0]} must be set.")
    except KeyboardInterrupt:
        pass
