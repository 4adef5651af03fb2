"""Ending one session from the person's page."""

from __future__ import annotations

import uuid

import pytest

from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Revocation
from tests.factories import open_session
from tests.portal.signed_in import HTMX, browser_of, text_of, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def address_of(session):
    return f"/people/{session.user_id}/sessions/{session.pk}/end/"


def asked(reason="lost_device", **more):
    return {"reason": reason, "order_key": uuid.uuid4().hex, **more}


def test_ending_one_session_refuses_it_and_leaves_the_other(ivan, ines, wiki):
    ended, kept = open_session(ines, wiki), open_session(ines, wiki)

    response = browser_of(ivan).post(address_of(ended), asked())

    receipt = Revocation.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, f"/revocations/{receipt.receipt}/")
    assert verdict_on(ended) is Outcome.REVOKED
    assert verdict_on(kept) is Outcome.ALLOWED


def test_with_htmx_the_answer_stands_where_the_sessions_are(ivan, ines, wiki):
    ended = open_session(ines, wiki)

    response = browser_of(ivan).post(address_of(ended), asked(), headers=HTMX)

    part = text_of(response)
    assert response.status_code == 200
    assert part.startswith('<div class="stack stack--tight" id="live-sessions">')
    assert "read back through the guard" in part
    assert Revocation.objects.get().receipt in part
    assert "Nothing is open" in part


def test_sending_the_same_form_twice_ends_it_once(ivan, ines, wiki):
    session, form = open_session(ines, wiki), asked()
    browser = browser_of(ivan)

    first = browser.post(address_of(session), form)
    second = browser.post(address_of(session), form)

    assert first.headers["Location"] == second.headers["Location"]
    assert Revocation.objects.count() == 1


def test_each_row_has_an_order_key_of_its_own(ivan, ines, wiki):
    sessions = {open_session(ines, wiki).pk.hex, open_session(ines, wiki).pk.hex}

    page = browser_of(ivan).get(f"/people/{ines.pk}/").content.decode()

    assert all(f'{key}">' in page for key in sessions)


@pytest.mark.parametrize("form", [{}, {"reason": ""}, {"reason": "canary"}, {"reason": "security_incident"}])
def test_an_unusable_reason_changes_nothing(form, ivan, ines, wiki):
    session = open_session(ines, wiki)

    response = browser_of(ivan).post(address_of(session), {"order_key": "k", **form})

    assert response.status_code == 422
    assert verdict_on(session) is Outcome.ALLOWED


def test_other_needs_a_note(ivan, ines, wiki):
    session = open_session(ines, wiki)

    response = browser_of(ivan).post(address_of(session), asked("other", note="short"))

    page = text_of(response)
    assert response.status_code == 422
    assert "at least 10 characters" in page
    assert 'value="other" selected' in page
    assert 'value="short"' in page
    assert verdict_on(session) is Outcome.ALLOWED


@pytest.mark.parametrize(("who", "status"), [("hana", 403), ("aude", 403), ("ada", 403), ("otto", 403)])
def test_roles_without_the_right_are_refused(who, status, request, ines, wiki):
    session = open_session(ines, wiki)

    assert browser_of(request.getfixturevalue(who)).post(address_of(session), asked()).status_code == status
    assert verdict_on(session) is Outcome.ALLOWED


def test_a_session_of_somebody_else_is_not_found_under_this_person(ivan, ines, carlos, wiki):
    session = open_session(carlos, wiki)

    response = browser_of(ivan).post(f"/people/{ines.pk}/sessions/{session.pk}/end/", asked())

    assert response.status_code == 404
    assert verdict_on(session) is Outcome.ALLOWED


def test_a_session_without_an_id_cannot_be_ended_alone(ivan, ines, wiki):
    session = open_session(ines, wiki, sid=None)

    response = browser_of(ivan).post(address_of(session), asked())

    assert response.status_code == 409
    assert "End the whole person" in text_of(response)


def test_sessions_of_a_privileged_person_are_security_s(ivan, ada, wiki):
    session = open_session(ada, wiki)

    assert browser_of(ivan).post(address_of(session), asked()).status_code == 403
    assert verdict_on(session) is Outcome.ALLOWED
