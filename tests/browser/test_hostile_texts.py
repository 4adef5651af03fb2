"""What strangers type is text on every page that shows it, never markup and never a script."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitors
from tests.browser.test_accessibility import sideways_scrolling
from tests.live.running import RunningCurfew

pytestmark = pytest.mark.browser

NAME = "Mallory <img src=x onerror=alert(1)> \"'><script>alert(2)</script> {{ 7|add:7 }} ${7*7}"
AGENT = "<svg onload=alert(3)>" + "W" * 300
WHILE_SIGNED_IN = (
    "/people/?q=mallory",
    "{person}",
    "{person}?tab=access",
    "{person}terminate/",
    "/sessions/?q=mallory",
)
ONCE_ENDED = (
    "/people/?q=mallory",
    "{person}?tab=timeline",
    "{person}?tab=revocations",
    "{person}terminate/",
    "{person}allow-sign-in/",
    "/sessions/?q=mallory&state=ended",
    "/revocations/",
    "/audit/",
    "{receipt}",
)


@pytest.fixture(scope="session")
def mallory(curfew: RunningCurfew, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Imported by a file, signed in by a report; returns the user name."""
    file = tmp_path_factory.mktemp("import") / "people.csv"
    cell = '"' + NAME.replace('"', '""') + '"'
    columns = "external_id,username,display_name,department,identities"
    file.write_text(f"{columns}\nhr-mallory,mallory,{cell},<b>Sales</b>,northwind=nw-mallory\n")
    curfew.manage("import_people", str(file))
    _report_sign_in(curfew)
    return "mallory"


def _report_sign_in(curfew: RunningCurfew) -> None:
    secret = curfew.manage("credential", "create", "Reports", "--scope", "sessions:write").split()[-1]
    report = {
        "realm": "northwind",
        "person_id": "nw-mallory",
        "sid": f"sid-<i>{uuid.uuid4()}",
        "user_agent": AGENT,
        "place": "<script>alert(4)</script>",
        "device_id": "javascript:alert(5)",
        "began_at": datetime.now(UTC).isoformat(),
        "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    answer = httpx.post(
        f"{curfew.address}/api/v1/sessions", json=report, headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code in (200, 201), answer.text


def test_a_hostile_name_is_text_on_every_page_that_shows_it(visitors: Visitors, mallory: str) -> None:
    with visitors.visit("sam") as page:
        alerts: list[str] = []
        page.on("dialog", lambda dialog: alerts.append(dialog.message))
        person = address_of_person(page, mallory)

        before = [what_came_of_it(page, place.format(person=person)) for place in WHILE_SIGNED_IN]
        receipt = ended(page, person)
        after = [what_came_of_it(page, place.format(person=person, receipt=receipt)) for place in ONCE_ENDED]

        assert [wrong for wrong in before + after if wrong] == []
        assert alerts == []


def address_of_person(page: Page, name: str) -> str:
    page.goto(f"/people/?q={name}")
    return str(page.locator("tbody .cell--title a").first.get_attribute("href"))


def ended(page: Page, person: str) -> str:
    """The address of the receipt that names them."""
    page.goto(f"{person}terminate/")
    page.get_by_label("Offboarding").check()
    page.locator("main .btn--danger").click()
    page.wait_for_url("**/revocations/CF-*/")
    return page.url.removeprefix(str(page.evaluate("location.origin")))


def what_came_of_it(page: Page, address: str) -> list[str]:
    """Nothing, when the name stands on the page letter by letter and nothing else came of it."""
    page.goto(address)
    expect(page.locator("main").get_by_text("Mallory <img src=x onerror=alert(1)>").first).to_be_visible()
    strangers = page.locator("img[src=x], main script, svg[onload], main b, main i").all()
    return [each.evaluate("part => part.outerHTML") for each in strangers] + sideways_scrolling(page)
