"""Every page, in both themes and from phone to desk: WCAG 2.2 AA as far as a program can judge it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.chromium import Visitors
from tests.browser.looks import LOOKS, WIDTHS, Look
from tests.browser.pages import PAGES, ShownPage

pytestmark = pytest.mark.browser

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": STANDARD}, "resultTypes": ["violations"]}

STICKING_OUT = """() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const parts = [...document.querySelectorAll("body *")];
    const wide = parts.filter((part) => part.getBoundingClientRect().right > root.clientWidth + 1);
    return [wide.map((part) => `${part.tagName.toLowerCase()}.${part.className}`).slice(0, 6).join(" > ")];
}"""


# A colour is seen in both themes and a layout at both ends either way; the parts all pages share are seen in all four.
ONE_WAY, THE_OTHER = (LOOKS[0], LOOKS[3]), (LOOKS[1], LOOKS[2])
SHOWN = [(page, (ONE_WAY, THE_OTHER)[number % 2]) for number, page in enumerate(PAGES)]


@pytest.mark.parametrize(("shown", "looks"), SHOWN, ids=[page.name for page in PAGES])
def test_a_page_can_be_used_by_everybody(
    visitors: Visitors, shown: ShownPage, looks: tuple[Look, ...]
) -> None:
    with visitors.visit(shown.who) as page:
        shown.open(page, visitors)

        assert barriers(page, looks) == []
        assert sideways_scrolling(page) == []


def barriers(page: Page, looks: Iterable[Look] = LOOKS) -> list[str]:
    """What axe finds, with the look it was found in."""
    page.evaluate(Axe().axe_script)
    return [f"{look}: {found}" for look in looks for found in _found_by_axe(page, look)]


def _found_by_axe(page: Page, look: Look) -> list[str]:
    look.put_on(page)
    violations = page.evaluate("options => axe.run(options).then(results => results.violations)", OPTIONS)
    return [f"{each['id']} at {node['target']}" for each in violations for node in each["nodes"]]


def sideways_scrolling(page: Page) -> list[str]:
    """At which widths the page is wider than its window, and the first part that sticks out."""
    return [f"{width} px: {part}" for width in WIDTHS for part in _sticking_out(page, width)]


def _sticking_out(page: Page, width: int) -> list[str]:
    Look(theme="light", width=width).put_on(page)
    return list(page.evaluate(STICKING_OUT))
