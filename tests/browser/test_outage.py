"""While the blacklist does not answer: people go on deciding, and no page claims more than is true."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitors
from tests.browser.test_accessibility import barriers, sideways_scrolling
from tests.browser.test_story import answer_of_sample, sees_receipt
from tests.live.running import RunningCurfew

pytestmark = pytest.mark.browser

RECOVERS_WITHIN_MILLISECONDS = 20_000


def test_a_decision_during_an_outage_is_amber_until_it_was_read_back(
    curfew: RunningCurfew, visitors: Visitors
) -> None:
    token = curfew.token("leonie")

    with visitors.visit("hana") as page:
        page.goto("/people/?q=leonie")
        with curfew.frozen_redis():
            page.get_by_role("link", name="Terminate now Leonie Kraft").click()
            page.get_by_role("button", name=re.compile("Terminate")).click()

            says_not_yet_cut_off(page)
            assert barriers(page) == []
            assert sideways_scrolling(page) == []
            assert answer_of_sample(curfew, token) == 503

        title = page.get_by_role("heading", level=1)
        expect(title).to_have_text("Leonie Kraft is cut off", timeout=RECOVERS_WITHIN_MILLISECONDS)
        sees_receipt(page, of="Leonie Kraft")
        expect(page.get_by_role("alert")).to_be_hidden()

    assert answer_of_sample(curfew, token) == 401


def says_not_yet_cut_off(page: Page) -> None:
    """In words, in amber, under the red banner, and nothing green anywhere."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Decided, not yet cut off", timeout=15_000)
    expect(page.locator(".badge--amber", has_text="NOT YET CUT OFF")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(
        re.compile("The blacklist (does not answer|has not answered)")
    )
    expect(page.locator("[class*=green], .light--answers, .ruler, .proof")).to_have_count(0)
