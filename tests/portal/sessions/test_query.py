"""The filter language of sessions: what each key finds, what a line without sense says, and what it never tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from portal.presenters.session_query import SessionQuery
from sessions_app.models import Application, Role, Session, User
from tests.factories import a_grant, a_group, a_person, a_project, forget_roles, open_session
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

NOVEMBER = datetime(2026, 11, 3, 12, tzinfo=UTC)


def found(reader: User, line: str) -> set[Session]:
    forget_roles(reader)
    return set(SessionQuery(reader=reader, line=line).sessions())


def problem(reader: User, line: str) -> str:
    forget_roles(reader)
    return SessionQuery(reader=reader, line=line).problem


@pytest.mark.parametrize(
    "line",
    [
        "ines",
        '"ines almeida"',
        "user:ines",
        'user:"Ines Almeida"',
        "user:ines@northwind.example",
        "app:wiki",
        "app:WIKI",
        'group:"Night shift"',
        "project:phoenix",
        "address:192.0.2.9",
        "device:iphone",
        "device:ines-phone",
        "place:lisbon",
        "began:2h",
        "-app:payroll",
        "-user:carlos",
        "app:wiki ines -is:privileged",
        "used:<1h",
    ],
)
def test_a_key_finds_what_it_says_and_nothing_else(
    line: str, sam: User, ines: User, carlos: User, wiki: Application, payroll: Application
):
    # Given two sessions that differ in everything.
    long_ago = timezone.now() - timedelta(days=40)
    group = a_group("Night shift", ines)
    a_project("phoenix", ends_at=NOVEMBER).groups.add(group)
    hers = open_session(
        ines,
        wiki,
        address="192.0.2.9",
        user_agent="Mozilla/5.0 (iPhone)",
        device_id="ines-phone",
        place="Lisbon, PT",
        last_used_at=timezone.now() - timedelta(hours=3),
    )
    open_session(carlos, payroll, began_at=long_ago)

    # When one of them is asked for, then only that one is found.
    assert found(sam, line) == {hers}


def test_privileged_people_and_everybody_else(sam: User, ada: User, ines: User):
    hers, ordinary = open_session(ada), open_session(ines)

    assert found(sam, "is:privileged") == {hers}
    assert found(sam, "-is:privileged") == {ordinary}


def test_open_is_meant_unless_something_else_is_said(sam: User, ines: User):
    now = timezone.now()
    alive = open_session(ines)
    ended = open_session(ines, ended_at=now)
    expired = open_session(ines, expires_at=now - timedelta(minutes=1))

    assert found(sam, "ines") == {alive}
    assert found(sam, "ines is:ended") == {ended, expired} == found(sam, "-is:open ines")
    assert found(sam, "is:any") == {alive, ended, expired}


@pytest.mark.parametrize(
    ("line", "alive"),
    [
        ("at:2026-11-03T12:00", True),
        ("at:2026-11-03T11:59", False),
        ("at:2026-11-03T13:59", True),
        ("at:2026-11-03T14:00", False),
        ("at:2026-11-03", True),
        ("at:2026-11-02", False),
        ("at:2026-11-04", False),
        ("-at:2026-11-03", False),
        ("at:2026-11-03 is:open", False),
    ],
)
def test_who_was_signed_in_at_a_moment_is_known_of_ended_sessions_too(
    line: str, alive: bool, sam: User, ines: User
):
    session = open_session(ines, began_at=NOVEMBER, ended_at=NOVEMBER + timedelta(hours=2))

    assert (session in found(sam, line)) is alive


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("colour:red", "colour:"),
        ("is:sleepy", "is:sleepy"),
        ("address:nowhere", "nowhere"),
        ("began:soon", "soon"),
        ("at:>2026-11-01", "at:>2026-11-01"),
        ('user:"ines', "ines"),
        ("began:99999w", "99999w"),
        ("used:9999-12-31", "9999-12-31"),
    ],
)
def test_a_line_without_sense_finds_nothing_and_names_the_part(line: str, part: str, sam: User, ines: User):
    open_session(ines)

    response = browser_of(sam).get("/sessions/", {"q": f"ines {line}"})

    assert response.status_code == 200
    assert part in problem(sam, f"ines {line}")
    assert response.context["rows"] == []


@pytest.mark.parametrize(
    "line",
    ["address:203.0.113.7", "-address:203.0.113.7", "device:linux", "place:berlin", "used:<1h", "-used:1h"],
)
def test_what_a_role_does_not_see_it_cannot_ask_for_either(line: str, hana: User, ines: User):
    # Given a session that the line is true of.
    open_session(ines, last_used_at=timezone.now() - timedelta(hours=2))

    # When HR asks, then the answer is the same as if it were not: a sentence.
    assert found(hana, line) == set()
    assert "your role does not see" in problem(hana, line)
    assert problem(hana, line) == problem(hana, line)


def test_hr_may_ask_for_last_use_by_whole_days(hana: User, ines: User):
    session = open_session(ines, last_used_at=timezone.now() - timedelta(days=5))

    assert found(hana, "used:<3d") == {session}


def test_origin_is_answered_only_of_people_whose_origin_one_sees(ines: User, carlos: User):
    # Given somebody who is HR for everybody and IT for Spain alone.
    mina = a_person("mina", country="NO")
    a_grant(mina, Role.HR)
    a_grant(mina, Role.IT, population_kind="country", population_value="ES")
    open_session(ines, address="198.51.100.1")
    seen = open_session(carlos, address="198.51.100.1")

    # When they ask by address, both ways, then Ines is in neither answer.
    assert found(mina, "address:198.51.100.1") == {seen}
    assert found(mina, "-address:198.51.100.9") == {seen}


def test_no_key_reaches_outside_of_a_population(ines: User, carlos: User, wiki: Application):
    mina = a_person("mina", country="NO")
    a_grant(mina, Role.IT, population_kind="country", population_value="ES")
    a_group("Everybody", ines, carlos)
    open_session(ines, wiki)
    his = open_session(carlos, wiki)

    assert found(mina, "user:ines") == set()
    assert found(mina, "app:wiki group:everybody") == {his}
    assert found(mina, "-user:carlos is:any") == set()


def test_menus_and_chips_write_the_same_language(sam: User, ines: User, wiki: Application):
    open_session(ines, wiki)

    page = browser_of(sam).get("/sessions/", {"q": "-app:wiki"})

    assert 'href="?q=-app%3Awiki+is%3Aended"' in text_of(page)
    assert "Remove filter not app: wiki" in text_of(page)
    assert 'href="?q=' in text_of(page)


def test_an_address_from_before_the_language_still_means_the_same(
    sam: User, ines: User, carlos: User, wiki: Application
):
    hers = open_session(ines, wiki, ended_at=timezone.now())
    open_session(carlos, wiki)

    page = browser_of(sam).get("/sessions/?q=ines&app=wiki&state=ended&began=7")

    assert page.context["question"].line == "ines is:ended began:168h app:wiki"
    assert [row.session for row in page.context["rows"]] == [hers]
