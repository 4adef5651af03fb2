"""A client that asks for a second factor (RFC 9470), and one that wants no page shown for anything."""

from __future__ import annotations

import jwt
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.utils import timezone

from sessions_app.models import Session, User
from sessions_app.models.reasons import Reason
from sessions_app.tokens.own_issuer import SECOND_FACTOR_ACR
from tests.oauth_client import App, sent_back
from tests.portal.signed_in import browser_of
from tests.sessions_app.doors.oauth.test_tokens import terminate

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"


def code_now() -> str:
    return format_hotp_value(hotp_value(SECRET, next(yield_hotp_counters_from_time())))


@pytest.fixture
def question(app: App) -> tuple[str, str]:
    return app.question(acr_values=SECOND_FACTOR_ACR)


def test_somebody_with_a_second_factor_proves_it_and_the_token_says_so(
    app: App, ines: User, question: tuple[str, str]
):
    browser = browser_of(ines)
    TOTP.activate(ines, SECRET)
    address, verifier = question

    asked = browser.get(address)
    proved = browser.post(asked["Location"], {"code": code_now(), "next": address})
    code = sent_back(browser.get(proved["Location"]))["code"]

    assert asked["Location"].startswith("/accounts/2fa/reauthenticate/?next=%2Foauth%2Fauthorize")
    assert proved["Location"] == address
    claims = jwt.decode(app.exchange(code, verifier).access_token, options={"verify_signature": False})
    assert claims["acr"] == SECOND_FACTOR_ACR
    assert "mfa" in claims["amr"]


def test_somebody_with_a_passkey_alone_is_asked_for_that_and_not_for_the_password(
    app: App, ines: User, question: tuple[str, str]
):
    browser = browser_of(ines)
    Authenticator.objects.create(user=ines, type=Authenticator.Type.WEBAUTHN, data={"credential": {}})
    address, verifier = question

    asked = browser.get(address)
    proved = browser.session
    proved["account_authentication_methods"] = [{"method": "mfa", "type": "webauthn"}]
    proved.save()
    code = sent_back(browser.get(address))["code"]

    assert asked["Location"].startswith("/accounts/2fa/webauthn/reauthenticate/?next=")
    claims = jwt.decode(app.exchange(code, verifier).access_token, options={"verify_signature": False})
    assert claims["amr"] == ["hwk", "mfa"]


def test_somebody_without_one_is_not_led_into_setting_one_up(ines: User, question: tuple[str, str]):
    answer = sent_back(browser_of(ines).get(question[0]))

    assert (answer["error"], answer["state"]) == ("unmet_authentication_requirements", "state-1")


def test_another_class_is_not_asked_for(app: App, ines: User):
    assert "code" in sent_back(browser_of(ines).get(app.question(acr_values="urn:something:else")[0]))


def test_a_client_that_wants_no_page_is_told_what_is_missing(app: App, ines: User):
    silent = {"prompt": "none", "scope": "profile"}
    nobody, somebody = Client(), browser_of(ines)

    answers = [
        sent_back(nobody.get(app.question(**silent)[0])),
        sent_back(somebody.get(app.question(**silent, acr_values=SECOND_FACTOR_ACR)[0])),
        sent_back(somebody.get(app.question(**silent, max_age="0")[0])),
    ]

    assert [answer["error"] for answer in answers] == [
        "login_required",
        "interaction_required",
        "login_required",
    ]


def test_a_client_that_wants_no_page_learns_of_the_end_of_a_session(app: App, ines: User):
    browser = browser_of(ines)
    Session.objects.update(ended_at=timezone.now())

    back = browser.get(app.question(prompt="none")[0])

    assert sent_back(browser.get(back["Location"]))["error"] == "login_required"


def test_a_client_that_expects_somebody_else_is_not_given_whoever_is_there(app: App, ines: User, otto: User):
    expecting_ines = {"id_token_hint": app.sign_in(ines).id_token}

    somebody_else = sent_back(browser_of(otto).get(app.question(**expecting_ines)[0]))
    expected = sent_back(browser_of(ines).get(app.question(**expecting_ines, prompt="none")[0]))

    assert somebody_else["error"] == "login_required"
    assert "code" in expected


# --- Where the forms of sign-in may lead ----------------------------------------------------------


def test_the_forms_of_sign_in_may_lead_to_the_application_that_asked_and_nowhere_else(app: App):
    browser = Client()

    page = browser.get(browser.get(app.question()[0])["Location"])

    assert "form-action 'self' https://dashboard.northwind.example;" in page["Content-Security-Policy"] + ";"


def test_the_explanation_on_the_way_leads_on_as_well(app: App, ivan: User, ines: User):
    terminate(ines, by=ivan, reason=Reason.ROLE_CHANGE)
    browser = browser_of(ines)

    page = browser.get(browser.get(app.question()[0])["Location"])

    assert page.request["PATH_INFO"] == "/explanation/"
    assert "form-action 'self' https://dashboard.northwind.example;" in page["Content-Security-Policy"] + ";"


def test_an_address_that_is_not_the_applications_is_no_place_for_a_form_to_lead_to(app: App):
    browser = Client()
    address, _verifier = app.question(redirect_uri="https://evil.example/")
    browser.get(address)

    page = browser.get("/accounts/login/", {"next": address})

    assert "evil.example" not in page["Content-Security-Policy"]
