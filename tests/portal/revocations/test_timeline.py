"""The timeline on a receipt: the entries under its number, as far as the reader would find them at /audit/."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from audit.models import AuditEntry
from portal.presenters import timeline
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.suspicion import waive_second_factor
from sessions_app.models import Revocation, RevocationTarget, User
from tests.factories import initiator_of, open_session
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]

WORTH_AN_UNMASKING = {"purpose": "dispute CF-1 of the works council"}


@pytest.fixture
def address(hana: User, ines: User, wiki: object) -> str:
    """Of the receipt of Ines, whom Hana terminated."""
    open_session(ines)
    return str(terminate(browser_of(hana), ines, note="left in anger").headers["Location"])


def number_in(address: str) -> str:
    return address.strip("/").split("/")[-1]


def timeline_for(reader: User, address: str) -> str:
    """From its heading to its end."""
    page = text_of(browser_of(reader).get(address))
    return page.split('id="timeline"')[1].split("</section>")[0]


def test_it_tells_what_happened_and_each_row_leads_to_its_entry(aude, ivan, ines, address):
    allow_sign_in_again(ines, by=initiator_of(ivan), reason="came back")

    told = timeline_for(aude, address)

    steps = ["RV-120", "RV-110", "RV-101"]
    entries = AuditEntry.objects.of_receipt(number_in(address)).newest_first()
    assert [told.index(f">{step}<") for step in steps] == sorted(told.index(f">{step}<") for step in steps)
    assert "Hana Weiss ended the access of Ines Almeida" in told
    assert "Ivan Petrov allowed Ines Almeida to sign in again" in told
    assert [f'href="/audit/{entry.pk}/"' in told for entry in entries] == [True] * 3


def test_it_leads_to_all_of_them_in_the_trail(aude, address):
    number = number_in(address)

    assert f'href="/audit/?q=receipt%3A{number}"' in timeline_for(aude, address)
    found = text_of(browser_of(aude).get("/audit/", {"q": f"receipt:{number}"}))
    assert "2 entries shown" in found


def test_a_waiver_stands_under_the_receipt_whose_demand_it_ended(sam, ines):
    address = terminate(browser_of(sam), ines, reason="security_incident").headers["Location"]
    waive_second_factor(ines, by=initiator_of(sam), reason="showed her passport")

    told = timeline_for(sam, address)

    assert "identified Ines Almeida in another way" in told
    assert "passport" not in told


def test_an_unmasking_of_one_of_its_entries_stands_there_too(aude, sam, address):
    decided = AuditEntry.objects.of_receipt(number_in(address)).get(event_code="RV-101")
    browser_of(aude).post(f"/audit/{decided.pk}/unmask/", WORTH_AN_UNMASKING)

    assert "Aude Laurent unmasked personal details" in timeline_for(sam, address)


def test_nothing_typed_stands_in_it(sam, hana, address):
    assert "anger" not in timeline_for(sam, address)
    assert "anger" not in timeline_for(hana, address)


def test_hr_reads_there_only_what_they_did_themselves(hana, aude, ivan, ines, address):
    allow_sign_in_again(ines, by=initiator_of(ivan), reason="came back")

    assert "Ivan Petrov allowed" in timeline_for(aude, address)
    assert "Ivan Petrov allowed" not in timeline_for(hana, address)
    assert "Hana Weiss ended the access" in timeline_for(hana, address)


def test_it_reads_there_nothing_of_the_groups_it_does_not_browse(aude, ivan, address):
    decided = AuditEntry.objects.of_receipt(number_in(address)).get(event_code="RV-101")
    browser_of(aude).post(f"/audit/{decided.pk}/unmask/", WORTH_AN_UNMASKING)

    assert "PD-102" in timeline_for(aude, address)
    assert "PD-102" not in timeline_for(ivan, address)


@pytest.mark.parametrize("who", ["hana", "ivan", "sam", "aude"])
def test_every_row_opens_for_whoever_sees_it(who, request, address):
    reader = request.getfixturevalue(who)
    shown = timeline.timeline_of_receipt(number_in(address), reader)
    browser = browser_of(reader)

    assert shown.rows
    assert {browser.get(row.url).status_code for row in shown.rows} == {200}


def test_more_than_fit_are_named_so(aude, address, monkeypatch):
    monkeypatch.setattr(timeline, "SHOWN_AT_MOST", 1)

    told = timeline_for(aude, address)

    assert "The newest 1, in UTC" in told
    assert ">RV-101<" not in told


def test_a_receipt_without_entries_says_what_would_stand_there(hana, ines, address):
    other = Revocation.objects.get()
    other.pk, other.receipt = uuid.uuid4(), "CF-0000000000"
    other.save(force_insert=True)
    RevocationTarget.objects.create(revocation=other, user=ines, cutoff_ms=0)

    assert "as far as your role may browse it" in timeline_for(hana, f"/revocations/{other.receipt}/")


def test_the_part_that_asks_again_brings_it_too(sam: User, address: str):
    browser: Client = browser_of(sam)

    assert 'id="timeline"' in text_of(browser.get(address, headers=HTMX))
