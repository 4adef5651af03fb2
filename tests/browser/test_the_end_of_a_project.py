"""End Project as its manager lives it: what ends, the four steps, the progress; and what the real guard then says.

The last file of them all by its name: nobody is on Phoenix any more after it.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitors
from tests.browser.test_story import answer_of_sample
from tests.live.running import RunningCurfew

pytestmark = pytest.mark.browser


def test_the_manager_ends_phoenix_and_whoever_is_on_atlas_goes_on_there(
    curfew: RunningCurfew, visitors: Visitors
) -> None:
    # Given two contractors who are let in, one of them also on Atlas.
    his, hers = curfew.token("carlos", "--new-session"), curfew.token("chen", "--new-session")
    before = (answer_of_sample(curfew, his), answer_of_sample(curfew, hers))

    # When the manager of Phoenix ends it, and a second browser was on the way to do so as well.
    with visitors.visit("paula", anew=True) as page, visitors.visit("ivan", anew=True) as other:
        people = walk_to_the_end(other)
        walk_to_the_end(page)
        page.get_by_role("button", name=f"End project for {people} people").click()
        expect(page.get_by_role("heading", name="Phoenix has ended")).to_be_visible()
        other.get_by_role("button", name=f"End project for {people} people").click()

        # Then the other one lands on what was done, and the numbers on the page are those of the receipt.
        expect(other.locator("body")).to_contain_text("Paula Reyes asked for it")
        expect(page.get_by_role("row", name=re.compile("^Chen Wei"))).to_contain_text("keeps Atlas")
        receipt = page.get_by_role("link", name=re.compile("^CF-")).first.inner_text()
        said = page.request.get(f"/revocations/{receipt}.json").json()
        shown = page.locator(".tally__number").all_inner_texts()
        assert (shown[0], shown[1]) == (str(said["counts"]["people"]), str(said["sessions_ended"]))
        assert said["counts"]["people"] == people

    # And the tokens of both are refused, while a new sign-in of whoever goes on is let in.
    after = (answer_of_sample(curfew, his), answer_of_sample(curfew, hers))
    anew = answer_of_sample(curfew, curfew.token("chen", "--new-session"))
    assert (before, after, anew) == ((200, 200), (401, 401), 200)


def walk_to_the_end(page: Page) -> int:
    """From the project to the last question; how many people it is about."""
    page.goto("/projects/phoenix/")
    page.get_by_role("link", name="End Project").click()
    expect(page.get_by_role("heading", name="What ends with Phoenix")).to_be_visible()
    expect(page.locator("#look-first")).to_contain_text("also works on Atlas")
    people = int(page.locator(".tally__number").first.inner_text())
    page.get_by_role("button", name="Next: when").click()
    page.get_by_label("Now").check()
    page.get_by_role("button", name="Next: reason").click()
    page.get_by_label("Type Phoenix to go on").fill("phoenix")
    page.get_by_role("button", name="Next: check").click()
    expect(page.get_by_role("heading", name="End the project Phoenix now?")).to_be_visible()
    return people
