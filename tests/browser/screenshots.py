"""`make screenshots`: pictures of every page, in both themes and two widths, to be looked at."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.acts import opening_dialog
from tests.browser.chromium import PROGRAMS, Visitors, running_chromium
from tests.browser.looks import LOOKS
from tests.browser.pages import PAGES
from tests.live.running import ROOT, needs, running_curfew

FOLDER = ROOT / "screenshots"
OUTAGE = "receipt-not-yet-cut-off"


def main() -> None:
    """Start a Curfew of its own, take the pictures, say where they are."""
    wanted = _arguments().only
    pages = [shown for shown in PAGES if wanted in shown.name]
    FOLDER.mkdir(exist_ok=True)
    with _visitors() as visitors:
        for shown in pages:
            with visitors.visit(shown.who) as page:
                shown.open(page, visitors)
                _take(page, shown.name)
        if wanted in OUTAGE:
            _during_an_outage(visitors)
    print(FOLDER)  # noqa: T201  # a command line tool's answer
    for trouble in visitors.troubles:
        print(trouble)  # noqa: T201  # likewise


def _during_an_outage(visitors: Visitors) -> None:
    """The receipt of a decision that nobody can enforce yet."""
    with visitors.visit("hana") as page:
        page.goto("/people/?q=leonie")
        with visitors.curfew.frozen_redis():
            opening_dialog("Terminate now")(page)
            page.get_by_role("dialog").get_by_role("button", name="Terminate").click()
            page.get_by_role("heading", name="not yet cut off").wait_for()
            _take(page, OUTAGE)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="pages whose name contains this")
    return parser.parse_args()


@contextmanager
def _visitors() -> Iterator[Visitors]:
    with (
        tempfile.TemporaryDirectory(prefix="curfew-") as folder,
        running_curfew(Path(folder)) as curfew,
        running_chromium(needs(*PROGRAMS)) as browser,
    ):
        yield Visitors(browser=browser, curfew=curfew)


def _take(page: Page, name: str) -> None:
    for look in LOOKS:
        look.put_on(page)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=FOLDER / f"{name}-{look}.png", full_page=not page.get_by_role("dialog").count())


if __name__ == "__main__":
    main()
