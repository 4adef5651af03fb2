"""Terminate now as a person lives it: find, decide, see the proof; by mouse, by keyboard, without scripts."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitors
from tests.browser.hands import Hands
from tests.live.running import RunningCurfew

pytestmark = pytest.mark.browser

SEARCH = "Search people"
RECEIPT = re.compile(r"/revocations/CF-\w+/$")
PROOF = re.compile(r"Guard asked for .* at \d\d:\d\d:\d\d\.\d{3} UTC: REVOKED\.")


def test_hr_ends_an_access_in_at_most_four_deeds_and_sees_the_proof(
    curfew: RunningCurfew, visitors: Visitors
) -> None:
    hers, his = curfew.token("ines", "--new-session"), curfew.token("otto", "--new-session")
    before = answer_of_sample(curfew, hers)

    with visitors.visit("hana", anew=True) as page:
        hana = Hands(page=page)
        hana.types("ines", into=SEARCH)
        hana.presses("Enter")
        hana.clicks(page.get_by_role("link", name="Terminate now Ines Almeida"))
        # Six, and more once what her token was used for above was noticed.
        hana.clicks(page.get_by_role("button", name=re.compile(r"Terminate \d+ sessions")))

        sees_receipt(page, of="Ines Almeida")
        assert len(hana.deeds) <= 4

    assert (before, answer_of_sample(curfew, hers), answer_of_sample(curfew, his)) == (200, 401, 200)


def test_the_dialog_lets_go_without_harm(visitors: Visitors) -> None:
    with visitors.visit("hana") as page:
        page.goto("/people/?q=rui")
        opener = page.get_by_role("link", name="Terminate now Rui Carvalho")
        dialog = page.get_by_role("dialog", name="End all of Rui Carvalho’s access now?")

        opener.click()
        expect(dialog).to_have_accessible_description(re.compile("this cannot be undone"))
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()

        page.mouse.click(5, 5)
        expect(dialog).to_be_visible()

        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()

        opener.press("Enter")
        dialog.get_by_role("button", name="Cancel").press(" ")
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()
        expect(page).to_have_url(re.compile(r"/people/\?q=rui$"))


def test_the_second_click_finds_it_done(visitors: Visitors) -> None:
    with visitors.visit("hana") as page, visitors.visit("ivan") as other:
        for each in (page, other):
            each.goto("/people/?q=bruno")
            each.get_by_role("link", name="Terminate now Bruno Teixeira").click()
        other.get_by_label("Offboarding").check()

        page.get_by_role("button", name="Terminate 2 sessions").click()
        sees_receipt(page, of="Bruno Teixeira")
        other.get_by_role("button", name="Terminate 2 sessions").click()

        news = other.locator(".note", has_text="Hana Weiss ended this access")
        expect(news).to_contain_text("Nothing was ended yet.")
        expect(news).to_be_focused()

        other.get_by_role("button", name="Terminate all access").click()
        sees_receipt(other, of="Bruno Teixeira")
        expect(other.get_by_text("Already done: Hana Weiss ended this access")).to_be_visible()


def test_a_double_click_ends_once(visitors: Visitors) -> None:
    with visitors.visit("hana") as page:
        page.goto("/people/?q=elena")
        page.get_by_role("link", name="Terminate now Elena Duarte").click()
        page.get_by_role("button", name=re.compile("Terminate")).dblclick()

        sees_receipt(page, of="Elena Duarte")
        page.goto("/revocations/?q=elena")
        expect(page.locator("tbody").get_by_role("row")).to_have_count(1)


def test_the_keyboard_alone_is_enough(visitors: Visitors) -> None:
    with visitors.visit("hana") as page:
        page.goto("/")
        hana = Hands(page=page)
        hana.presses("Tab")
        assert hana.name_in_focus() == "Skip to the content"

        hana.presses("/")
        page.keyboard.type("teresa")
        hana.presses("Enter")
        page.wait_for_url("**/people/?q=teresa")
        hana.goes_to("Terminate now Teresa Gil")
        hana.presses("Enter")
        expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
        hana.presses("Tab")
        assert hana.name_in_focus().startswith("Terminate ")
        hana.presses("Enter")

        sees_receipt(page, of="Teresa Gil")


def test_without_scripts_the_same_work_is_done_on_pages(curfew: RunningCurfew, visitors: Visitors) -> None:
    token = curfew.token("diego")

    with visitors.visit("hana", java_script_enabled=False) as page:
        page.goto("/people/")
        page.get_by_role("searchbox", name=SEARCH).fill("diego")
        page.get_by_role("searchbox", name=SEARCH).press("Enter")
        page.get_by_role("link", name="Terminate now Diego Salas").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("End all of Diego Salas’s access now?")
        page.get_by_role("button", name=re.compile("Terminate")).click()

        sees_receipt(page, of="Diego Salas")

    assert answer_of_sample(curfew, token) == 401


def test_somebody_whose_own_access_ended_is_sent_to_sign_in_at_the_next_click(visitors: Visitors) -> None:
    with visitors.visit("hana", anew=True) as hana, visitors.visit("sam") as sam:
        hana.goto("/people/?q=ines")

        sam.goto("/people/?q=hana")
        sam.get_by_role("link", name="Terminate now Hana Weiss").click()
        sam.get_by_label("Lost device").check()
        sam.get_by_role("button", name=re.compile("Terminate")).click()
        sees_receipt(sam, of="Hana Weiss")
        hana.get_by_role("link", name="Ines Almeida", exact=True).click()

        expect(hana).to_have_url(re.compile(r"/accounts/login/\?next=/people/"))
        expect(hana.get_by_text("Your access to Curfew has been ended.")).to_be_visible()
        visitors.forget("hana")


def sees_receipt(page: Page, *, of: str) -> None:
    """Cut off in words, in green, and with what was asked of the guard."""
    page.wait_for_url(RECEIPT)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{of} is cut off")
    expect(page.locator(".badge", has_text="Cut off")).to_be_visible()
    expect(page.get_by_text(PROOF).first).to_be_visible()


def answer_of_sample(curfew: RunningCurfew, token: str) -> int:
    return httpx.get(curfew.sample, headers={"Authorization": f"Bearer {token}"}).status_code
