"""What is done on a page before somebody looks at it, and how its address is found."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from playwright.sync_api import Page

Act = Callable[[Page], None]


@dataclass(frozen=True, kw_only=True)
class FirstLink:
    """The first link of such a form on another page, with something after it: for addresses with ids in them."""

    on: str
    like: str
    then: str = ""

    def find(self, page: Page) -> str:
        page.goto(self.on)
        links = page.locator("main a[href]").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        return next(link for link in links if re.fullmatch(self.like, link)) + self.then


def as_it_is(page: Page) -> None:
    """The page as it arrives."""


def confirm_it_is_me(page: Page, *, password: str) -> None:
    """What is asked before one's own sign-in can be changed, once in a while."""
    if "/reauthenticate/" not in page.url:
        return
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Confirm and go on").click()
    page.wait_for_url(lambda address: "/reauthenticate/" not in address)


def opening_dialog(name: str) -> Act:
    """Press what is called so, and wait for the dialog."""

    def press(page: Page) -> None:
        page.locator("main").get_by_role("link", name=name).first.click()
        page.get_by_role("dialog").wait_for()

    return press


def walking_on(steps: int) -> Act:
    """From the first step of ending a project this many further, filled in as little as each allows."""

    def walk(page: Page) -> None:
        for _step in range(steps):
            typed = page.get_by_label(re.compile("^Type .* to go on"))
            if typed.count():
                page.get_by_label("Ticket").fill("PRJ-2231")
                typed.fill("Phoenix")
            page.locator("main .btn--primary[type=submit]").click()

    return walk


def naming_people(page: Page) -> None:
    """Name somebody and nobody, and wait for what was understood."""
    page.get_by_label("People").fill("otto\nnobody of this name")
    page.locator("main .btn--primary[type=submit]").click()
    page.get_by_role("heading", name="What was understood").wait_for()


def opening_row(page: Page) -> None:
    """Open the first row in its place."""
    page.locator("main tbody a[aria-expanded=false]").first.click()
    page.locator("main a[aria-expanded=true]").first.wait_for()


def opening_menu(page: Page) -> None:
    """Unfold the first menu of the page's own part."""
    page.locator("main details.menu > summary").first.click()


def opening_exports(page: Page) -> None:
    """Unfold the menu of the forms a file can have."""
    page.locator("main details.menu > summary", has_text="Export").click()


def sending_empty(page: Page) -> None:
    """Press the filled button without having typed anything, and wait for what is to be put right."""
    page.locator("main .btn--primary[type=submit], main .btn--danger[type=submit]").last.click()
    page.locator("[id$=_error], .note--danger").first.wait_for()


def scheduling_a_leaving(page: Page) -> None:
    """Say when the person leaves, unless that was done before, and wait for their page to say so."""
    day = datetime.now(UTC).date() + timedelta(days=9)
    page.get_by_label("Last working day").fill(day.isoformat())
    page.get_by_label("Note").fill("Contract ends, agreed with Delivery")
    page.get_by_label("Ticket").fill("HR-2231")
    page.locator("main .btn--primary[type=submit]").click()
    page.get_by_text("Access ends").first.wait_for()


def saying_wrong_person(page: Page) -> None:
    """Say that the receipt met the wrong person, unless that was said before."""
    opener = page.get_by_role("link", name="This was the wrong person")
    if not opener.count():
        return
    opener.click()
    page.get_by_label("What happened?").fill("The list from HR had the line below in mind")
    page.get_by_role("button", name="Ask to give it back").click()
    page.get_by_text("IT and Security are asked to give it back.").wait_for()


def signing_in_wrongly(page: Page) -> None:
    page.get_by_label("Work e-mail or user name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("not correct").wait_for()


def saving_a_view(name: str, *, is_shared: bool = False) -> Act:
    def save(page: Page) -> None:
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("checkbox", name="Shared").set_checked(is_shared)
        page.get_by_role("button", name="Save view").click()
        page.get_by_text(f"Saved as “{name}”.").wait_for()

    return save


def unmasking(page: Page) -> None:
    page.get_by_label("What do you need it for?").fill("Case 2026-11: who was at the desk that day")
    page.get_by_role("button", name="Unmask this entry").click()
    page.get_by_text("Unmasked for you, this once").wait_for()


def bringing_in_leavers(page: Page) -> None:
    """HR's list of this month, in which one was late, one never cut, and one line is wrong."""
    today = datetime.now(tz=UTC).date()
    rows = [
        ("joaquin", "Joaquin Prado", today - timedelta(days=9)),
        ("n.bell", "Nora Bell", today - timedelta(days=3)),
        ("", "Somebody", today),
    ]
    lines = [f"{username},{name},{day.isoformat()}" for username, name, day in rows]
    text = "\n".join(["username,name,left_on", *lines, ""])
    page.get_by_label("HR's list of leavers").set_input_files(
        files=[{"name": "leavers.csv", "mimeType": "text/csv", "buffer": text.encode()}]
    )
    page.get_by_label("From which system").fill("Workday")
    page.get_by_label("By which query or report").fill("Terminated workers, all countries, this month")
    page.get_by_label("First day of the period").fill((today - timedelta(days=30)).isoformat())
    page.get_by_label("Last day of the period").fill(today.isoformat())
    page.get_by_role("button", name="Bring in").click()
    page.get_by_role("heading", name="Evidence pack").wait_for()


def verifying(page: Page) -> None:
    page.get_by_role("button", name="Verify now").click()
    page.get_by_role("heading", name="Intact, signer not checked").wait_for()


def checking_again(page: Page) -> None:
    page.get_by_role("button", name="Check now").click()
    page.get_by_text("Checked again.").wait_for()


def making_a_credential(page: Page) -> None:
    page.get_by_label("Name").fill("Okta event hook")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Create credential").click()
    page.get_by_text("shown only this once").wait_for()


def registering_a_client(page: Page) -> None:
    page.get_by_label("Client id").fill(f"wiki-{secrets.token_hex(4)}")
    page.get_by_label("Name", exact=True).fill("Wiki")
    page.get_by_label("Redirect addresses").fill("https://wiki.northwind.example/callback")
    page.get_by_role("button", name="Register client").click()
    page.get_by_text("shown only this once").wait_for()


def asking_for_consent(page: Page) -> None:
    """A client of somebody else's, just registered, asks for the reader's sign-in."""
    _asking_to_sign_in(page)


def asking_to_sign_in_again(page: Page) -> None:
    """It wants the reader, who is signed in, to sign in anew."""
    _asking_to_sign_in(page, prompt="login")


def _asking_to_sign_in(page: Page, **more: str) -> None:
    registering_a_client(page)
    client_id = page.get_by_text(re.compile(r"^wiki-[0-9a-f]{8}$")).inner_text()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": "https://wiki.northwind.example/callback",
        "scope": "openid profile",
        "state": "s" * 22,
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        **more,
    }
    page.goto("/oauth/authorize?" + urlencode(query))


def ticking_everybody(page: Page) -> None:
    """The bar with the selection appears."""
    page.locator("[data-check-all]").check()
    page.locator("[data-selection-count]").wait_for()


def previewing_all_who_match(page: Page) -> None:
    """What ending their access would do, and why it takes a second person."""
    ticking_everybody(page)
    page.get_by_role("button", name="Select all").click()
    page.locator("input[name=typed]").wait_for()


def selecting_two_sessions(page: Page) -> None:
    page.locator("[data-row-check]").nth(0).check()
    page.locator("[data-row-check]").nth(1).check()
    page.get_by_role("button", name="End 2 sessions").click()
    page.get_by_role("heading", level=1, name=re.compile("End 2 sessions")).wait_for()


def explaining(token: str) -> Act:
    def explain(page: Page) -> None:
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Explain").click()
        page.get_by_role("heading", name="How it is read").wait_for()

    return explain
