"""A project too large for one person alone: its manager asks, somebody else decides in another browser, both read on.

After the end of Phoenix by its name: then Chen is left to Atlas alone.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitors
from tests.browser.test_second_factor import holds_in_every_look
from tests.browser.test_story import answer_of_sample
from tests.browser.test_two_people import with_factor
from tests.live.running import RunningCurfew

pytestmark = pytest.mark.browser

PEOPLE_OF_THE_END = """
    SELECT t.user_id, t.sessions_ended,
           (SELECT COUNT(*) FROM sessions_app_endedsession e JOIN sessions_app_session s ON s.id = e.session_id
            WHERE e.revocation_id = r.id AND s.user_id = t.user_id)
    FROM sessions_app_revocation r JOIN sessions_app_revocationtarget t ON t.revocation_id = r.id
    JOIN sessions_app_project p ON p.id = r.project_id WHERE p.key = 'atlas'
"""


def test_the_manager_asks_and_security_ends_atlas(curfew: RunningCurfew, visitors: Visitors) -> None:
    # Given more sessions on Atlas than one person may end alone.
    tokens = [curfew.token("chen", "--new-session") for _ in range(2)]
    with (
        one_session_alone(visitors),
        with_factor(visitors, "paula") as paula,
        with_factor(visitors, "sam") as sam,
    ):
        # When the manager asks, nothing ends.
        asks_to_end_atlas(paula)
        holds_in_every_look(paula)
        assert [answer_of_sample(curfew, token) for token in tokens] == [200, 200]

        # And Security decides in another browser.
        sam.goto("/approvals/")
        sam.get_by_role("link", name=re.compile("Atlas")).first.click()
        expect(sam.get_by_text("Paula Reyes asked at")).to_be_visible()
        holds_in_every_look(sam)
        sam.get_by_role("button", name=re.compile("^Approve")).click()
        expect(sam.locator(".badge", has_text="Approved")).to_be_visible()

        # Then everybody on it is cut off, and the manager hands over a report that says what the database says.
        assert [answer_of_sample(curfew, token) for token in tokens] == [401, 401]
        paula.goto("/projects/atlas/report/")
        expect(paula.get_by_text("Sam Okoro").first).to_be_visible()
        assert told_by_json(downloaded(paula, "json")) == ended_in_the_database(curfew)
        assert told_by_csv(downloaded(paula, "csv")) == ended_in_the_database(curfew)


def asks_to_end_atlas(page: Page) -> None:
    page.goto("/projects/atlas/")
    page.get_by_role("link", name="End Project").click()
    page.get_by_role("button", name="Next: when").click()
    page.get_by_label("Now").check()
    page.get_by_role("button", name="Next: reason").click()
    page.get_by_label("Type Atlas to go on").fill("atlas")
    page.get_by_role("button", name="Next: check").click()
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_role("link", name="Approval", exact=True)).to_be_visible()


@contextmanager
def one_session_alone(visitors: Visitors) -> Iterator[None]:
    """While it lasts, two sessions take two people."""
    with with_factor(visitors, "ada") as page:
        sets_sessions_alone(page, 1)
        yield
        sets_sessions_alone(page, 500)


def sets_sessions_alone(page: Page, sessions: int) -> None:
    page.goto("/settings/policies/edit/")
    page.get_by_label("Sessions one person may end alone").fill(str(sessions))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def downloaded(page: Page, form: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("link", name=form.upper(), exact=True).click()
    return Path(download.value.path()).read_text("utf-8-sig")


def told_by_json(text: str) -> dict[UUID, int]:
    """How many sessions of whom it says were ended."""
    return {UUID(each["person"]): each["sessions_ended"] for each in json.loads(text)["contractors"]}


def told_by_csv(text: str) -> dict[UUID, int]:
    return {UUID(row["person"]): int(row["sessions_ended"]) for row in csv.DictReader(text.splitlines())}


def ended_in_the_database(curfew: RunningCurfew) -> dict[UUID, int]:
    file = f"file:{curfew.folder / 'curfew.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(file, uri=True, timeout=20)) as database:
        found = database.execute(PEOPLE_OF_THE_END).fetchall()
    assert all(counted == stored >= 2 for _person, counted, stored in found)
    return {UUID(person): stored for person, _counted, stored in found}
