"""Signing in here, out again, and what proves who one is."""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from tests.every_deed.deeds import Act, deed
from tests.factories import PASSWORD, with_password
from tests.passkey import Passkey
from tests.portal.test_sign_in_changes import SECRET, code_now

NEW = "another long enough phrase"
LOGIN, LOGOUT = "accounts/login/", "accounts/logout/"
REAUTHENTICATE, PASSWORD_CHANGE = "accounts/reauthenticate/", "accounts/password/change/"
MFA = "accounts/2fa/"
ACTIVATE, DEACTIVATE = MFA + "totp/activate/", MFA + "totp/deactivate/"
PASSKEYS = MFA + "webauthn/"
AJAX = {"X-Requested-With": "XMLHttpRequest"}


def signed_in(scene: Any) -> Client:
    """With a password typed just now, so that nothing asks for it again."""
    with_password(scene.otto)
    browser = Client()
    browser.post("/accounts/login/", {"login": "otto", "password": PASSWORD})
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def with_app(scene: Any) -> Client:
    """Signed in, and with an authenticator app set up."""
    browser = signed_in(scene)
    TOTP.activate(scene.otto, SECRET)
    return browser


def half_way(scene: Any) -> Client:
    """The password was right, the second factor is still to come."""
    with_password(scene.otto)
    TOTP.activate(scene.otto, SECRET)
    browser = Client()
    browser.post("/accounts/login/", {"login": "otto", "password": PASSWORD})
    return browser


def options_of(browser: Client, address: str) -> dict[str, Any]:
    """What the page's script is given to ask the authenticator."""
    answer = browser.get(address, headers=AJAX)
    if answer["Content-Type"] == "application/json":
        return answer.json()["request_options"]
    return answer.context["js_data"]["creation_options"]


def with_passkey(scene: Any, browser: Client | None = None) -> tuple[Client, Passkey]:
    browser, passkey = browser or signed_in(scene), Passkey()
    made = passkey.made(options_of(browser, "/accounts/2fa/webauthn/add/"))
    form = {"name": "Laptop", "credential": json.dumps(made), "passwordless": "on"}
    answer = browser.post("/accounts/2fa/webauthn/add/", form)
    assert answer.status_code == 302, answer.context["form"].errors
    return browser, passkey


def key_of(scene: Any) -> int:
    return int(scene.otto.authenticator_set.get(type="webauthn").pk)


@deed(LOGIN, "PE-103 otto otto", "SI-101 otto otto", answers=302)
def signing_in_for_the_first_time(scene: Any) -> Act:
    with_password(scene.otto)
    browser = Client()
    return lambda: browser.post("/accounts/login/", {"login": "otto", "password": PASSWORD})


@deed(LOGIN, "SI-102F unidentified -")
def signing_in_with_a_wrong_password(scene: Any) -> Act:
    with_password(scene.otto)
    browser = Client()
    return lambda: browser.post("/accounts/login/", {"login": "otto", "password": "not this one"})


@deed(LOGIN, answers=302)
def the_first_of_two_factors(scene: Any) -> Act:
    """Half of a sign-in is none; the second factor decides, and its entry says so."""
    with_password(scene.otto)
    TOTP.activate(scene.otto, SECRET)
    browser = Client()
    return lambda: browser.post("/accounts/login/", {"login": "otto", "password": PASSWORD})


@deed(MFA + "authenticate/", "PE-103 otto otto", "SI-101 otto otto", answers=302)
def the_second_of_two_factors(scene: Any) -> Act:
    browser = half_way(scene)
    return lambda: browser.post("/accounts/2fa/authenticate/", {"code": code_now(SECRET)})


@deed(MFA + "authenticate/", "SI-102F unidentified otto")
def a_wrong_code(scene: Any) -> Act:
    browser = half_way(scene)
    return lambda: browser.post("/accounts/2fa/authenticate/", {"code": "000000"})


@deed(LOGOUT, "SI-103 otto otto", answers=302)
def signing_out(scene: Any) -> Act:
    browser = signed_in(scene)
    return lambda: browser.post("/accounts/logout/")


@deed(REAUTHENTICATE, answers=302)
def proving_the_password_again(scene: Any) -> Act:
    """Changes nothing but how long this browser is believed."""
    browser = signed_in(scene)
    return lambda: browser.post("/accounts/reauthenticate/", {"password": PASSWORD})


@deed(REAUTHENTICATE, "SI-102F unidentified otto")
def proving_with_a_wrong_password(scene: Any) -> Act:
    browser = signed_in(scene)
    return lambda: browser.post("/accounts/reauthenticate/", {"password": "not this one"})


@deed(PASSWORD_CHANGE, "SI-106 otto otto", answers=302)
def changing_ones_password(scene: Any) -> Act:
    browser = signed_in(scene)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    return lambda: browser.post("/accounts/password/change/", form)


@deed(PASSWORD_CHANGE, "SI-102F unidentified otto")
def changing_a_password_without_knowing_it(scene: Any) -> Act:
    browser = signed_in(scene)
    form = {"oldpassword": "not this one", "password1": NEW, "password2": NEW}
    return lambda: browser.post("/accounts/password/change/", form)


@deed(ACTIVATE, "SI-104 otto otto", "SI-104 otto otto", answers=302)
def setting_up_an_app(scene: Any) -> Act:
    """The app, and the recovery codes that come with it."""
    browser = signed_in(scene)
    secret = browser.get("/accounts/2fa/totp/activate/").context["form"].secret
    return lambda: browser.post("/accounts/2fa/totp/activate/", {"code": code_now(secret)})


@deed(DEACTIVATE, "SI-105 otto otto", answers=302)
def removing_an_app(scene: Any) -> Act:
    browser = with_app(scene)
    return lambda: browser.post("/accounts/2fa/totp/deactivate/")


@deed(MFA + "recovery-codes/generate/", "SI-104 otto otto", answers=302)
def drawing_recovery_codes(scene: Any) -> Act:
    browser = with_app(scene)
    return lambda: browser.post("/accounts/2fa/recovery-codes/generate/")


@deed(MFA + "recovery-codes/download/")
def taking_ones_recovery_codes_along(scene: Any) -> Act:
    """One's own, by whoever has just proved to be that person; that they were drawn is recorded."""
    browser = signed_in(scene)
    RecoveryCodes.activate(scene.otto)
    return lambda: browser.get("/accounts/2fa/recovery-codes/download/")


@deed(MFA + "reauthenticate/", answers=302)
def proving_a_code_again(scene: Any) -> Act:
    browser = with_app(scene)
    return lambda: browser.post("/accounts/2fa/reauthenticate/", {"code": code_now(SECRET)})


@deed(MFA + "reauthenticate/", "SI-102F unidentified otto")
def proving_with_a_wrong_code(scene: Any) -> Act:
    browser = with_app(scene)
    return lambda: browser.post("/accounts/2fa/reauthenticate/", {"code": "000000"})


@deed(PASSKEYS + "add/", "SI-104 otto otto", "SI-104 otto otto", answers=302)
def adding_a_passkey(scene: Any) -> Act:
    """The passkey, and the recovery codes that come with the first one."""
    browser, passkey = signed_in(scene), Passkey()
    made = json.dumps(passkey.made(options_of(browser, "/accounts/2fa/webauthn/add/")))
    form = {"name": "Laptop", "credential": made, "passwordless": "on"}
    return lambda: browser.post("/accounts/2fa/webauthn/add/", form)


@deed(PASSKEYS + "keys/<int:pk>/edit/", "SI-109 otto otto", answers=302)
def renaming_a_passkey(scene: Any) -> Act:
    browser, _passkey = with_passkey(scene)
    return lambda: browser.post(f"/accounts/2fa/webauthn/keys/{key_of(scene)}/edit/", {"name": "Phone"})


@deed(PASSKEYS + "keys/<int:pk>/remove/", "SI-105 otto otto", "SI-105 otto otto", answers=302)
def removing_a_passkey(scene: Any) -> Act:
    """The last one takes the recovery codes with it."""
    browser, _passkey = with_passkey(scene)
    return lambda: browser.post(f"/accounts/2fa/webauthn/keys/{key_of(scene)}/remove/")


@deed(PASSKEYS + "login/", "SI-101 otto otto", answers=302)
def signing_in_with_a_passkey(scene: Any) -> Act:
    _browser, passkey = with_passkey(scene)
    browser = Client()
    options = options_of(browser, "/accounts/2fa/webauthn/login/")
    proved = json.dumps(passkey.proved(options, holder=str(scene.otto.pk)))
    return lambda: browser.post("/accounts/2fa/webauthn/login/", {"credential": proved})


@deed(PASSKEYS + "login/", "SI-102F unidentified -", answers=302)
def signing_in_with_somebody_s_made_up_passkey(scene: Any) -> Act:
    with_passkey(scene)
    browser = Client()
    options = options_of(browser, "/accounts/2fa/webauthn/login/")
    proved = json.dumps(Passkey().proved(options, holder=str(scene.otto.pk)))
    return lambda: browser.post("/accounts/2fa/webauthn/login/", {"credential": proved})


@deed(PASSKEYS + "reauthenticate/", answers=302)
def proving_a_passkey_again(scene: Any) -> Act:
    browser, passkey = with_passkey(scene)
    asked = browser.get("/accounts/2fa/webauthn/reauthenticate/").context["js_data"]["request_options"]
    proved = json.dumps(passkey.proved(asked, holder=str(scene.otto.pk)))
    return lambda: browser.post("/accounts/2fa/webauthn/reauthenticate/", {"credential": proved})


@deed(PASSKEYS + "reauthenticate/", "SI-102F unidentified otto", answers=302)
def proving_with_a_made_up_passkey(scene: Any) -> Act:
    browser, _passkey = with_passkey(scene)
    asked = browser.get("/accounts/2fa/webauthn/reauthenticate/").context["js_data"]["request_options"]
    proved = json.dumps(Passkey().proved(asked, holder=str(scene.otto.pk)))
    return lambda: browser.post("/accounts/2fa/webauthn/reauthenticate/", {"credential": proved})
