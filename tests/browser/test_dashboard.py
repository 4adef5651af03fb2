"""Signing in to an application with Curfew, in a browser that holds every form to its page's policy."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitors
from tests.live.running import eventually

pytestmark = pytest.mark.browser


def test_the_form_of_sign_in_leads_on_to_the_application_that_asked(visitors: Visitors) -> None:
    assert eventually(lambda: httpx.get(f"{visitors.curfew.address}/readyz").status_code == 200)
    with visitors.visit() as page:
        page.goto(f"{visitors.curfew.dashboard}/")
        page.get_by_role("link", name="Sign in with Curfew").click()
        fill_in(page, "otto", visitors.curfew.password)

        expect(page).to_have_url(re.compile(re.escape(visitors.curfew.dashboard)))
        expect(page.get_by_role("main")).to_contain_text("Otto")


def test_somebody_whose_access_ended_signs_in_anew_on_the_way_to_the_application(visitors: Visitors) -> None:
    with visitors.visit("carlos", anew=True) as page:
        visitors.curfew.manage(
            "revoke", "--user", "carlos", "--reason", "other", "--note", "asked at the desk"
        )

        page.goto(f"{visitors.curfew.dashboard}/sign-in")
        fill_in(page, "carlos", visitors.curfew.password)

        expect(page).to_have_url(re.compile(re.escape(visitors.curfew.dashboard)))
    visitors.forget("carlos")


def fill_in(page: Page, who: str, password: str) -> None:
    page.get_by_label("Work e-mail or user name").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue", exact=True).click()
