"""Unmasking: one record, one time, with a purpose, recorded first, and seen by the person it is about."""

from __future__ import annotations

import pytest
from django.db import transaction

from audit.events import Events
from audit.models import AuditEntry
from audit.record import Target, record
from sessions_app.models import User
from tests.factories import a_machine, initiator_of
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

PURPOSE = {"purpose": "case 2026-11, who was at the desk"}
ADDRESS = "198.51.100.20"


@pytest.fixture
def entry(hana: User, ines: User) -> AuditEntry:
    """Hana linked an identity of Ines, from an address, with a note."""
    with transaction.atomic():
        return record(
            Events.IDENTITY_LINKED,
            initiator=initiator_of(hana),
            target=Target.of(ines, label=ines.display_name),
            details={"realm": "northwind"},
            personal={"person_id": "ines@private.example", "note": "asked by phone"},
        )


def unmaskings() -> list[AuditEntry]:
    return list(AuditEntry.objects.of_events(Events.DETAILS_UNMASKED.code).order_by("person_id"))


def test_an_auditor_sees_no_personal_detail_before(aude: User, entry: AuditEntry):
    page = text_of(browser_of(aude).get(f"/audit/{entry.pk}/"))

    assert ADDRESS not in page
    assert "ines@private.example" not in page
    assert f'href="/audit/{entry.pk}/unmask/"' in page


def test_with_a_purpose_the_details_are_shown_and_it_is_on_record(aude: User, entry: AuditEntry):
    page = text_of(browser_of(aude).post(f"/audit/{entry.pk}/unmask/", PURPOSE))

    assert ADDRESS in page
    assert "ines@private.example" in page
    noted = unmaskings()
    assert {each.details["entry"] for each in noted} == {entry.pk}
    assert noted[0].details["kinds"] == ["address", "person_id"]
    assert noted[0].subjects.get(kind="purpose").value == PURPOSE["purpose"]


def test_a_note_stays_with_its_role_all_the_same(aude: User, entry: AuditEntry):
    assert "asked by phone" not in text_of(browser_of(aude).post(f"/audit/{entry.pk}/unmask/", PURPOSE))


def test_it_lasts_for_that_answer_and_that_record_only(aude: User, hana: User, ines: User, entry: AuditEntry):
    with transaction.atomic():
        other = record(
            Events.PERSON_CHANGED, initiator=initiator_of(hana), target=Target.of(ines, label="Ines Almeida")
        )
    browser = browser_of(aude)
    answer = browser.post(f"/audit/{entry.pk}/unmask/", PURPOSE)

    assert answer["Cache-Control"] == "no-store"
    addresses = (f"/audit/{entry.pk}/", f"/audit/{other.pk}/", "/audit/", f"/audit/{entry.pk}/unmask/")
    later = "".join(text_of(browser.get(address)) for address in addresses)
    assert ADDRESS not in later


def test_everybody_whose_detail_it_was_sees_who_looked(
    aude: User, hana: User, ines: User, entry: AuditEntry, otto: User
):
    browser_of(aude).post(f"/audit/{entry.pk}/unmask/", PURPOSE)

    assert {each.person_id for each in unmaskings()} == {hana.pk, ines.pk}
    assert "unmasked a detail of yours" in text_of(browser_of(hana).get("/me/"))
    assert "unmasked a detail of yours" in text_of(browser_of(ines).get("/me/"))
    assert PURPOSE["purpose"] not in text_of(browser_of(ines).get("/me/"))
    assert "unmasked a detail of yours in the record" not in text_of(browser_of(otto).get("/me/"))


@pytest.mark.parametrize("purpose", ["", "because", "x" * 501])
def test_without_a_real_purpose_nothing_is_shown_or_recorded(purpose: str, aude: User, entry: AuditEntry):
    answer = browser_of(aude).post(f"/audit/{entry.pk}/unmask/", {"purpose": purpose})

    assert answer.status_code == 422
    assert ADDRESS not in text_of(answer)
    assert not unmaskings()


def test_an_entry_without_masked_details_leads_back_to_it(aude: User, sam: User, ines: User):
    with transaction.atomic():
        entry = record(
            Events.SESSION_REPORTED, initiator=a_machine(), target=Target.of(ines, label="Ines Almeida")
        )

    response = browser_of(aude).post(f"/audit/{entry.pk}/unmask/", PURPOSE)

    assert (response.status_code, response.url) == (302, f"/audit/{entry.pk}/")
    assert not unmaskings()


def test_an_entry_out_of_reach_cannot_be_unmasked(aude: User, entry: AuditEntry):
    assert browser_of(aude).post("/audit/999999/unmask/", PURPOSE).status_code == 404
