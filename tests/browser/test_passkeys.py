"""A passkey from making it to removing it, with a real browser and its virtual authenticator."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import confirm_it_is_me
from tests.browser.chromium import Visitors
from tests.browser.test_second_factor import holds_in_every_look

pytestmark = pytest.mark.browser


def with_authenticator(page: Page) -> None:
    """A device that holds passkeys and always recognises its owner (WebAuthn, section 11: virtual authenticators)."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_made_signs_in_confirms_and_is_removed(visitors: Visitors) -> None:
    with visitors.visit("otto", anew=True) as page:
        with_authenticator(page)

        # Made, with a name.
        page.goto("/accounts/2fa/webauthn/add/")
        confirm_it_is_me(page, password=visitors.curfew.password)
        page.get_by_label("Name").fill("Otto's laptop")
        holds_in_every_look(page)
        page.get_by_role("button", name="Make the passkey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")

        # Signed out, and in again by nothing but the passkey.
        page.goto("/accounts/logout/")
        page.get_by_role("button", name="Sign out").last.click()
        page.goto("/accounts/login/?next=/me/")
        holds_in_every_look(page)
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("My sessions")

        # Asked for again before something dangerous, and back where one was; then it is asked for nowhere else.
        page.goto("/accounts/2fa/webauthn/reauthenticate/?next=/me/")
        holds_in_every_look(page)
        page.get_by_role("button", name="Confirm with a passkey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("My sessions")

        # Removed.
        page.goto("/accounts/2fa/webauthn/")
        expect(page.get_by_text("Otto's laptop").first).to_be_visible()
        holds_in_every_look(page)
        page.get_by_role("link", name="Remove Otto's laptop").click()
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_text("You have no passkey yet.")).to_be_visible()


def test_without_a_passkey_the_password_still_works_and_the_page_says_what_happened(
    visitors: Visitors,
) -> None:
    with visitors.visit() as page:
        with_authenticator(page)
        page.goto("/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_text("No passkey was used.")).to_be_visible()
