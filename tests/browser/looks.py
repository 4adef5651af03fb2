"""The looks every page must hold in: theme and width."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

HEIGHT_OF = {320: 720, 390: 844, 768: 1024, 1280: 900}


@dataclass(frozen=True, kw_only=True)
class Look:
    theme: str
    width: int

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}"

    def put_on(self, page: Page) -> None:
        """Without loading the page again: what is open stays open."""
        page.set_viewport_size({"width": self.width, "height": HEIGHT_OF[self.width]})
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", self.theme)


LOOKS = [Look(theme=theme, width=width) for theme in ("light", "dark") for width in (1280, 390)]
WIDTHS = list(HEIGHT_OF)
