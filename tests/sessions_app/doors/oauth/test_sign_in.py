"""Signing in to an application with the built-in authorization server: code, PKCE, and what the tokens say."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from audit.initiators import the_shell
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.oauth_clients import switch_off
from sessions_app.models import (
    Application,
    Session,
    Token,
    TokenKind,
    User,
)
from tests.factories import AUDIENCE, a_group, a_project, an_entitlement, verdict_on
from tests.oauth_client import REDIRECT_URI, App, an_app, sent_back
from tests.portal.signed_in import browser_of, text_of

pytestmark = pytest.mark.django_db


def claims_in(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_code_becomes_tokens_that_every_guard_allows(app: App, ines: User):
    tokens = app.sign_in(ines)

    verdict = verdict_on(tokens.access_token)
    assert (verdict.outcome, verdict.cause) == (Outcome.ALLOWED, "")
    assert tokens.raw["token_type"] == "Bearer"
    assert tokens.raw["expires_in"] == 300


def test_an_access_token_says_who_which_session_and_since_when(app: App, ines: User):
    tokens = app.sign_in(ines)

    header, claims = jwt.get_unverified_header(tokens.access_token), claims_in(tokens.access_token)
    session = Session.objects.get(client="dashboard")
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert claims["iss"] == settings.BASE_URL
    assert claims["sub"] == str(ines.pk)
    assert (claims["aud"], claims["client_id"], claims["scope"]) == (AUDIENCE, "dashboard", "openid profile")
    assert (claims["sid"], claims["auth_time"]) == (session.sid, int(session.began_at.timestamp()))
    assert Token.objects.get(token_id=claims["jti"]).kind == TokenKind.ACCESS


def test_an_access_token_carries_groups_roles_and_the_earliest_end_of_a_project(
    carlos: User, wiki: Application
):
    app = an_app(application=wiki)
    an_entitlement(wiki, a_group("phoenix"), "edit")
    ends_at = (timezone.now() + timedelta(days=7)).replace(microsecond=0)
    a_project("phoenix", ends_at=ends_at).groups.add(a_group("phoenix"))

    claims = claims_in(app.sign_in(carlos).access_token)

    assert (claims["groups"], claims["roles"], claims["projects"]) == (["phoenix"], ["edit"], ["phoenix"])
    assert claims["project_end_date"] == int(ends_at.timestamp())


def test_the_id_token_is_for_the_client_and_no_service_takes_it_for_an_access_token(app: App, ines: User):
    tokens = app.sign_in(ines)

    claims = claims_in(tokens.id_token)
    assert (claims["aud"], claims["nonce"], claims["sub"]) == ("dashboard", "nonce-1", str(ines.pk))
    assert verdict_on(tokens.id_token).outcome is Outcome.INVALID
    assert verdict_on(tokens.refresh_token).outcome is Outcome.INVALID


def test_the_session_lists_the_application_and_ends_with_its_chain(wiki: Application, ines: User):
    an_app(application=wiki, chain_seconds=3600).sign_in(ines)

    session = Session.objects.get(client="dashboard")
    assert list(session.applications.all()) == [wiki]
    assert timedelta(minutes=59) < session.expires_at - timezone.now() <= timedelta(hours=1)


def test_a_code_that_nobody_exchanges_leaves_no_open_session(app: App, ines: User):
    app.code_for(browser_of(ines))

    session = Session.objects.get(client="dashboard")
    assert session.expires_at - timezone.now() <= timedelta(minutes=1)


def test_the_answer_says_who_answers_and_repeats_the_state(app: App, ines: User):
    address, _verifier = app.question()

    answer = sent_back(browser_of(ines).get(address))

    assert (answer["state"], answer["iss"]) == ("state-1", settings.BASE_URL)


def test_nothing_secret_is_stored(app: App, ines: User):
    code, verifier = app.code_for(browser_of(ines))
    tokens = app.exchange(code, verifier)

    kept = str([*app.client.__class__.objects.values(), *Token.objects.values()])
    kept += str(list(app.client.authorizationcode_set.values()))
    assert code not in kept
    assert tokens.refresh_token not in kept
    assert app.secret not in kept


# --- Who is asked what ----------------------------------------------------------------------------


def test_somebody_not_signed_in_is_asked_to_and_comes_back(app: App):
    address, _verifier = app.question()

    answer = Client().get(address)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/oauth/authorize")


def test_an_application_that_is_not_trusted_asks_for_consent_once(ines: User):
    app = an_app(is_trusted=False)
    browser = browser_of(ines)
    address, _verifier = app.question()

    page = browser.get(address)
    allowed = browser.post(address, {"allow": "yes"})
    again = browser.get(address)

    assert "your name and user name" in text_of(page)
    assert "code" in sent_back(allowed)
    assert "code" in sent_back(again)


def test_more_scopes_are_asked_for_anew(ines: User):
    app = an_app(is_trusted=False)
    browser = browser_of(ines)
    browser.post(app.question()[0], {"allow": "yes"})

    assert browser.get(app.question(scope="openid profile email")[0]).status_code == 200


def test_whoever_refuses_consent_is_sent_back_without_a_code(ines: User):
    app = an_app(is_trusted=False)

    answer = sent_back(browser_of(ines).post(app.question()[0], {"deny": "yes"}))

    assert (answer["error"], answer["state"]) == ("access_denied", "state-1")
    assert not Session.objects.filter(client="dashboard").exists()


def test_the_consent_form_may_lead_to_the_client_and_nowhere_else(ines: User):
    app = an_app(is_trusted=False)

    policy = browser_of(ines).get(app.question()[0])["Content-Security-Policy"]

    assert "form-action 'self' https://dashboard.northwind.example" in policy


def test_prompt_none_never_shows_a_page(app: App, ines: User):
    untrusted = an_app("other", is_trusted=False)

    anonymous = sent_back(Client().get(app.question(prompt="none")[0]))
    without_consent = sent_back(browser_of(ines).get(untrusted.question(prompt="none")[0]))
    silent = sent_back(browser_of(ines).get(app.question(prompt="none")[0]))

    assert anonymous["error"] == "login_required"
    assert without_consent["error"] == "consent_required"
    assert "code" in silent


def test_prompt_login_signs_out_first_and_asks_only_once(app: App, ines: User):
    browser = browser_of(ines)

    answer = browser.post(app.question(prompt="login")[0], {"again": "yes"})

    assert answer["Location"].startswith("/accounts/login/")
    assert "prompt%3Dlogin" not in answer["Location"]
    assert browser.get("/me/")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("anew", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_foreign_page_that_leads_a_browser_here_signs_nobody_out(app: App, ines: User, anew):
    browser = browser_of(ines)
    Session.objects.filter(user=ines).update(began_at=timezone.now() - timedelta(minutes=5))

    page = browser.get(app.question(**anew)[0])

    assert "asks you to sign in again" in text_of(page)
    assert browser.get("/me/").status_code == 200


def test_whoever_will_not_sign_in_again_stays_signed_in_and_the_client_is_told(app: App, ines: User):
    browser = browser_of(ines)

    answer = sent_back(browser.post(app.question(prompt="login")[0], {"deny": "yes"}))

    assert (answer["error"], answer["state"]) == ("access_denied", "state-1")
    assert browser.get("/me/").status_code == 200


def test_consent_given_to_an_older_question_is_no_answer_to_prompt_login(app: App, ines: User):
    page = browser_of(ines).post(app.question(prompt="login")[0], {"allow": "yes"})

    assert "asks you to sign in again" in text_of(page)


def test_a_sign_in_older_than_max_age_is_asked_for_anew(app: App, ines: User):
    browser = browser_of(ines)
    Session.objects.filter(user=ines).update(began_at=timezone.now() - timedelta(minutes=5))

    again = browser.post(app.question(max_age="60")[0], {"again": "yes"})

    assert again["Location"].startswith("/accounts/login/")
    assert "code" in sent_back(browser_of(ines).get(app.question(max_age="60")[0]))


# --- What leads nowhere ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": "\x00"},
        {"client_id": ""},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"redirect_uri": REDIRECT_URI + "?more=1"},
        {"redirect_uri": REDIRECT_URI.replace("https", "http")},
        {"redirect_uri": REDIRECT_URI.replace("://", "://user@")},
        {"redirect_uri": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_wrong_client_or_address_is_answered_with_a_page(app: App, ines: User, changes: dict[str, str]):
    answer = browser_of(ines).get(app.question(**changes)[0])

    assert answer.status_code == 400
    assert "Sign-in cannot go on" in text_of(answer)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "openid root"}, "invalid_scope"),
    ],
    ids=str,
)
def test_a_request_we_do_not_take_is_told_to_its_client(
    app: App, ines: User, changes: dict[str, str], error: str
):
    answer = sent_back(browser_of(ines).get(app.question(**changes)[0]))

    assert (answer["error"], answer["iss"]) == (error, settings.BASE_URL)


def test_a_disabled_client_gets_nothing(app: App, ines: User):
    switch_off(app.client, by=the_shell())

    assert browser_of(ines).get(app.question()[0]).status_code == 400


def test_a_native_client_may_come_from_any_port_of_this_machine(ines: User):
    app = an_app("cli", is_confidential=False, redirect_uris=("http://127.0.0.1:1/cb",))

    answer = browser_of(ines).get(app.question(redirect_uri="http://127.0.0.1:51234/cb")[0])

    assert answer["Location"].startswith("http://127.0.0.1:51234/cb?code=")
