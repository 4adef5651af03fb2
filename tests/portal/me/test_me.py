"""One's own page: everything of one's own, nothing of anybody else."""

from __future__ import annotations

import pytest
from django.utils import timezone

from portal.portal_sessions import SID_KEY
from sessions_app.models import Revocation, Session, User
from tests.factories import open_session
from tests.portal.signed_in import HTMX, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

LOST = {"reason": "lost_device", "order_key": "me-1"}


def test_everybody_who_can_sign_in_sees_their_own_sessions_with_everything_known(otto: User, ines: User):
    open_session(otto)
    open_session(ines, address="198.51.100.77")

    page = browser_of(otto).get("/me/").content.decode()

    assert "203.0.113.7" in page
    assert "Berlin, DE" in page
    assert "198.51.100.77" not in page


def test_the_session_in_use_is_marked(otto: User):
    open_session(otto)

    page = browser_of(otto).get("/me/").content.decode()

    assert page.count("this session</span>") == 1


def test_ending_one_of_ones_own_sessions_leaves_the_others(otto: User):
    ended, other = open_session(otto), open_session(otto)

    response = browser_of(otto).post(f"/me/sessions/{ended.pk}/end/", LOST)

    assert response.status_code == 200
    assert Session.objects.get(pk=ended.pk).ended_by is not None
    assert Session.objects.get(pk=other.pk).is_open


def test_ending_the_session_in_use_signs_out(otto: User):
    browser = browser_of(otto)
    current = Session.objects.get(sid=browser.session[SID_KEY])

    response = browser.post(f"/me/sessions/{current.pk}/end/", LOST)

    assert (response.status_code, response.url) == (303, "/accounts/login/")
    assert browser.get("/me/").status_code == 302


def test_with_htmx_the_whole_browser_is_led_to_sign_in(otto: User):
    browser = browser_of(otto)
    current = Session.objects.get(sid=browser.session[SID_KEY])

    response = browser.post(f"/me/sessions/{current.pk}/end/", LOST, headers=HTMX)

    assert response["HX-Redirect"] == "/accounts/login/"


def test_a_session_of_somebody_else_does_not_exist_here(otto: User, ines: User):
    session = open_session(ines)

    response = browser_of(otto).post(f"/me/sessions/{session.pk}/end/", LOST)

    assert response.status_code == 404
    assert not Revocation.objects.exists()


@pytest.mark.parametrize("reason", ["offboarding", "security_incident", ""])
def test_only_the_persons_own_reasons_are_taken(reason: str, sam: User):
    session = open_session(sam)

    response = browser_of(sam).post(f"/me/sessions/{session.pk}/end/", {**LOST, "reason": reason})

    assert response.status_code == 422
    assert Session.objects.get(pk=session.pk).is_open


def test_who_looked_is_shown_with_role_and_day_only(otto: User, ivan: User):
    session = open_session(otto)
    browser_of(ivan).get(f"/sessions/{session.pk}/")

    page = browser_of(otto).get("/me/").content.decode()

    looked = page[page.index("Who looked at what is kept of me") :]
    assert "Ivan Petrov" in looked
    assert "IT" in looked
    assert f'<time datetime="{timezone.now():%Y-%m-%d}">today</time>' in looked


def test_own_roles_and_the_missing_second_factor_are_shown(hana: User):
    page = browser_of(hana).get("/me/").content.decode()

    assert "HR" in page
    assert "Only your password protects this account." in page


def test_an_ended_session_is_not_offered_again(otto: User):
    session = open_session(otto, ended_at=timezone.now())

    assert f"/me/sessions/{session.pk}/end/" not in browser_of(otto).get("/me/").content.decode()
