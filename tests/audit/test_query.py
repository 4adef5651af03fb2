"""The filter language of the trail: what each part finds, what is refused, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.events import EventKind, Events
from audit.initiators import Door, Initiator, InitiatorKind, the_clock, the_shell
from audit.models import AuditEntry
from audit.query import MOST_NAMES, AuditQuery
from audit.record import Occurrence, Target, record, record_many

pytestmark = pytest.mark.django_db

INES = UUID("11111111-2222-3333-4444-555555555555")


@pytest.fixture
def scene(hana_weiss: Initiator, ines_almeida: Target) -> dict[str, AuditEntry]:
    """Hana ended Ines's access, a machine reported Émile, the clock saw drift; another session of Ines ended."""
    okta = Initiator(kind=InitiatorKind.MACHINE, id="cfm_okta", name="Okta hook", door=Door.API)
    emile = Target(kind="user", id=str(INES), label="Émile Ferrand")
    return {
        "ended": record(
            Events.USER_TERMINATED,
            initiator=hana_weiss,
            target=ines_almeida,
            reason="security_incident",
            receipt="CF-0123456789",
            sessions_ended=2,
            project="phoenix",
            personal={"note": "phoned at noon"},
        ),
        "session": record(
            Events.SESSION_ENDED,
            initiator=okta,
            target=Target(kind="session", id="s-1"),
            person=UUID(ines_almeida.id),
            reason="lost_device",
            receipt="CF-ABCDEFGHJK",
            sessions_ended=1,
        ),
        "reported": record(Events.SESSION_REPORTED, initiator=okta, target=emile),
        "drift": record(Events.BLACKLIST_DRIFT, initiator=the_clock(), details={"entries": 3}),
        "refused": record(
            Events.ACCESS_REFUSED, initiator=hana_weiss, outcome="refused", details={"why": "no"}
        ),
        "loaded": record(Events.DEMO_LOADED, initiator=the_shell()),
    }


@pytest.fixture
def found(scene: dict[str, AuditEntry]) -> Callable[[str], set[str]]:
    """The names of what a line finds, asked both ways: as a page and as a stream."""

    def find(line: str) -> set[str]:
        query = AuditQuery(line=line)
        assert query.problem == ""
        page = {entry.pk for entry in query.page(AuditEntry.objects.all(), after=None, size=50).rows}
        assert page == set(query.entries(AuditEntry.objects.all()).values_list("pk", flat=True))
        return {name for name, entry in scene.items() if entry.pk in page}

    return find


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("actor:hana", {"ended", "refused"}),
        ("actor:WEISS", {"ended", "refused"}),
        ('actor:"hana wei"', {"ended", "refused"}),
        ("actor:cfm_okta", {"session", "reported"}),
        ("actor:hook", {"session", "reported"}),
        ("actor:clock", {"drift"}),
        ("actor:shell", {"loaded"}),
        ("actor:ana", set()),
        ("target:ines", {"ended", "session"}),
        ("target:emile", {"reported"}),
        (f"target:{INES}", {"reported"}),
        (f"target:{INES.hex.upper()}", {"reported"}),
        ("target:s-1", {"session"}),
        ("action:RV", {"ended", "session"}),
        ("action:rv-101", {"ended"}),
        ("action:terminated", {"ended"}),
        ("action:session.ended", {"session"}),
        ("action:AC-403F", {"refused"}),
        ("reason:security_incident", {"ended"}),
        ('reason:"security incident"', {"ended"}),
        ("project:Phoenix", {"ended"}),
        ("receipt:cf-ol23456789", {"ended"}),
        ("request:req-7f3a", {"ended", "refused"}),
        ("outcome:refused", {"refused"}),
        ("door:api", {"session", "reported"}),
        ("created:1d actor:hana", {"ended", "refused"}),
        ("created:<1d", set()),
        ("created:any door:shell", {"loaded"}),
        ("ines", {"ended", "session"}),
        ("hana ines", {"ended"}),
        ("terminated", {"ended"}),
        ("CF-ABCDEFGHJK", {"session"}),
        ("phoenix", {"ended"}),
        ("req-7f3a -outcome:refused", {"ended"}),
        ("actor:hana -target:ines", {"refused"}),
        ("-actor:hana -actor:hook -actor:clock", {"loaded"}),
        ("phoned", set()),
        ("198.51.100.23", set()),
        ("", {"ended", "session", "reported", "drift", "refused", "loaded"}),
    ],
)
def test_a_line_finds_what_it_says(line: str, names: set[str], found: Callable[[str], set[str]]):
    assert found(line) == names


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("whom:ines", "There is no filter “whom:”"),
        ("receipt:12", "is not a receipt number"),
        ("action:dance", "is no action"),
        ("outcome:odd", "It can be done, refused, failed"),
        ("door:window", "It can be page"),
        ("created:soon", "is not a time"),
        ('actor:"half', "is not closed"),
    ],
)
def test_a_line_that_means_nothing_is_refused_with_a_reason_and_finds_nothing(
    line: str, said: str, scene: dict[str, AuditEntry]
):
    query = AuditQuery(line=line)

    assert said in query.problem
    assert not query.page(AuditEntry.objects.all(), after=None, size=50).rows
    assert not query.entries(AuditEntry.objects.all()).exists()


def test_a_name_that_half_the_company_bears_is_not_searched():
    crowd = [
        Occurrence(target=Target(kind="user", id=str(UUID(int=number)), label=f"Ana {number}"))
        for number in range(MOST_NAMES + 1)
    ]
    record_many(Events.PERSON_IMPORTED, initiator=the_clock(), occurrences=crowd)

    assert "more than 60 names" in AuditQuery(line="target:ana").problem
    assert AuditQuery(line="target:'ana 7'").problem == ""


def test_pages_of_several_people_together_hold_every_entry_once_newest_first():
    everybody = [
        Occurrence(target=Target(kind="user", id=str(UUID(int=number % 5)), label=f"Ana {number % 5}"))
        for number in range(23)
    ]
    record_many(Events.PERSON_IMPORTED, initiator=the_clock(), occurrences=everybody)
    expected = list(AuditEntry.objects.newest_first().values_list("pk", flat=True))

    assert walked(AuditQuery(line="target:ana"), size=4) == expected


def walked(query: AuditQuery, *, size: int) -> list[int]:
    """The primary keys of all pages in their order."""
    found, cursor, more = [], None, True
    while more:
        page = query.page(AuditEntry.objects.all(), after=cursor, size=size)
        found += [entry.pk for entry in page.rows]
        cursor, more = page.next, page.next is not None
    return found


def test_a_scope_narrows_every_way_of_asking(scene: dict[str, AuditEntry]):
    reach = AuditEntry.objects.of_events(Events.SESSION_ENDED.code)

    rows = AuditQuery(line="target:ines").page(reach, after=None, size=50).rows

    assert rows == [scene["session"]]


def test_a_range_of_days_leaves_out_what_came_before_and_after():
    with time_machine.travel("2026-03-10T12:00:00Z", tick=False):
        old = an_entry(Events.DEMO_LOADED)
    with time_machine.travel("2026-03-12T12:00:00Z", tick=False):
        an_entry(Events.DEMO_LOADED)

    found = AuditQuery(line="created:2026-03-09..2026-03-11").entries(AuditEntry.objects.all())

    assert found.get() == old


def test_a_search_by_name_costs_the_same_number_of_queries_however_much_it_finds(
    scene: dict[str, AuditEntry], django_assert_max_num_queries: DjangoAssertNumQueries
):
    query = AuditQuery(line="actor:hana reason:security_incident created:7d")

    # Whom the name stands for, how far either part reaches, and the rows.
    with django_assert_max_num_queries(4):
        assert query.page(AuditEntry.objects.all(), after=None, size=50).rows == [scene["ended"]]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics, not by rule")
@pytest.mark.parametrize("line", ["action:DE reason:lost_device", "reason:lost_device -door:api action:DE"])
def test_what_is_rare_is_read_from_its_own_index_whatever_else_the_line_says(line: str):
    rare = record(Events.DEMO_LOADED, initiator=the_shell(), reason="lost_device")
    an_entry(Events.DEMO_LOADED)
    query = AuditQuery(line=line)

    with CaptureQueriesContext(connection) as asked:
        page = query.page(AuditEntry.objects.all(), after=None, size=50)

    assert page.rows == [rare]
    assert "USING INDEX audit_by_reason (reason_code=?)" in plan_of(asked.captured_queries[-1]["sql"])


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%", "%%"))
        return " ".join(str(step) for *_numbers, step in cursor.fetchall())


def an_entry(event: EventKind) -> AuditEntry:
    entry = record(event, initiator=the_shell())
    assert timezone.now() - entry.timestamp < timedelta(seconds=1)
    return entry
