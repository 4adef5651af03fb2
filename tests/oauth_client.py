"""An application at our authorization server, as its developer would write it: browser, code, PKCE, tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client

from audit.initiators import the_shell
from sessions_app.changes.oauth_clients import ClientFacts, create_client
from sessions_app.models import Application, OAuthClient, User
from tests.factories import AUDIENCE
from tests.portal.signed_in import browser_of

REDIRECT_URI = "https://dashboard.northwind.example/callback"


@dataclass
class Tokens:
    """What the token endpoint gave out."""

    access_token: str
    refresh_token: str = ""
    id_token: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass
class App:
    """One registered client and its secret. Talks to the server like any program: form in, JSON out."""

    client: OAuthClient
    secret: str
    machine: Client = field(default_factory=Client)

    def question(self, **changes: str) -> tuple[str, str]:
        """The address to send a browser to, and the PKCE verifier that belongs to it."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        return "/oauth/authorize?" + urlencode({k: v for k, v in asked.items() if v}), verifier

    def code_for(self, browser: Client, **changes: str) -> tuple[str, str]:
        """A code for whoever is signed in in this browser, and its verifier; an explanation is read on the way."""
        address, verifier = self.question(**changes)
        answer = browser.get(address)
        if answer.get("Location", "").startswith("/explanation/"):
            browser.post("/explanation/", {"next": "/"})
            answer = browser.get(address)
        if answer.status_code == 200:
            answer = browser.post(address, {"allow": "yes"})
        return sent_back(answer)["code"], verifier

    def sign_in(self, user: User, **changes: str) -> Tokens:
        """The whole way in, in a browser of the person's own."""
        return self.exchange(*self.code_for(browser_of(user), **changes))

    def exchange(self, code: str, verifier: str, **changes: str) -> Tokens:
        answer = self.post_code(code, verifier, **changes)
        assert answer.status_code == 200, answer.content
        return tokens_of(answer)

    def post_code(self, code: str, verifier: str, **changes: str) -> HttpResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
            **changes,
        }
        return self.post("/oauth/token", form)

    def refresh(self, refresh_token: str, **changes: str) -> HttpResponse:
        return self.post(
            "/oauth/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        )

    def post(self, address: str, form: dict[str, str]) -> HttpResponse:
        if not self.secret:
            form = {"client_id": self.client.client_id, **form}
        return self.machine.post(
            address,
            urlencode(form),
            content_type="application/x-www-form-urlencoded",
            headers={"Authorization": basic(self.client.client_id, self.secret)} if self.secret else {},
        )


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def tokens_of(answer: HttpResponse) -> Tokens:
    raw = answer.json()
    return Tokens(raw["access_token"], raw.get("refresh_token", ""), raw.get("id_token", ""), raw)


def sent_back(answer: HttpResponse) -> dict[str, str]:
    """What stands in the address the browser is sent back to."""
    assert answer.status_code == 302, answer.content
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def an_app(client_id: str = "dashboard", *, application: Application | None = None, **facts: Any) -> App:
    """A confidential client of Northwind, trusted with sign-in so that nobody is asked for consent."""
    usual = {
        "name": "Dashboard",
        "is_confidential": True,
        "redirect_uris": (REDIRECT_URI,),
        "audiences": (AUDIENCE,),
        "is_trusted": True,
    }
    made = create_client(
        ClientFacts(client_id=client_id, application=application, **{**usual, **facts}), by=the_shell()
    )
    return App(client=made.client, secret=made.secret)


def a_service(client_id: str = "nightly-job", **facts: Any) -> App:
    """A client that acts for itself."""
    return an_app(client_id, for_itself=True, redirect_uris=(), name="Nightly job", **facts)
