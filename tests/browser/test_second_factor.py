"""A second factor from setting it up to signing in with it, with nothing but the pages."""

from __future__ import annotations

import base64
import hmac
import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import confirm_it_is_me
from tests.browser.chromium import Visitors
from tests.browser.test_accessibility import barriers, sideways_scrolling

pytestmark = pytest.mark.browser


def test_a_second_factor_is_set_up_and_asked_for_at_the_next_sign_in(visitors: Visitors) -> None:
    with visitors.visit("paula", anew=True) as page:
        page.goto("/accounts/2fa/totp/activate/")
        confirm_it_is_me(page, password=visitors.curfew.password)
        secret = page.locator("[data-copy]").get_attribute("data-copy")
        page.get_by_label("Enter the six digits").fill(six_digits(secret))
        page.get_by_role("button", name="Turn on the second factor").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
        holds_in_every_look(page)
        recovery_code = page.locator(".codes code").first.inner_text()

    with visitors.visit() as page:
        page.goto("/accounts/login/?next=/me/")
        page.get_by_label("Work e-mail or user name").fill("paula")
        page.get_by_label("Password").fill(visitors.curfew.password)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Enter your second factor")
        holds_in_every_look(page)

        page.get_by_label("Code").fill(recovery_code)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile("/me/$"))
    visitors.curfew.manage("reset_second_factor", "paula", "--reason", "the story is over")


def six_digits(secret: str | None) -> str:
    """What an authenticator app shows now (RFC 6238: steps of 30 seconds, HMAC-SHA-1)."""
    assert secret
    step = int(time.time() // 30).to_bytes(8, "big")
    mac = hmac.digest(base64.b32decode(secret), step, "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def holds_in_every_look(page: Page) -> None:
    assert barriers(page) == []
    assert sideways_scrolling(page) == []
