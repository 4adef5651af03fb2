"""Two people end the access of somebody in Security: one asks, the other decides, each with a second factor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import confirm_it_is_me
from tests.browser.chromium import Visitors
from tests.browser.test_second_factor import holds_in_every_look, six_digits

pytestmark = pytest.mark.browser

APPROVAL = re.compile(r"/approvals/[0-9a-f-]{36}/$")


def test_one_asks_and_another_decides(visitors: Visitors) -> None:
    visitors.curfew.manage("grant_role", "clara", "security", "--reason", "covers for Sam")

    with with_factor(visitors, "ivan") as ivan, with_factor(visitors, "sam") as sam:
        asks_to_terminate_clara(ivan)
        holds_in_every_look(ivan)

        sam.goto("/")
        expect(sam.get_by_role("heading", level=1)).to_have_text("Overview")
        holds_in_every_look(sam)
        sam.get_by_role("link", name=re.compile("^Decide")).first.click()
        expect(sam.get_by_text("Ivan Petrov asked at")).to_be_visible()
        holds_in_every_look(sam)
        sam.get_by_label("Note").fill("spoke to her manager")
        sam.get_by_role("button", name="Approve: end 1 person’s access").click()

        expect(sam.locator(".badge", has_text="Approved")).to_be_visible()
        holds_in_every_look(sam)
        sam.get_by_role("link", name=re.compile("Receipt CF-")).click()
        expect(sam.get_by_role("heading", level=1)).to_have_text("Clara Monteiro is cut off")
        expect(sam.get_by_text("Sam Okoro,").first).to_be_visible()


def asks_to_terminate_clara(page: Page) -> None:
    page.goto("/people/?q=clara")
    page.get_by_role("link", name="Terminate now Clara Monteiro").click()
    expect(page.get_by_role("dialog").get_by_text("A second person decides")).to_be_visible()
    page.get_by_label("Offboarding").check()
    page.get_by_role("button", name="Ask for a second person").click()
    page.wait_for_url(APPROVAL)
    expect(page.get_by_text("You asked for this. Somebody else decides.")).to_be_visible()


@contextmanager
def with_factor(visitors: Visitors, who: str) -> Iterator[Page]:
    """Signed in anew, with a second factor just set up, which nobody finds afterwards."""
    with visitors.visit(who, anew=True) as page:
        page.goto("/accounts/2fa/totp/activate/")
        confirm_it_is_me(page, password=visitors.curfew.password)
        secret = page.locator("[data-copy]").get_attribute("data-copy")
        page.get_by_label("Enter the six digits").fill(six_digits(secret))
        page.get_by_role("button", name="Turn on the second factor").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
        confirm_with_factor(page)
        yield page
    visitors.curfew.manage("reset_second_factor", who, "--reason", "the story is over")


def confirm_with_factor(page: Page) -> None:
    """What is asked before two people decide: the same digits count once, so a recovery code is the way here."""
    code = page.locator(".codes code").first.inner_text()
    page.goto("/accounts/2fa/reauthenticate/?next=/")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Confirm and go on").click()
    page.wait_for_url(lambda address: "/reauthenticate/" not in address)
