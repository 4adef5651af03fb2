"""Every page worth looking at: who sees it, where it is, and what to do there before looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

PERSON = r"/people/[0-9a-f-]{36}/"
RECEIPT = r"/revocations/CF-\w+/"
SESSION = r"/sessions/[0-9a-f-]{36}/"
ENTRY = r"/audit/\d+/"


@dataclass(frozen=True, kw_only=True)
class FirstLink:
    """The first link of such a form on another page, with something after it: for addresses with ids in them."""

    on: str
    like: str
    then: str = ""


def as_it_is(page: Page) -> None:
    """The page as it arrives."""


@dataclass(frozen=True, kw_only=True)
class ShownPage:
    """`who` is empty for somebody not signed in; `act` is done on the page before anybody looks."""

    name: str
    at: str | FirstLink
    who: str = ""
    act: Callable[[Page], None] = as_it_is

    def open(self, page: Page) -> None:
        """Go there and wait until it is ready to be looked at."""
        page.goto(address_of(self.at, page))
        self.act(page)
        page.wait_for_load_state("networkidle")


def address_of(at: str | FirstLink, page: Page) -> str:
    if isinstance(at, str):
        return at
    page.goto(at.on)
    hrefs = page.locator("main a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return next(href for href in hrefs if _is_like(at.like, href)) + at.then


def _is_like(pattern: str, href: str) -> bool:
    import re

    return re.fullmatch(pattern, href) is not None


def person(name: str, then: str = "") -> FirstLink:
    """The page of the first person found by this name."""
    return FirstLink(on=f"/people/?q={name}", like=PERSON, then=then)


# --- What is done before looking ------------------------------------------------------------------


def pressing(name: str, *, role: str = "link") -> Callable[[Page], None]:
    """Press what is called so, and wait for the dialog."""

    def press(page: Page) -> None:
        page.locator("main").get_by_role(role, name=name).first.click()
        dialog_of(page).wait_for()

    return press


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog")


def signing_in_wrongly(page: Page) -> None:
    page.get_by_label("Work e-mail or user name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("not correct").wait_for()


def opening_a_row(page: Page) -> None:
    page.locator("main tbody a[aria-expanded=false]").first.click()
    page.locator("main a[aria-expanded=true]").first.wait_for()


SIGN_IN = [
    ShownPage(name="sign-in", at="/accounts/login/"),
    ShownPage(name="sign-in-refused", at="/accounts/login/", act=signing_in_wrongly),
    ShownPage(name="sign-in-not-found", at="/nowhere/"),
    ShownPage(name="sign-out", at="/accounts/logout/", who="hana"),
    ShownPage(name="second-factor", at="/accounts/2fa/", who="hana"),
    ShownPage(name="second-factor-set-up", at="/accounts/2fa/totp/activate/", who="hana"),
    ShownPage(name="change-password", at="/accounts/password/change/", who="hana"),
]

PEOPLE = [
    ShownPage(name="people", at="/people/", who="hana"),
    ShownPage(name="people-as-project-manager", at="/people/", who="paula"),
    ShownPage(name="people-as-admin", at="/people/", who="ada"),
    ShownPage(name="people-filtered", at="/people/?q=lind&sessions=live", who="hana"),
    ShownPage(name="people-nobody", at="/people/?q=nobody+of+this+name", who="hana"),
    ShownPage(name="person", at=person("Ines"), who="hana"),
    ShownPage(name="person-as-it", at=person("Ines"), who="ivan"),
    ShownPage(name="person-access", at=person("Ines", "?tab=access"), who="ivan"),
    ShownPage(name="person-timeline", at=person("Ines", "?tab=timeline"), who="sam"),
    ShownPage(name="person-revocations", at=person("Joaquin", "?tab=revocations"), who="sam"),
    ShownPage(name="person-revocations-none", at=person("Ines", "?tab=revocations"), who="sam"),
    ShownPage(name="person-oneself", at=person("Hana"), who="hana"),
    ShownPage(name="person-ended", at=person("Joaquin"), who="ivan"),
    ShownPage(name="terminate", at="/people/?q=ines", who="hana", act=pressing("Terminate now")),
    ShownPage(name="terminate-as-security", at="/people/?q=ines", who="sam", act=pressing("Terminate now")),
    ShownPage(name="terminate-a-namesake", at=person("Maria+Costa"), who="hana", act=pressing("Terminate now")),
    ShownPage(name="terminate-page", at=person("Ines", "terminate/"), who="hana"),
    ShownPage(name="terminate-refused", at=person("Hana", "terminate/"), who="hana"),
    ShownPage(name="allow-sign-in", at=person("Joaquin"), who="ivan", act=pressing("Allow sign-in again")),
]

REVOCATIONS = [
    ShownPage(name="receipt", at=FirstLink(on="/revocations/?q=joaquin", like=RECEIPT), who="sam"),
    ShownPage(name="revocations", at="/revocations/", who="sam"),
    ShownPage(name="revocations-none", at="/revocations/", who="hana"),
    ShownPage(name="revocations-not-found", at="/revocations/?q=CF-0000000000", who="sam"),
]

SESSIONS = [
    ShownPage(name="sessions", at="/sessions/", who="sam"),
    ShownPage(name="sessions-as-hr", at="/sessions/", who="hana"),
    ShownPage(name="sessions-none", at="/sessions/?q=nobody+of+this+name", who="sam"),
    ShownPage(name="session", at=FirstLink(on="/sessions/?q=ines", like=SESSION), who="sam"),
    ShownPage(name="me", at="/me/", who="otto"),
    ShownPage(name="me-with-a-role", at="/me/", who="hana"),
]

AUDIT = [
    ShownPage(name="audit", at="/audit/", who="aude"),
    ShownPage(name="audit-row", at="/audit/?q=joaquin", who="aude", act=opening_a_row),
    ShownPage(name="audit-entry", at=FirstLink(on="/audit/?q=joaquin", like=ENTRY), who="aude"),
    ShownPage(name="audit-none", at="/audit/?q=nobody-of-this-name", who="aude"),
    ShownPage(name="audit-as-hr", at="/audit/", who="hana"),
]

ERRORS = [
    ShownPage(name="refused", at="/people/", who="otto"),
    ShownPage(name="not-found", at="/nowhere/", who="hana"),
]

PAGES = [*SIGN_IN, *PEOPLE, *REVOCATIONS, *SESSIONS, *AUDIT, *ERRORS]
