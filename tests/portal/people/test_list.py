"""The list of people: who is found, what is said of them, and what can be done."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.models import Role
from sessions_app.models.roles import PopulationKind
from sessions_app.revocation.health import forget_light
from tests.factories import a_grant, a_person, forget_roles, open_session
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def names_on(response):
    return {row.name for row in response.context["people"].rows}


def row_of(response, name):
    return next(row for row in response.context["people"].rows if row.name == name)


@pytest.mark.parametrize("words", ["ines", "almeida ines", "ines@northwind", "ÍNÊS", "N-20417"])
def test_people_are_found_by_name_email_and_employee_number(words, hana, ines, carlos):
    ines.employee_number = "N-20417"
    ines.save()

    assert names_on(browser_of(hana).get("/people/", {"q": words})) == {"Ines Almeida"}


def test_the_address_carries_every_filter(hana, ines, carlos, chen):
    ines.last_day = timezone.now().date()
    ines.save()
    browser = browser_of(hana)

    assert names_on(browser.get("/people/", {"department": "Finance"})) == {"Ines Almeida"}
    assert names_on(browser.get("/people/", {"group": "atlas"})) == {"Chen Wei"}
    assert names_on(browser.get("/people/", {"company": "Vega & Wei Consulting"})) == {
        "Carlos Vega",
        "Chen Wei",
    }
    assert names_on(browser.get("/people/", {"leaving": "yes"})) == {"Ines Almeida"}


def test_people_are_found_by_where_they_stand(hana, ines, carlos, otto, wiki):
    open_session(carlos, wiki)
    terminate(browser_of(hana), ines)
    browser = browser_of(hana)

    assert names_on(browser.get("/people/", {"state": "signed-in"})) == {"Carlos Vega", "Hana Weiss"}
    assert names_on(browser.get("/people/", {"state": "cut-off"})) == {"Ines Almeida"}
    assert names_on(browser.get("/people/", {"state": "nothing-open"})) == {"Otto Berg"}
    assert names_on(browser.get("/people/", {"state": "not-yet"})) == set()


def test_a_filter_that_is_on_can_be_removed_by_a_link_that_keeps_the_others(hana, ines):
    response = browser_of(hana).get("/people/", {"q": "ines", "department": "Finance", "page": "3"})

    (chip,) = response.context["people"].chips_on
    assert (chip.value, chip.remove_url) == ("Finance", "?q=ines")


def test_a_last_day_of_today_is_said_and_sorts(hana, ines, carlos):
    ines.last_day = timezone.now().date()
    ines.save()

    response = browser_of(hana).get("/people/", {"sort": "last_day"})

    assert response.context["people"].rows[0].name == "Ines Almeida"
    assert "<strong>today</strong>" in response.content.decode()


def without_token(page):
    """The token of a form is masked anew each time it is drawn."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=")\w+', r"\1", page)


def test_htmx_gets_the_part_and_a_browser_without_it_the_page(hana, ines):
    browser = browser_of(hana)

    part = browser.get("/people/", {"q": "ines"}, headers=HTMX).content.decode()
    page = browser.get("/people/", {"q": "ines"}).content.decode()

    assert part.strip().startswith('<div class="stack selecting" id="people"')
    assert "<html" not in part
    assert "<html" in page
    assert without_token(part).strip() in without_token(page)


def test_a_population_sees_finds_and_counts_only_its_own(ines, carlos, issuer, wiki):
    open_session(ines, wiki)
    narrow = a_person("nora", display_name="Nora Narrow", legal_entity="Vega & Wei Consulting")
    a_grant(
        narrow, Role.HR, population_kind=PopulationKind.LEGAL_ENTITY, population_value="Vega & Wei Consulting"
    )
    browser = browser_of(narrow)

    response = browser.get("/people/")

    assert names_on(response) == {"Nora Narrow", "Carlos Vega"}
    assert response.context["people"].line == "2 people, 1 live session."
    assert names_on(browser.get("/people/", {"q": "ines"})) == set()
    assert "Northwind GmbH" not in response.content.decode()
    assert browser.get(f"/people/{ines.pk}/").status_code == 404
    assert browser.get(f"/people/{ines.pk}/terminate/").status_code == 404


def test_each_row_offers_the_one_thing_that_can_be_done(ivan, ada, ines, carlos):
    terminate(browser_of(ivan), carlos)

    response = browser_of(ivan).get("/people/")

    assert row_of(response, "Ines Almeida").action.words == "Terminate now"
    assert row_of(response, "Carlos Vega").action.words == "Open receipt"
    assert row_of(response, "Ivan Petrov").action.words == "My sessions"
    assert row_of(response, "Ada Lindqvist").action.words == "Terminate now"


def test_hr_sees_that_somebody_is_cut_off_but_not_somebody_elses_receipt(hana, ivan, carlos):
    terminate(browser_of(ivan), carlos)

    row = row_of(browser_of(hana).get("/people/"), "Carlos Vega")

    assert row.standing.word == "Cut off"
    assert row.action is None


def test_an_admin_sees_people_and_nothing_of_their_sessions(ada, ines, wiki):
    open_session(ines, wiki)

    response = browser_of(ada).get("/people/")

    row = row_of(response, "Ines Almeida")
    assert (row.live, row.last_used_at, row.standing.kind, row.action) == (None, None, "", None)
    assert "Live sessions" not in response.content.decode()
    assert names_on(browser_of(ada).get("/people/", {"state": "nothing-open"})) == {
        "Ada Lindqvist",
        "Ines Almeida",
    }


@pytest.mark.parametrize("who", ["paula", "otto"])
def test_people_without_the_right_are_refused(who, request):
    assert browser_of(request.getfixturevalue(who)).get("/people/").status_code == 403


def test_fifty_people_cost_as_many_queries_as_five(hana, issuer, wiki):
    browser = browser_of(hana)
    a_crowd(5, wiki)
    few, _response = queries_of_the_list(browser)
    a_crowd(45, wiki)

    many, response = queries_of_the_list(browser)

    assert len(response.context["people"].rows) == 50
    assert many == few
    assert many <= 25


def queries_of_the_list(browser):
    """How many, and the answer. The blacklist light looks once a second, so both times it has to look."""
    forget_light()
    with CaptureQueriesContext(connection) as asked:
        response = browser.get("/people/")
    return len(asked), response


def a_crowd(count, application):
    for _ in range(count):
        open_session(a_person(), application)


def test_more_than_fifty_are_paged(hana, issuer):
    people = [a_person(f"p-{number:03d}", display_name=f"Person {number:03d}") for number in range(55)]

    first = browser_of(hana).get("/people/", {"q": "person"})
    second = browser_of(hana).get("/people/", {"q": "person", "page": "2"})

    assert len(names_on(first)) == 50
    assert len(names_on(second)) == len(people) - 50
    assert 'href="?q=person&amp;page=2"' in first.content.decode()


HOSTILE = "<script>alert(1)</script>\u202egnp.exe " + "A" * 150


def test_a_hostile_name_is_escaped_and_cannot_turn_the_text_around_it(hana, issuer):
    a_person("mallory", display_name=HOSTILE)

    page = browser_of(hana).get("/people/", {"q": "mallory"}).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "A" * 120 not in page


@pytest.mark.parametrize(
    "query", ["q=%00", "page=nine", "page=-1", "sort=password", "state=%F0%9F", "q=" + "x" * 5000]
)
def test_any_address_somebody_may_type_is_answered(query, hana):
    assert browser_of(hana).get(f"/people/?{query}").status_code == 200


def test_a_search_that_finds_nobody_says_what_would_appear(hana):
    assert "Nobody found" in text_of(browser_of(hana).get("/people/", {"q": "zzz"}))


def test_a_cutoff_without_a_block_is_over_once_somebody_signed_in_again(ivan, ines, wiki):
    terminate(browser_of(ivan), ines, reason="user_request")
    open_session(ines, wiki, began_at=timezone.now() + timedelta(seconds=2))
    forget_roles(ines)

    assert row_of(browser_of(ivan).get("/people/"), "Ines Almeida").standing.word == "Signed in"
