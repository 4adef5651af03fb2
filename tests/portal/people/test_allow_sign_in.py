"""Letting somebody sign in again from their page."""

from __future__ import annotations

import pytest

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import User
from tests.factories import open_session
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def address_of(person):
    return f"/people/{person.pk}/allow-sign-in/"


def is_blocked(person):
    return not User.objects.get(pk=person.pk).is_active


def test_sign_in_is_allowed_again_and_old_tokens_stay_dead(hana, ivan, ines, wiki):
    old = open_session(ines, wiki)
    terminate(browser_of(hana), ines)

    response = browser_of(ivan).post(address_of(ines), {"reason": "came back after all"}, follow=True)

    page = text_of(response)
    assert response.redirect_chain == [(f"/people/{ines.pk}/", 303)]
    assert "Ines Almeida can sign in again: new sign-ins count from" in page
    assert not is_blocked(ines)
    assert verdict_on(old) is Outcome.REVOKED
    assert AuditEntry.objects.of_events("RV-120").filter(initiator_id=str(ivan.pk)).count() == 1


def test_the_dialog_is_a_part_for_htmx_and_a_page_without(hana, ivan, ines):
    terminate(browser_of(hana), ines)
    browser = browser_of(ivan)

    assert "<html" not in browser.get(address_of(ines), headers=HTMX).content.decode()
    assert "<html" in browser.get(address_of(ines)).content.decode()


def test_why_must_be_said(hana, ivan, ines):
    terminate(browser_of(hana), ines)

    assert browser_of(ivan).post(address_of(ines), {"reason": " "}).status_code == 422
    assert is_blocked(ines)


def test_somebody_who_is_not_blocked_cannot_be_let_in_again(ivan, ines):
    response = browser_of(ivan).post(address_of(ines), {"reason": "just in case"})

    assert response.status_code == 409
    assert "not blocked" in text_of(response)


@pytest.mark.parametrize("who", ["hana", "aude", "ada"])
def test_roles_without_the_right_are_refused(who, request, ivan, ines):
    terminate(browser_of(ivan), ines)

    response = browser_of(request.getfixturevalue(who)).post(address_of(ines), {"reason": "please let them"})

    assert response.status_code == 403
    assert is_blocked(ines)
