"""Entries are found by name, and each page continues where the last one ended."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import BadCursor
from audit.events import Events
from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry
from audit.record import Occurrence, Target, record, record_many
from audit.search import cursor_of, older_than, page, position_of

PERSON = UUID("11111111-2222-3333-4444-555555555555")


@pytest.fixture
def trail(db):
    """25 entries of one moment, and 5 of moments before it."""
    many = [Occurrence(target=Target(kind="session", id=str(number))) for number in range(25)]
    record_many(Events.SESSION_REPORTED, initiator=the_clock(), occurrences=many)
    now = timezone.now()
    AuditEntry.objects.bulk_create(
        AuditEntry(
            event_code="DE-101",
            outcome="done",
            door="shell",
            initiator_kind="shell",
            initiator_id="uid-0",
            timestamp=now - timedelta(hours=hours),
        )
        for hours in range(1, 6)
    )


def walk(size):
    """The primary keys of all pages, one list a page."""
    pages, cursor = [], None
    while True:
        found = page(AuditEntry.objects.all(), after=cursor, size=size)
        pages.append([entry.pk for entry in found.rows])
        cursor = found.next
        if cursor is None:
            return pages


@pytest.mark.parametrize("size", [1, 7, 10, 30, 31])
def test_pages_together_hold_every_entry_once_newest_first(trail, size):
    expected = list(AuditEntry.objects.newest_first().values_list("pk", flat=True))

    assert [pk for rows in walk(size) for pk in rows] == expected


def test_the_last_page_has_no_cursor_even_if_it_is_full(trail):
    assert [len(rows) for rows in walk(10)] == [10, 10, 10]


def test_an_entry_written_meanwhile_does_not_shift_the_next_page(trail):
    first = page(AuditEntry.objects.all(), after=None, size=10)
    expected = page(AuditEntry.objects.all(), after=first.next, size=10).rows
    record(Events.DEMO_LOADED, initiator=the_shell())

    assert page(AuditEntry.objects.all(), after=first.next, size=10).rows == expected


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics, not by rule")
def test_a_deep_page_starts_inside_the_index_and_sorts_nothing(trail):
    first = page(AuditEntry.objects.of_receipt(""), after=None, size=10)

    plan = older_than(AuditEntry.objects.of_receipt(""), first.next).newest_first()[:10].explain()

    assert "audit_by_receipt (receipt=? AND timestamp<?)" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("size", [0, -1, 1001])
@pytest.mark.django_db
def test_a_page_of_no_or_endless_size_is_refused(size):
    with pytest.raises(ValueError, match="A page has"):
        page(AuditEntry.objects.all(), after=None, size=size)


@given(st.text())
def test_a_cursor_is_genuine_or_refused(text):
    with pytest.raises(BadCursor):
        position_of(text + "!")


@pytest.mark.parametrize("cursor", ["", "abc", "MS4", "LTEuMQ", "MS4xOw", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE"])
def test_a_damaged_cursor_is_refused(cursor):
    with pytest.raises(BadCursor):
        position_of(cursor)


@pytest.mark.django_db
def test_a_cursor_is_the_place_of_its_entry():
    entry = record(Events.DEMO_LOADED, initiator=the_shell())

    assert position_of(cursor_of(entry)) == (entry.timestamp, entry.pk)


def test_entries_are_found_by_who_what_whom_and_receipt(hana_weiss):
    session = Target(kind="session", id="s-1")
    ended = record(
        Events.SESSION_ENDED,
        initiator=hana_weiss,
        target=session,
        person=PERSON,
        reason="lost_device",
        receipt="CF-0000000001",
        sessions_ended=1,
        project="phoenix",
    )
    record(Events.DEMO_LOADED, initiator=the_shell())

    entries = AuditEntry.objects
    assert entries.by_initiator(hana_weiss.id).get() == ended
    assert entries.about(session).get() == ended
    assert entries.about_person(PERSON).get() == ended
    assert entries.of_receipt("CF-0000000001").get() == ended
    assert entries.of_project("phoenix").get() == ended
    assert entries.of_events("RV-102").get() == ended


@pytest.mark.django_db
def test_an_event_is_found_done_and_refused():
    record(Events.ACCESS_REFUSED, initiator=the_clock(), details={"why": "no_role"})

    assert AuditEntry.objects.of_events("AC-403").count() == 1


def test_names_come_with_the_page_in_one_more_query(trail, django_assert_num_queries):
    with django_assert_num_queries(2):
        rows = page(AuditEntry.objects.with_subjects(), after=None, size=10).rows
        assert [list(entry.subjects.all()) for entry in rows]
