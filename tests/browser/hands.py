"""What a person does with mouse and keyboard, counted, and what they then see."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page

FURTHEST = 80


@dataclass(frozen=True, kw_only=True)
class Hands:
    """One person at one page. Each deed is kept, so that a test can count them."""

    page: Page
    deeds: list[str] = field(default_factory=list)

    def types(self, text: str, *, into: str) -> None:
        self.deeds.append(f"types {text}")
        self.page.get_by_role("searchbox", name=into).press_sequentially(text)

    def clicks(self, what: Locator) -> None:
        self.deeds.append(f"clicks {what}")
        what.click()

    def goes_to(self, name: str) -> None:
        """With the tabulator key alone, to the first thing called so."""
        for _step in range(FURTHEST):
            if self.name_in_focus() == name:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{name} cannot be reached; now at {self.name_in_focus()}")

    def presses(self, key: str) -> None:
        self.deeds.append(f"presses {key}")
        self.page.keyboard.press(key)

    def name_in_focus(self) -> str:
        """What the thing in focus is called, as a reader would say it."""
        return str(
            self.page.evaluate(
                "(at => at.getAttribute('aria-label') || at.labels?.[0]?.innerText || at.textContent.trim())"
                "(document.activeElement)"
            )
        )
