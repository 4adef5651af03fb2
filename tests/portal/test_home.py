"""Everybody begins where their work is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sessions_app.changes.approved_deeds import ask_to_terminate
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.models import Role
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_grant, a_person, a_project, initiator_of
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


@pytest.mark.parametrize("who", ["hana", "ivan", "sam", "paula", "aude"])
def test_who_decides_or_ends_something_begins_at_the_overview(who, request):
    page = text_of(browser_of(request.getfixturevalue(who)).get("/"))

    assert "Waiting for you" in page
    assert "Nothing waits for you." in page


@pytest.mark.parametrize(("who", "home"), [("ada", "/settings/"), ("otto", "/me/")])
def test_everybody_else_begins_where_their_work_is(who, home, request):
    assert browser_of(request.getfixturevalue(who)).get("/").headers["Location"] == home


def test_what_waits_for_a_second_person_is_there_for_both_and_counted_in_the_rail(hana, sam, ivan, ada):
    a_grant(a_person("alma"), Role.ADMIN)
    order = Order(
        initiator=initiator_of(hana),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=ada.pk),
        received_at=timezone.now(),
    )
    approval = ask_to_terminate(ada, order, by=initiator_of(hana))

    hers, sams, ivans = (text_of(browser_of(who).get("/")) for who in (hana, sam, ivan))

    assert "You asked" in hers
    assert "End all of Ada Lindqvist’s access" in hers
    assert f"/approvals/{approval.pk}/" in sams
    assert '<span class="rail__count">1</span>' in sams
    assert "rail__count" not in hers + ivans


def test_what_ends_by_itself_is_said_to_those_it_concerns(paula, ivan, otto):
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=60), manager=paula)
    wish = EndingWish(received_at=timezone.now(), due_at=timezone.now() + timedelta(days=20))
    end_project(project, wish, by=initiator_of(paula))
    other = a_person("petra")
    a_grant(other, Role.PROJECT_MANAGER)

    pages = [text_of(browser_of(who).get("/")) for who in (paula, ivan, other)]

    assert ["End Project Phoenix" in page for page in pages] == [True, True, False]


def test_the_last_revocations_are_there_for_who_may_read_them(ivan, hana, ines):
    order = Order(
        initiator=initiator_of(ivan),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=ines.pk),
        received_at=timezone.now(),
    )
    receipt = revoke(order).receipt

    assert receipt in text_of(browser_of(ivan).get("/"))
    assert receipt not in text_of(browser_of(hana).get("/"))


def test_somebody_not_signed_in_goes_to_sign_in_and_comes_back(db):
    assert Client().get("/people/").headers["Location"] == "/accounts/login/?next=/people/"
