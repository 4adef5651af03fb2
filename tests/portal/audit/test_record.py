"""An entry opened: its request, its neighbours, its place in the chain, and no way out of one's reach."""

from __future__ import annotations

import pytest
from django.db import transaction

from audit.events import EventKind, Events
from audit.models import AuditEntry, ChainLink
from audit.record import Target, record
from sessions_app.models import Role, User
from tests.factories import a_grant, a_person, initiator_of
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def an_entry(about: User, *, by: User, event: EventKind = Events.PERSON_CHANGED) -> AuditEntry:
    with transaction.atomic():
        return record(event, initiator=initiator_of(by), target=Target.of(about, label=about.display_name))


def test_neighbours_by_time_are_one_click_away(sam: User, hana: User, ines: User):
    before, opened, after = (an_entry(ines, by=hana) for _time in range(3))

    page = text_of(browser_of(sam).get(f"/audit/{opened.pk}/"))

    assert f'rel="prev" href="/audit/{before.pk}/"' in page
    assert f'rel="next" href="/audit/{after.pk}/"' in page


def test_a_neighbour_out_of_reach_is_passed_over(ines: User, carlos: User, hana: User):
    reader = a_person("mina")
    a_grant(reader, Role.SECURITY, population_kind="country", population_value=carlos.country)
    before = an_entry(carlos, by=hana)
    hidden = an_entry(ines, by=hana)
    opened = an_entry(carlos, by=hana)

    page = text_of(browser_of(reader).get(f"/audit/{opened.pk}/"))

    assert f"/audit/{before.pk}/" in page
    assert f"/audit/{hidden.pk}/" not in page


def test_other_entries_of_the_same_request_are_counted_and_linked(sam: User, ines: User):
    browser = browser_of(sam)
    browser.post("/audit/views/save/", {"name": "a", "line": ""})
    entry = AuditEntry.objects.of_events(Events.VIEW_SAVED.code).get()
    with transaction.atomic():
        AuditEntry.objects.bulk_create([same_request_as(entry)])

    page = text_of(browser.get(f"/audit/{entry.pk}/"))

    assert "one other entry" in page
    assert f"request%3A{entry.cid}" in page


def same_request_as(entry: AuditEntry) -> AuditEntry:
    return AuditEntry(
        event_code="DE-101",
        outcome="done",
        door="shell",
        initiator_kind="shell",
        initiator_id="uid-0",
        cid=entry.cid,
    )


def test_a_sealed_entry_shows_its_number_its_hash_and_the_one_before(sam: User, hana: User, ines: User):
    first, second = an_entry(ines, by=hana), an_entry(ines, by=hana)
    ChainLink.objects.create(number=7_000_001, entry=first, hash=b"\x0a" * 32)
    ChainLink.objects.create(number=7_000_002, entry=second, hash=b"\x0b" * 32)

    page = text_of(browser_of(sam).get(f"/audit/{second.pk}/"))

    assert "number 7000002" in page
    assert "0b" * 32 in page
    assert "7000001" in page
    assert "0a0a…0a0a" in page


def test_an_entry_not_yet_sealed_says_so(sam: User, hana: User, ines: User):
    entry = an_entry(ines, by=hana)

    assert "not yet sealed" in text_of(browser_of(sam).get(f"/audit/{entry.pk}/"))


def test_who_asked_is_a_link_for_readers_who_reach_them(sam: User, hana: User, ines: User):
    entry = an_entry(ines, by=hana)

    assert f'href="/people/{hana.pk}/"' in text_of(browser_of(sam).get(f"/audit/{entry.pk}/"))
