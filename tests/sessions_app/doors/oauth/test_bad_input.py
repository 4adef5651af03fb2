"""What no client in its right mind sends: refused as the sender's fault, by page, redirect or JSON, never a 500."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import jwt
import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.models import AuthorizationCode, Session, Token, User
from tests.oauth_client import App, a_service, basic, sent_back, tokens_of
from tests.portal.signed_in import browser_of, text_of

pytestmark = pytest.mark.django_db


# --- At the browser -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": "n" * 256}, "invalid_request"),
        ({"nonce": "a\x00"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "a" * 500}, "invalid_request"),
        ({"code_challenge": "\x00" * 43}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"scope": "openid " * 200}, "invalid_scope"),
        ({"scope": "\x00"}, "invalid_scope"),
        ({"claims": "{"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_the_client_is_told_what_it_may_not_ask(app: App, ines: User, changes: dict[str, str], error: str):
    answer = sent_back(browser_of(ines).get(app.question(**changes)[0]))

    assert (answer["error"], answer["state"]) == (error, "state-1")
    assert not AuthorizationCode.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": "\x00"},
        {"client_id": "d" * 300},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "https://dashboard.northwind.example/callback/"},
        {"redirect_uri": "https://dashboard.northwind.example/callback?x=1"},
        {"redirect_uri": "https://dashboard.northwind.example/callback#x"},
        {"redirect_uri": "https://dashboard.northwind.example@evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//evil.example"},
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_unknown_client_or_address_leads_nowhere(app: App, ines: User, changes: dict[str, str]):
    answer = browser_of(ines).get(app.question(**changes)[0])

    assert answer.status_code == 400
    assert "Sign-in cannot go on" in text_of(answer)


def test_a_client_with_no_place_to_send_anybody_back_to_leads_nowhere(ines: User):
    address, _verifier = a_service().question(redirect_uri="")
    browser = browser_of(ines)
    Session.objects.update(ended_at=timezone.now())

    answers = [browser.get(address), browser.get(address), Client().get(address)]

    assert [answer.status_code for answer in answers] == [302, 400, 400]


@pytest.mark.parametrize(
    "more",
    [
        "&x=%zz",
        "&state=b",
        "&nonce=b",
        "&prompt=none&prompt=login",
        "&code_challenge=b",
        "&client_id=dashboard",
    ],
)
def test_a_request_of_two_meanings_leads_nowhere(app: App, ines: User, more: str):
    answer = browser_of(ines).get(app.question()[0] + more)

    assert answer.status_code == 400
    assert "comes twice, or cannot be read" in text_of(answer)
    assert not AuthorizationCode.objects.exists()


# What the database, oauthlib and our own code each have been seen to choke on, beside anything at all.
TEXTS = st.sampled_from(["", "\x00", "%", "é", "{}", "[]", "none", "S256", "openid", "9" * 400]) | st.text(
    max_size=40
)
NAMES = st.sampled_from(
    ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "claims",
     "acr_values", "code_challenge", "code_challenge_method", "id_token_hint", "ui_locales", "response_mode", "client",
     "user", "scopes", "origin", "extra_credentials", "resource"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(NAMES, TEXTS, max_size=4))
def test_no_question_at_all_is_answered_with_a_500(app: App, ines: User, changes: dict[str, str]):
    answer = browser_of(ines).get(app.question(**changes)[0])

    assert answer.status_code in (302, 400)


# --- At the machines' addresses -------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize(
    "query", ["?x=%zz", "?client_id=dashboard&client_secret=x", "?grant_type=refresh_token"]
)
def test_nothing_is_read_from_the_address(app: App, address: str, query: str):
    answer = app.post(address + query, {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["extra_credentials", "client", "user", "scopes", "refresh_token", "origin"])
def test_no_parameter_passes_for_what_the_server_knows_itself(app: App, ines: User, name: str):
    code, verifier = app.code_for(browser_of(ines))

    answer = app.post_code(code, verifier, **{name: "sam"})

    assert answer.status_code == 200
    assert jwt.decode(answer.json()["access_token"], options={"verify_signature": False})["sub"] == str(
        ines.pk
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=80), address=st.sampled_from(["/oauth/token", "/oauth/revoke"]))
def test_no_bytes_at_all_are_answered_with_a_500(app: App, body: bytes, address: str):
    answer = app.machine.post(
        address,
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": basic("dashboard", app.secret)},
    )

    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("name", ["dashboard", "dashboard\x00", "%zz", "\u00e9" * 300])
@pytest.mark.parametrize("secret", ["\x00", "a" * 5000, "%zz", "%00"])
def test_no_credential_at_all_is_answered_with_a_500(app: App, name: str, secret: str):
    answer = Client().post(
        "/oauth/token",
        urlencode({"grant_type": "client_credentials"}),
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": basic(name, secret)},
    )

    assert answer.status_code in (400, 401)


# --- Tokens that are none -------------------------------------------------------------------------


def userinfo(token: str) -> int:
    return Client().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256", "kid": "../../etc/passwd"},
        {"alg": "ES256", "kid": "' OR 1=1 --"},
        {"alg": "ES256", "jku": "https://evil.example/jwks"},
        {"typ": "JWT"},
    ],
    ids=str,
)
def test_user_information_is_not_given_for_a_token_that_was_tampered_with(
    app: App, ines: User, header: dict[str, str]
):
    token = app.sign_in(ines).access_token
    first, rest = token.split(".", 1)
    tampered = to_base64url(json.dumps({**jwt.get_unverified_header(token), **header}))

    assert userinfo(f"{first}.{rest}") == 200
    assert userinfo(f"{tampered}.{rest}") == 401
    assert userinfo(f"{tampered}.{rest.partition('.')[0]}.") == 401


def to_base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_neither_refresh_nor_id_token_passes_for_an_access_token(app: App, ines: User):
    tokens = app.sign_in(ines)

    assert [userinfo(tokens.refresh_token), userinfo(tokens.id_token)] == [401, 401]


# --- What is said of a token is true --------------------------------------------------------------


def test_a_token_that_ends_with_its_session_says_so(app: App, ines: User):
    tokens = app.sign_in(ines)
    session = Token.objects.filter(client=app.client).latest("pk").session
    session.expires_at = (
        session.last_used_at.replace(microsecond=0) + (session.expires_at - session.last_used_at) / 800
    )
    session.save(update_fields=["expires_at"])

    answer = app.refresh(tokens.refresh_token).json()

    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert answer["expires_in"] == claims["exp"] - claims["iat"] < 60


def test_a_client_for_itself_never_draws_the_last_seconds_of_a_chain():
    service = a_service(access_token_seconds=300, chain_seconds=300)
    form = {"grant_type": "client_credentials"}

    first, second = (tokens_of(service.post("/oauth/token", form)) for _ in range(2))

    assert first.raw["expires_in"] >= 299
    assert second.raw["expires_in"] >= 299
