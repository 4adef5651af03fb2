"""The list of sessions: who sees what of them, what the filters find, and how it pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.presenters.session_paging import ROWS, BadCursor, Cursor
from sessions_app.models import Application, Role, User
from tests.factories import a_grant, a_person, forget_roles, open_session
from tests.portal.signed_in import HTMX, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

HOSTILE = '"><img src=x onerror=alert(1)>\u202e'


def page_for(user: User, query: str = "") -> str:
    forget_roles(user)
    return browser_of(user).get(f"/sessions/{query}").content.decode()


def test_security_sees_where_a_session_comes_from(sam: User, ines: User, wiki: Application):
    open_session(ines, wiki)

    page = page_for(sam)

    assert "203.0.113.7" in page
    assert "Berlin, DE" in page


def test_hr_sees_neither_address_nor_place_nor_the_minute_of_last_use(hana: User, ines: User):
    session = open_session(ines, last_used_at=timezone.now() - timedelta(days=3))

    page = page_for(hana, "?q=ines")

    assert "203.0.113" not in page
    assert "Berlin" not in page
    assert "laptop-ines" not in page
    assert session.last_used_at.strftime("%H:%M:%S") not in page


def test_the_auditor_sees_half_of_the_address(aude: User, ines: User):
    open_session(ines)

    page = page_for(aude)

    assert "203.0.•.•" in page
    assert "203.0.113" not in page
    assert "Berlin" not in page


def test_the_auditor_has_no_button_that_ends_anything(aude: User, ines: User):
    session = open_session(ines)

    page = browser_of(aude).get(f"/sessions/{session.pk}/").content.decode()

    assert f"/sessions/{session.pk}/end/" not in page


def test_a_population_hides_everybody_else_and_their_sessions(ines: User, carlos: User):
    somebody = a_person("mina", country="NO")
    a_grant(somebody, Role.IT, population_kind="country", population_value="ES")
    open_session(ines)
    open_session(carlos)

    page = page_for(somebody)

    assert "Carlos Vega" in page
    assert "Ines Almeida" not in page


def test_where_from_is_seen_only_of_people_whose_origin_one_may_see(ines: User, carlos: User):
    somebody = a_person("mina", country="NO")
    a_grant(somebody, Role.HR)
    a_grant(somebody, Role.IT, population_kind="country", population_value="ES")
    open_session(ines, address="198.51.100.1")
    open_session(carlos, address="198.51.100.2")

    page = page_for(somebody)

    assert "198.51.100.2" in page
    assert "198.51.100.1" not in page


def test_names_and_user_agents_cannot_become_markup(sam: User, issuer: object):
    villain = a_person("villain", display_name=HOSTILE)
    session = open_session(villain, user_agent=HOSTILE, place=HOSTILE, device_id=HOSTILE)

    pages = page_for(sam) + browser_of(sam).get(f"/sessions/{session.pk}/").content.decode()

    assert "<img src=x" not in pages
    assert "\u202e" not in pages


# --- Filters --------------------------------------------------------------------------------------


def test_ended_sessions_are_found_only_when_asked_for(sam: User, ines: User, carlos: User):
    open_session(ines, ended_at=timezone.now())
    open_session(carlos)

    live, ended = page_for(sam), page_for(sam, "?state=ended")

    assert ("Ines Almeida" in live, "Ines Almeida" in ended) == (False, True)
    assert ("Carlos Vega" in live, "Carlos Vega" in ended) == (True, False)


@pytest.mark.parametrize("query", ["?q=ines", "?app=wiki", "?began=1", "?idle=8h", "?address_is=192.0.2.9"])
def test_a_filter_finds_what_it_says_and_nothing_else(
    query: str, sam: User, ines: User, carlos: User, wiki: Application, payroll: Application
):
    long_ago = timezone.now() - timedelta(days=40)
    open_session(ines, wiki, last_used_at=timezone.now() - timedelta(hours=9), address="192.0.2.9")
    open_session(carlos, payroll, began_at=long_ago)

    page = page_for(sam, query)

    assert "Ines Almeida" in page
    assert "Carlos Vega" not in page


def test_an_address_is_no_question_for_somebody_who_may_not_see_addresses(hana: User, ines: User):
    open_session(ines)

    assert "Ines Almeida" not in page_for(hana, "?address_is=203.0.113.7")


def test_last_use_to_the_hour_is_no_question_for_somebody_who_sees_days(hana: User, ines: User):
    open_session(ines, last_used_at=timezone.now() - timedelta(hours=2))

    assert "Ines Almeida" not in page_for(hana, "?idle=1h")


def test_a_wrong_address_is_said_and_finds_nobody(sam: User, ines: User):
    open_session(ines)

    page = page_for(sam, "?address_is=nowhere%3Cb%3E")

    assert "is not an address" in page
    assert "Ines Almeida" not in page


@pytest.mark.parametrize(
    "query", ["?state=x&began=x&idle=x&app=x", "?q=%00", "?idle=99999999d", "?q=" + "x" * 5000]
)
def test_an_address_that_nobody_gave_out_is_still_a_page(query: str, sam: User):
    assert browser_of(sam).get(f"/sessions/{query}").status_code == 200


# --- Paging ---------------------------------------------------------------------------------------


def test_pages_follow_each_other_without_a_gap_or_a_repetition(sam: User, ines: User):
    same_moment = timezone.now() - timedelta(minutes=5)
    made = {str(open_session(ines, last_used_at=same_moment).pk) for _ in range(ROWS + 5)}
    browser = browser_of(sam)

    first = browser.get("/sessions/?q=ines")
    second = browser.get("/sessions/", {"q": "ines", "after": first.context["next"]})

    shown = [str(row.session.pk) for page in (first, second) for row in page.context["rows"]]
    assert len(shown) == len(set(shown))
    assert set(shown) == made


def test_a_page_address_does_not_tell_when_somebody_last_worked(hana: User, ines: User):
    session = open_session(ines)

    text = Cursor.of(session).text()

    assert Cursor.read(text) == Cursor.of(session)
    assert session.last_used_at.strftime("%H:%M") not in text
    with pytest.raises(BadCursor):
        Cursor.read(text[:-4] + "AAA=")


def test_a_damaged_page_address_leads_back_to_the_first_page(sam: User):
    response = browser_of(sam).get("/sessions/?q=ines&after=nonsense")

    assert (response.status_code, response.url) == (302, "/sessions/?q=ines")


def test_fifty_rows_cost_as_many_queries_as_one(
    sam: User, wiki: Application, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for _ in range(30):
        open_session(a_person(), wiki)
    browser = browser_of(sam)
    browser.get("/sessions/")

    with django_assert_max_num_queries(24):
        browser.get("/sessions/")


# --- Parts ----------------------------------------------------------------------------------------


def test_htmx_gets_the_part_and_a_plain_link_the_page(sam: User, ines: User):
    session = open_session(ines)
    browser: Client = browser_of(sam)

    part = browser.get(f"/sessions/{session.pk}/", headers=HTMX).content.decode()
    page = browser.get(f"/sessions/{session.pk}/").content.decode()

    assert part.strip().startswith("<tbody")
    assert "<html" in page


def test_closing_a_row_without_htmx_is_the_page_of_the_session(sam: User, ines: User):
    session = open_session(ines)

    response = browser_of(sam).get(f"/sessions/{session.pk}/row/")

    assert (response.status_code, response.url) == (302, f"/sessions/{session.pk}/")
