"""A real Chromium against a real Curfew, and what goes wrong in it without anybody seeing it on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError, sync_playwright

from tests.live.running import RunningCurfew

PROGRAMS = ("chromium", "chromium-browser")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MILLISECONDS = 10_000
# Chromium calls every answer above 399 an error of the page, also where refusing is the right answer.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@contextmanager
def running_chromium(program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True, kw_only=True)
class Visitors:
    """People at the portal, each in a browser of their own. Whoever signed in once need not again."""

    browser: Browser
    curfew: RunningCurfew
    troubles: list[str] = field(default_factory=list)
    """Errors in the console, uncaught exceptions and refusals of the content policy, in any of the browsers."""

    _kept: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def visit(self, who: str = "", *, anew: bool = False, **options: Any) -> Iterator[Page]:
        """A page of this person, or of nobody. `anew` signs in by hand, for stories that end the sign-in."""
        state = None if anew or not who else self._state_of(who)
        with self._context(storage_state=state, **options) as context:
            page = context.new_page()
            if anew:
                sign_in(page, who, self.curfew.password)
            yield page

    def forget(self, who: str) -> None:
        """Their sign-in was ended: the next visit signs in again."""
        self._kept.pop(who, None)

    def _state_of(self, who: str) -> Any:
        if who not in self._kept:
            with self._context() as context:
                sign_in(context.new_page(), who, self.curfew.password)
                self._kept[who] = context.storage_state()
        return self._kept[who]

    @contextmanager
    def _context(self, **options: Any) -> Iterator[BrowserContext]:
        # Without motion nothing is photographed or measured half-way through a change of colour.
        usual = {"base_url": self.curfew.address, "reduced_motion": "reduce"}
        context = self.browser.new_context(**{**usual, **options})
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        # Playwright writes on the object whose method it is given, and this one is frozen.
        context.on("console", lambda message: self._note_message(message))
        context.on("weberror", lambda error: self._note_error(error))
        try:
            yield context
        finally:
            context.close()

    def _note_message(self, message: ConsoleMessage) -> None:
        refused_page = REFUSED.match(message.text) and "/static/" not in message.location["url"]
        if message.type == "error" and not refused_page:
            self.troubles.append(f"{message.text} ({message.location['url']})")

    def _note_error(self, error: WebError) -> None:
        self.troubles.append(str(error.error))


def sign_in(page: Page, who: str, password: str) -> None:
    """By the form, as a person does."""
    page.goto("/accounts/login/")
    page.get_by_label("Work e-mail or user name").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(lambda address: "/accounts/login/" not in address)
