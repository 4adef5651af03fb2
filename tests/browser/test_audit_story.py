"""The trail as an auditor works with it: ask, keep the question, take the answer along, check it, look closer once."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitors

pytestmark = pytest.mark.browser

QUESTION = "action:RV reason:offboarding"
WORKER_MILLISECONDS = 60_000


def test_an_auditor_asks_and_keeps_the_question(visitors: Visitors) -> None:
    with visitors.visit("aude") as page:
        asks(page, QUESTION)
        expect(page.locator(".chips")).to_contain_text("Offboarding")
        found = shown_entries(page)

        page.get_by_role("link", name="Save view").click()
        page.get_by_role("textbox", name="Name").fill("What Aude asks")
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        page.goto("/audit/")
        page.locator("summary", has_text="Saved views").click()
        page.get_by_role("link", name="What Aude asks").click()

        expect(page.get_by_role("searchbox", name="Search the trail")).to_have_value(QUESTION)
        assert shown_entries(page) == found > 0


def test_what_is_shown_is_what_csv_and_a_spreadsheet_hold(visitors: Visitors) -> None:
    with visitors.visit("aude") as page:
        asks(page, QUESTION)
        found = shown_entries(page)

        rows = list(csv.reader(StringIO(taken(page, "CSV").read_text(encoding="utf-8-sig"))))
        objects = [json.loads(line) for line in taken(page, "JSON").read_text().splitlines()]
        sheet = openpyxl.Workbook().active
        for row in rows:
            sheet.append(row)

        assert {row[rows[0].index("reason")] for row in rows[1:]} == {"offboarding"}
        assert len(rows) - 1 == len(objects) == found
        assert [cell.data_type for cells in sheet for cell in cells].count("f") == 0


def test_a_signed_bundle_is_genuine_to_whoever_read_the_fingerprint_elsewhere(
    visitors: Visitors, tmp_path: Path
) -> None:
    with visitors.visit("aude") as page:
        fingerprint = reads_fingerprint(page)
        asks(page, QUESTION)
        page.locator("summary", has_text="Export").click()
        page.get_by_role("button", name="Signed bundle").click()
        expect(page).to_have_url(re.compile(r"/audit/exports/$"))
        link = page.get_by_role("link", name="Download").first
        link.wait_for(timeout=WORKER_MILLISECONDS)
        with page.expect_download() as arriving:
            link.click()
        bundle = tmp_path / "export.zip"
        arriving.value.save_as(bundle)

    with zipfile.ZipFile(bundle) as archive:
        archive.extract("verifier.py", tmp_path)
    command = [sys.executable, "-I", tmp_path / "verifier.py", bundle, "--key-fingerprint", fingerprint]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.stdout.startswith("Genuine.\n"), said


def test_the_whole_trail_is_checked_in_the_page(visitors: Visitors) -> None:
    with visitors.visit("aude") as page:
        fingerprint = reads_fingerprint(page)
        page.get_by_label("Key fingerprint you were given").fill(fingerprint)
        page.get_by_role("button", name="Verify now").click()

        expect(page.get_by_role("heading", name="Genuine")).to_be_visible(timeout=WORKER_MILLISECONDS)


def test_a_masked_address_is_seen_once_for_a_purpose_and_that_is_an_entry(visitors: Visitors) -> None:
    with visitors.visit("hana", anew=True), visitors.visit("aude") as page:
        asks(page, "actor:hana action:SI-101")
        page.locator("main tbody a[href^='/audit/']").first.click()
        page.get_by_role("link", name="Unmask").click()
        page.get_by_label("What do you need it for?").fill("Case 2026-11")
        page.get_by_role("button", name="Unmask this entry").click()
        expect(page.get_by_text("Unmasked for you, this once")).to_be_visible()

        asks(page, "actor:aude action:PD-102")
        expect(page.locator("main tbody").first).to_contain_text("entry")


def asks(page: Page, question: str) -> None:
    page.goto("/audit/")
    box = page.get_by_role("searchbox", name="Search the trail")
    box.fill(question)
    box.press("Enter")
    expect(page).to_have_url(re.compile("q="))


def reads_fingerprint(page: Page) -> str:
    page.goto("/audit/verify/")
    return page.locator("dl > div", has_text="Key fingerprint").locator("code").inner_text()


def shown_entries(page: Page) -> int:
    said = page.locator(".table-foot > span").inner_text()
    return 1 if said.startswith("One") else int(said.split()[0])


def taken(page: Page, form: str) -> Path:
    """One form after the other, from the same menu, as often as one likes."""
    button = page.get_by_role("button", name=form, exact=True)
    if not button.is_visible():
        page.locator("summary", has_text="Export").click()
    expect(page.locator("form[data-sent]")).to_have_count(0)
    with page.expect_download() as arriving:
        button.click()
    return Path(arriving.value.path())
