"""Verifying the trail in the page: how it stands, the check piece by piece, what it found and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from audit.models import AuditEntry, ChainLink, Verification
from audit.signing import current_fingerprint, grouped
from sessions_app.models import User
from tests.audit.trails import a_trail, as_owner
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def browser(aude: User) -> Client:
    """Aude, with nine sealed entries of others."""
    browser = browser_of(aude)
    a_trail(9)
    return browser


def verify(browser: Client, **posts: str) -> str:
    """Press the button, and the next one until the check is over."""
    began = browser.post("/audit/verify/", posts)
    assert began.status_code == 303
    over = browser.post(f"{began.url}next/", **HTMX)
    assert Verification.objects.get().finished_at
    return text_of(over)


def test_the_page_says_how_the_trail_stands(browser: Client):
    page = text_of(browser.get("/audit/verify/"))

    assert "Not verified yet" in page
    assert grouped(current_fingerprint()) in page
    assert bytes(ChainLink.objects.order_by("number").last().hash).hex() in page


def test_without_a_fingerprint_it_is_intact_and_says_what_to_compare(browser: Client):
    page = verify(browser)

    assert "Intact, signer not checked" in page
    assert "Compare the key fingerprint" in page
    assert "Genuine" not in page


def test_with_the_fingerprint_it_is_genuine(browser: Client):
    assert "Genuine" in verify(browser, fingerprint=grouped(current_fingerprint()).upper())


def test_with_another_fingerprint_the_signer_is_in_doubt_and_so_is_the_typing(browser: Client):
    page = verify(browser, fingerprint="0" * 64)

    assert "does not stand for" in page
    assert "digit by digit" in page
    assert "Other signer" in text_of(browser.get("/audit/"))


def test_a_changed_entry_is_no_matter_of_typing(browser: Client):
    as_owner("UPDATE audit_auditentry SET reason_code = 'canary'")

    page = verify(browser, fingerprint="0" * 64)

    assert "Not intact" in page
    assert "digit by digit" not in page


def test_what_is_no_fingerprint_is_refused_beside_its_field(browser: Client):
    refused = browser.post("/audit/verify/", {"fingerprint": "abc"})

    assert refused.status_code == 422
    assert "64 digits" in text_of(refused)
    assert not Verification.objects.exists()


def test_the_first_bad_number_is_named_and_what_to_do(browser: Client):
    entry_id = ChainLink.objects.get(number=4).entry_id
    as_owner("UPDATE audit_auditentry SET reason_code = 'canary' WHERE id = %s", entry_id)

    page = verify(browser)

    assert "First bad number: 4" in page
    assert "Entry 4 is not what it was when it was sealed." in page
    assert "Change nothing" in page
    assert f'href="/audit/{entry_id}/"' in browser.get("/audit/verify/").content.decode()


def test_the_check_is_an_entry_of_whoever_asked(browser: Client, aude: User):
    verify(browser)

    entry = AuditEntry.objects.get(event_code="CN-110")
    assert entry.initiator_id == str(aude.pk)


def test_the_trails_page_says_when_it_was_verified_last_and_how_far(browser: Client):
    before = text_of(browser.get("/audit/"))
    number = ChainLink.objects.count()
    verify(browser)

    page = text_of(browser.get("/audit/"))

    assert "Not verified yet" in before
    assert "Chain complete" in page
    assert f"verified to {number} at " in page


def test_a_trail_that_nobody_signs_any_more_is_not_green(browser: Client):
    verify(browser)

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        page = text_of(browser.get("/audit/"))
        asked = text_of(browser.get("/audit/verify/"))

    assert "Checkpoints stopped" in page
    assert "Chain complete" not in page
    assert "No checkpoint was signed for more than five minutes" in asked


def test_the_trails_page_says_that_something_is_wrong(browser: Client):
    as_owner("UPDATE audit_auditentry SET reason_code = 'canary'")
    verify(browser)

    assert "Not intact" in text_of(browser.get("/audit/"))


def test_a_running_check_is_carried_on_by_whoever_began_it_and_by_nobody_else(browser: Client, sam: User):
    began = browser.post("/audit/verify/")

    others = browser_of(sam)

    assert "Somebody else is checking" in text_of(others.get(began.url))
    assert others.post(f"{began.url}next/").status_code == 404
    assert f'hx-post="{began.url}next/"' in browser.get("/audit/verify/").content.decode()


def test_a_check_that_is_over_stays_as_it_is(browser: Client):
    verify(browser)
    address = f"/audit/verify/{Verification.objects.get().pk}/next/"

    assert "Intact, signer not checked" in text_of(browser.post(address, **HTMX))
    assert AuditEntry.objects.filter(event_code="CN-110").count() == 1


def test_somebody_who_reads_only_own_entries_is_told_nothing_of_the_whole(hana: User):
    a_trail(2)
    browser = browser_of(hana)

    assert "Not verified yet" not in text_of(browser.get("/audit/"))
    assert browser.get("/audit/verify/").status_code == 403


def test_the_verifier_is_a_file_to_take_along(browser: Client):
    file = browser.get("/audit/verifier.py")

    assert file["Content-Disposition"] == 'attachment; filename="verifier.py"'
    assert file.content.startswith(b"#!/usr/bin/env python3")


def test_the_format_is_described_to_whoever_is_signed_in(otto: User):
    page = text_of(browser_of(otto).get("/audit/format/"))

    assert "SHA-256(0x00 || hash(n-1) || body)" in page
    assert grouped(current_fingerprint()) in page
