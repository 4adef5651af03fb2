"""Change role: the dialog says what it does, ends tokens where something is lost, and the receipt tells the rest."""

from __future__ import annotations

import time
import uuid

import pytest
from django.http import HttpResponse

from audit.initiators import the_clock
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Application, Issuer, RoleChange, User
from sessions_app.models.moments import database_now
from sessions_app.revocation.confirmations import note_claims
from tests.factories import a_group, a_person, an_entitlement, open_session, token_for, verdict_on
from tests.portal.signed_in import HTMX, browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


@pytest.fixture(autouse=True)
def _finance(ines: User, wiki: Application) -> None:
    an_entitlement(wiki, a_group("approvers", ines), "approve")
    a_group("finance", ines)
    a_group("controllers")


def send(user: User, person: User, **typed: object) -> HttpResponse:
    form = {"keep": [], "join": "", "order_key": str(uuid.uuid4()), **typed}
    return browser_of(user).post(f"/people/{person.pk}/role/", form)


def test_the_dialog_shows_each_group_with_what_it_gives(ivan, ines):
    page = text_of(browser_of(ivan).get(f"/people/{ines.pk}/role/", headers=HTMX))

    assert "approvers (approve · Wiki)" in page
    assert "Leaving any group signs Ines out everywhere, at once" in page
    assert "<html" not in page


def test_leaving_a_group_ends_the_tokens_and_leads_to_the_receipt(ivan, ines):
    token = token_for(ines, open_session(ines))

    answer = send(ivan, ines, keep=["finance"])

    change = RoleChange.objects.get()
    page = text_of(browser_of(ivan).get(answer["Location"]))
    assert verdict_on(token).outcome is Outcome.REVOKED
    assert answer["Location"] == f"/revocations/{change.revocation.receipt}/"
    assert "approvers, approve · wiki" in page
    assert "Not signed in again yet." in page
    assert "The person, at their next sign-in here" in page


def test_joining_a_group_signs_nobody_out(ivan, ines):
    token = token_for(ines, open_session(ines))

    answer = send(ivan, ines, keep=["finance", "approvers"], join="controllers")

    assert answer["Location"] == f"/people/{ines.pk}/?tab=access"
    assert verdict_on(token).outcome is Outcome.ALLOWED
    assert ines.memberships.count() == 3


def test_a_group_nobody_knows_is_told_and_nothing_is_lost(ivan, ines):
    answer = send(ivan, ines, keep=["finance"], join="contrllers")

    assert answer.status_code == 422
    assert "No group is known by this name: contrllers." in text_of(answer)
    assert ines.memberships.count() == 2


def test_a_group_the_person_is_not_in_cannot_be_kept(ivan, ines):
    assert send(ivan, ines, keep=["controllers"]).status_code == 422


@pytest.mark.parametrize("who", ["ada", "ivan"])
def test_a_privileged_person_and_oneself_are_not_changed_by_it(who, request, ivan, ada, sam):
    person = request.getfixturevalue(who)
    a_group("operators", person)

    answer = send(ivan, person)

    assert answer.status_code == 403
    assert person.memberships.count() == 1


def test_the_receipt_says_when_the_new_token_says_less_and_when_it_does_not(ivan, ines, issuer: Issuer):
    receipt = send(ivan, ines, keep=["finance"])["Location"]
    time.sleep(0.01)
    note_claims(ines, issuer=issuer, names=["approve"], seen_at=database_now(), by=the_clock())
    alarmed = text_of(browser_of(ivan).get(receipt))
    note_claims(ines, issuer=issuer, names=["read"], seen_at=database_now(), by=the_clock())

    assert "The new token still claims what was lost, and is refused:" in alarmed
    assert "The new token really says less:" in text_of(browser_of(ivan).get(receipt))


def test_whoever_is_out_of_reach_does_not_exist(ivan):
    assert browser_of(ivan).get(f"/people/{uuid.uuid4()}/role/").status_code == 404
    assert browser_of(a_person("plain")).get(f"/people/{ivan.pk}/role/").status_code == 403
