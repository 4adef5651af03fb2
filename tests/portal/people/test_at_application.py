"""Ending one person's sessions at one application: those, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Application, Revocation, Role, User
from sessions_app.models.roles import PopulationKind
from tests.factories import a_grant, a_person, open_session
from tests.portal.signed_in import browser_of, text_of, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def filled(application: Application, **typed: Any) -> dict[str, Any]:
    usual = {"application": application.pk, "reason": "role_change", "ticket": "", "note": ""}
    return {**usual, "order_key": "clicked-once", **typed}


def end(browser: Client, person: User, application: Application, **typed: Any) -> HttpResponse:
    return browser.post(f"/people/{person.pk}/at-application/", filled(application, **typed))


def sent(browser: Client, person: User, application: Application) -> Callable[[], HttpResponse]:
    """Everything ready for the click."""
    open_session(person, application)
    return lambda: end(browser, person, application)


def test_only_what_was_seen_there_ends(ivan: User, ines: User, wiki: Application, payroll: Application):
    at_wiki, at_payroll = open_session(ines, wiki), open_session(ines, payroll)

    answer = end(browser_of(ivan), ines, wiki)

    revocation = Revocation.objects.get()
    assert answer.url == f"/revocations/{revocation.receipt}/"
    assert (revocation.scope, revocation.sessions_ended) == ("at_app", 1)
    assert verdict_on(at_wiki) == Outcome.REVOKED
    at_payroll.refresh_from_db()
    assert at_payroll.is_open


def test_the_page_offers_where_something_is_open(
    ivan: User, ines: User, wiki: Application, payroll: Application
):
    open_session(ines, wiki)

    page = text_of(browser_of(ivan).get(f"/people/{ines.pk}/at-application/"))

    assert f"{wiki.name}, 1 session" in page
    assert payroll.name not in page


def test_where_nothing_is_open_nothing_is_asked(ivan: User, ines: User):
    page = text_of(browser_of(ivan).get(f"/people/{ines.pk}/at-application/"))

    assert "no session open" in page


def test_an_application_where_nothing_is_open_any_more_ends_nothing(
    ivan: User, ines: User, wiki: Application
):
    answer = end(browser_of(ivan), ines, wiki)

    assert answer.status_code == 422
    assert not Revocation.objects.exists()


def test_somebody_out_of_reach_does_not_exist(ines: User, wiki: Application):
    User.objects.filter(pk=ines.pk).update(country="FR")
    there = a_person("inga")
    a_grant(there, Role.IT, population_kind=PopulationKind.COUNTRY, population_value="DE")
    open_session(ines, wiki)

    assert end(browser_of(there), ines, wiki).status_code == 404


def test_an_admin_is_not_ended_by_it(ivan: User, ada: User, wiki: Application):
    session = open_session(ada, wiki)

    answer = end(browser_of(ivan), ada, wiki)

    assert answer.status_code == 403
    assert verdict_on(session) == Outcome.ALLOWED


def test_hr_does_not_end_single_sessions(hana: User, ines: User, wiki: Application):
    open_session(ines, wiki)

    assert end(browser_of(hana), ines, wiki).status_code == 403
