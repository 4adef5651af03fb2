"""Passkeys over HTTP: what a browser made up is refused, what a passkey proves, and what is kept of it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client

from audit.models import AuditEntry
from portal.proofs import has_proved, has_second_factor, methods_of
from sessions_app.models import User
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

NOTHING = {"id": "AA", "rawId": "AA", "type": "public-key", "clientExtensionResults": {}}
ANSWER = {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA"}


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "nonsense",
        "[]",
        "1",
        "null",
        "{}",
        json.dumps({**NOTHING, "response": 1}),
        json.dumps({**NOTHING, "response": {}}),
        json.dumps({**NOTHING, "response": ANSWER}),
        json.dumps({**NOTHING, "response": {**ANSWER, "userHandle": "!!!"}}),
        json.dumps({**NOTHING, "response": {**ANSWER, "userHandle": 7}}),
        json.dumps({**NOTHING, "response": {**ANSWER, "clientDataJSON": "////", "userHandle": "AAAA"}}),
        json.dumps({**NOTHING, "id": None, "response": ANSWER}),
    ],
)
def test_what_is_no_passkey_signs_nobody_in_and_breaks_nothing(credential: str):
    browser = Client()
    browser.get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"})

    answer = browser.post("/accounts/2fa/webauthn/login/", {"credential": credential})

    assert (answer.status_code, answer.url) == (302, "/accounts/login/")
    assert "_auth_user_id" not in browser.session


def test_a_made_up_passkey_of_a_known_person_signs_nobody_in(ines: User):
    browser = Client()
    browser.get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"})
    handle = urlsafe_b64encode(str(ines.pk).encode()).decode().rstrip("=")
    made_up = {**NOTHING, "response": {**ANSWER, "userHandle": handle}}

    answer = browser.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(made_up)})

    assert answer.status_code == 302
    assert "_auth_user_id" not in browser.session
    entry = AuditEntry.objects.get(event_code="SI-102F")
    assert (entry.details, entry.target_id) == ({"why": "wrong_passkey"}, "")


def test_the_question_asks_for_the_owner_and_names_nobody():
    answer = Client().get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"})

    asked = answer.json()["request_options"]["publicKey"]
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials")
    assert asked["rpId"] == "localhost"


def test_a_passkey_counts_as_both_factors(ines: User):
    records = [{"method": "mfa", "type": "webauthn", "passwordless": True}]
    request = SimpleNamespace(session={"account_authentication_methods": records})

    assert methods_of(request) == ["hwk", "mfa"]
    assert has_proved(request)


def test_password_and_code_are_named_as_before():
    records = [{"method": "password"}, {"method": "mfa", "type": "totp"}, {"method": "unheard-of"}]
    request = SimpleNamespace(session={"account_authentication_methods": records})

    assert methods_of(request) == ["pwd", "otp"]


def test_a_lost_passkey_is_removed_from_the_shell(ines: User):
    Authenticator.objects.create(user=ines, type=Authenticator.Type.WEBAUTHN, data={"name": "Laptop"})
    assert has_second_factor(ines)

    call_command("reset_second_factor", "ines", reason="phone and laptop lost")

    assert not has_second_factor(ines)


def test_the_passkey_button_waits_for_a_browser_that_knows_them_and_the_password_does_not():
    page = text_of(Client().get("/accounts/login/"))

    assert 'data-passkey="get"' in page
    assert page.index("Sign in with a passkey") < page.index("Password")
    assert "<script>" not in page


def test_the_pages_of_passkeys_need_somebody_signed_in(ines: User):
    answer = Client().get("/accounts/2fa/webauthn/")

    assert answer.status_code == 302
    assert "You have no passkey yet." in text_of(browser_of(ines).get("/accounts/2fa/webauthn/"))
