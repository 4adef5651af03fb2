"""Selecting sessions with the keyboard alone, and ending exactly those."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Visitors
from tests.browser.test_second_factor import holds_in_every_look

pytestmark = pytest.mark.browser


def test_sessions_are_ticked_by_keyboard_looked_at_and_ended(visitors: Visitors) -> None:
    with visitors.visit("sam") as page:
        page.goto("/sessions/?q=-is:privileged+app:wiki")
        page.locator("[data-row-check]").first.focus()
        page.keyboard.press("x")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("x")
        expect(page.get_by_role("group", name="Selection")).to_contain_text("2 selected")
        holds_in_every_look(page)

        page.get_by_role("button", name="End 2 sessions").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("End 2 sessions of")
        holds_in_every_look(page)

        page.get_by_label("Lost device").check()
        page.get_by_label("Type 2 to confirm").fill("2")
        page.get_by_role("button", name="End 2 sessions").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Selected sessions of")
        expect(page.get_by_text("2 sessions, read back")).to_be_visible()
