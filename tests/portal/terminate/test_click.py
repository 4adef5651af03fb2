"""The click: access has ended before the page answers, once, and only when it was meant."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Approval, Revocation, Role, RoleGrant, User
from tests.factories import a_grant, a_person, open_session
from tests.portal.signed_in import (
    HTMX,
    browser_of,
    browser_with_factor,
    filled_dialog,
    terminate,
    text_of,
    verdict_on,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def is_untouched(person):
    return not Revocation.objects.of(person).exists() and User.objects.get(pk=person.pk).is_active


# --- It happens -----------------------------------------------------------------------------------


def test_every_session_is_refused_before_the_page_answers(hana, ines, carlos, wiki, payroll):
    ended, other = [open_session(ines, wiki), open_session(ines, payroll)], open_session(carlos, wiki)

    response = terminate(browser_of(hana), ines, ticket="HR-2231", note="left on friday")

    revocation = Revocation.objects.get()
    assert (response.status_code, response.headers["Location"]) == (
        303,
        f"/revocations/{revocation.receipt}/",
    )
    assert [verdict_on(session) for session in ended] == [Outcome.REVOKED, Outcome.REVOKED]
    assert verdict_on(other) is Outcome.ALLOWED
    assert (revocation.sessions_ended, revocation.ticket, revocation.note) == (2, "HR-2231", "left on friday")
    assert not User.objects.get(pk=ines.pk).is_active


def test_htmx_is_led_to_the_receipt(hana, ines):
    browser = browser_of(hana)

    response = browser.post(f"/people/{ines.pk}/terminate/", filled_dialog(browser, ines), headers=HTMX)

    assert response.headers["HX-Redirect"] == f"/revocations/{Revocation.objects.get().receipt}/"


def test_sessions_that_appeared_meanwhile_end_too_and_are_counted(hana, ines, wiki):
    browser = browser_of(hana)
    open_session(ines, wiki)
    form = filled_dialog(browser, ines)
    late = [open_session(ines, wiki), open_session(ines, wiki)]

    receipt = browser.post(f"/people/{ines.pk}/terminate/", form, follow=True)

    assert "3 sessions, 2 more than you saw" in text_of(receipt)
    assert {verdict_on(session) for session in late} == {Outcome.REVOKED}


# --- Once -----------------------------------------------------------------------------------------


def test_sending_the_same_form_twice_shows_the_same_receipt(hana, ines, wiki):
    open_session(ines, wiki)
    browser = browser_of(hana)
    form = filled_dialog(browser, ines)

    first = browser.post(f"/people/{ines.pk}/terminate/", form)
    second = browser.post(f"/people/{ines.pk}/terminate/", form)

    assert first.headers["Location"] == second.headers["Location"]
    assert Revocation.objects.count() == 1
    assert "Already done: You ended this access at" in text_of(browser.get(second.headers["Location"]))


def test_the_same_key_for_something_else_is_not_carried_out(hana, ines):
    browser = browser_of(hana)
    form = filled_dialog(browser, ines)
    browser.post(f"/people/{ines.pk}/terminate/", form)

    response = browser.post(f"/people/{ines.pk}/terminate/", {**form, "note": "something else"})

    assert response.status_code == 422
    assert "already used for a different order" in text_of(response)
    assert "something else" in text_of(response)
    assert Revocation.objects.count() == 1


def test_what_somebody_else_did_already_is_said_with_who_and_when(ivan, sam, ines):
    terminate(browser_of(ivan), ines)
    browser = browser_of(sam)

    answer = terminate(browser, ines)

    page = text_of(browser.get(answer.headers["Location"]))
    assert Revocation.objects.count() == 1
    assert "Already done: Ivan Petrov ended this access at" in page
    assert AuditEntry.objects.of_events("RV-111").filter(initiator_id=str(sam.pk)).count() == 1


def test_hr_is_not_sent_to_a_receipt_it_may_not_open(hana, ivan, ines):
    terminate(browser_of(ivan), ines)
    browser = browser_of(hana)

    answer = terminate(browser, ines)

    assert answer.headers["Location"] == f"/people/{ines.pk}/"
    assert "Already done: Ivan Petrov" in text_of(browser.get(answer.headers["Location"]))


# --- The stale form -------------------------------------------------------------------------------


def test_a_form_from_before_somebody_else_ended_it_is_shown_again(hana, ivan, ines):
    browser = browser_of(hana)
    form = filled_dialog(browser, ines, ticket="HR-2231", note="typed before")
    terminate(browser_of(ivan), ines, reason="user_request")

    shown = browser.post(f"/people/{ines.pk}/terminate/", form)

    page = text_of(shown)
    assert shown.status_code == 409
    assert "Ivan Petrov ended this access at" in page
    assert "HR-2231" in page
    assert "typed before" in page
    assert Revocation.objects.count() == 1


def test_a_form_shown_again_can_be_sent_and_does_what_is_stronger(hana, ivan, ines):
    browser = browser_of(hana)
    form = filled_dialog(browser, ines)
    terminate(browser_of(ivan), ines, reason="user_request")
    again = browser.post(f"/people/{ines.pk}/terminate/", form).context["form"]

    answer = browser.post(f"/people/{ines.pk}/terminate/", {**form, "seen": again["seen"].value()})

    assert answer.status_code == 303
    assert Revocation.objects.count() == 2
    assert not User.objects.get(pk=ines.pk).is_active


def test_a_form_from_before_the_person_became_privileged_is_shown_again(sam, ines):
    browser = browser_with_factor(sam)
    form = filled_dialog(browser, ines)
    a_grant(ines, Role.ADMIN)

    shown = browser.post(f"/people/{ines.pk}/terminate/", form)

    assert shown.status_code == 409
    assert "Ines has become an Admin or a member of Security." in text_of(shown)
    assert "Ask for a second person" in text_of(shown)
    assert is_untouched(ines)


def test_a_form_that_asked_for_a_second_person_ends_nothing_once_none_is_needed(sam, ines):
    browser = browser_with_factor(sam)
    grant = a_grant(ines, Role.ADMIN)
    form = filled_dialog(browser, ines)
    RoleGrant.objects.filter(pk=grant.pk).delete()

    shown = browser.post(f"/people/{ines.pk}/terminate/", form)

    assert shown.status_code == 409
    assert "so no second person is needed" in text_of(shown)
    assert is_untouched(ines)


# --- Privileged people -----------------------------------------------------------------------------


@pytest.fixture
def _another_admin(issuer: object) -> None:
    a_grant(a_person("alma"), Role.ADMIN)


@pytest.mark.usefixtures("_another_admin")
@pytest.mark.parametrize("who", ["hana", "ivan", "sam"])
def test_ending_an_admin_asks_a_second_person_and_ends_nothing(who, request, ada):
    browser = browser_with_factor(request.getfixturevalue(who))

    response = terminate(browser, ada, note="left on friday", ticket="HR-7")

    approval = Approval.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, f"/approvals/{approval.pk}/")
    assert (approval.person, approval.asked_note) == (ada, "left on friday")
    assert is_untouched(ada)


@pytest.mark.usefixtures("_another_admin")
def test_asking_takes_a_second_factor_and_keeps_what_was_typed(hana, ada):
    browser = browser_of(hana)

    response = terminate(browser, ada, note="left on friday")
    back = browser.get(f"/people/{ada.pk}/terminate/")

    assert response.status_code == 403
    assert "Set up a second factor first" in text_of(response)
    assert "left on friday" in text_of(back)
    assert not Approval.objects.exists()


def test_a_right_lost_meanwhile_ends_nothing(hana, ines):
    browser = browser_of(hana)
    form = filled_dialog(browser, ines)
    RoleGrant.objects.filter(user=hana).delete()

    assert browser.post(f"/people/{ines.pk}/terminate/", form).status_code == 403
    assert is_untouched(ines)


# --- It is refused --------------------------------------------------------------------------------


def test_a_forged_form_against_oneself_is_refused_and_recorded(hana, ines):
    browser = browser_of(hana)
    form = {**filled_dialog(browser, ines), "seen": "- ordinary"}

    response = browser.post(f"/people/{hana.pk}/terminate/", form)

    assert response.status_code == 403
    assert "Your click was recorded as refused." in text_of(response)
    assert AuditEntry.objects.of_events("RV-112").filter(initiator_id=str(hana.pk)).count() == 1
    assert is_untouched(hana)


@pytest.mark.usefixtures("_another_admin")
def test_a_forged_form_against_a_privileged_person_only_asks(ivan, ada, ines):
    browser = browser_with_factor(ivan)
    form = {**filled_dialog(browser, ines), "seen": "- privileged"}

    response = browser.post(f"/people/{ada.pk}/terminate/", form)

    assert response.status_code == 303
    assert is_untouched(ada)


def test_the_last_admin_keeps_their_sign_in_and_what_was_typed_is_kept(sam, ada):
    response = terminate(browser_with_factor(sam), ada, note="typed before")

    assert response.status_code == 409
    assert "This is the last Admin who can sign in." in text_of(response)
    assert "typed before" in text_of(response)
    assert is_untouched(ada)


@pytest.mark.parametrize("reason", ["security_incident", "canary", "", "nonsense", "other"])
def test_a_reason_that_may_not_be_used_ends_nothing(reason, hana, ines):
    response = terminate(browser_of(hana), ines, reason=reason)

    assert response.status_code == 422
    assert is_untouched(ines)


def test_other_needs_a_note_and_keeps_what_was_typed(ivan, ines):
    response = terminate(browser_of(ivan), ines, reason="other", note="because", ticket="IT-7")

    page = text_of(response)
    assert response.status_code == 422
    assert "at least 10 characters" in page
    assert 'value="other" checked' in page
    assert "IT-7" in page
    assert is_untouched(ines)


@pytest.mark.parametrize(
    "broken",
    [
        {"order_key": ""},
        {"order_key": "not-a-uuid"},
        {"sessions_seen": "many"},
        {"sessions_seen": "-1"},
        {"note": "n" * 1001},
        {"ticket": "t" * 101},
        {"note": "a\x00b"},
    ],
    ids=["no key", "odd key", "no number", "negative", "long note", "long ticket", "nul"],
)
def test_a_broken_form_ends_nothing(broken, hana, ines):
    assert terminate(browser_of(hana), ines, **broken).status_code == 422
    assert is_untouched(ines)


def test_a_form_without_its_token_is_refused(hana, ines):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(hana, backend="portal.sign_in.SignInBackend")

    assert (
        strict.post(f"/people/{ines.pk}/terminate/", filled_dialog(browser_of(hana), ines)).status_code == 403
    )
    assert is_untouched(ines)


# --- Namesakes ------------------------------------------------------------------------------------


@pytest.fixture
def other_ines(issuer):
    return a_person("ines2", display_name="Inês Almeida", department="Sales", employee_number="N-77417")


def test_a_namesake_is_named_and_the_number_of_the_right_one_asked_for(hana, ines, other_ines):
    page = text_of(browser_of(hana).get(f"/people/{ines.pk}/terminate/"))

    assert "Somebody else has the same or a similar name" in page
    assert "Inês Almeida" in page
    assert "Sales, employee number <code>…417</code>" in page
    assert "N-77417" not in page


@pytest.mark.parametrize("typed", ["", "N-77417", "ines"])
def test_without_the_right_number_nothing_ends_and_nothing_is_lost(typed, hana, ines, other_ines):
    response = terminate(browser_of(hana), ines, mark=typed, ticket="HR-2231", note="typed before")

    assert response.status_code == 422
    assert "HR-2231" in text_of(response)
    assert "typed before" in text_of(response)
    assert is_untouched(ines)
    assert is_untouched(other_ines)


def test_with_the_right_number_exactly_this_one_ends(hana, ines, other_ines):
    response = terminate(browser_of(hana), ines, mark=f" {ines.employee_number.lower()} ")

    assert response.status_code == 303
    assert is_untouched(other_ines)
    assert not User.objects.get(pk=ines.pk).is_active


def test_a_namesake_out_of_reach_does_not_exist(ines, other_ines):
    other_ines.legal_entity = "Vega & Wei Consulting"
    other_ines.save()
    narrow = a_person("nora", display_name="Nora Narrow")
    a_grant(narrow, Role.HR, population_kind="legal_entity", population_value="Northwind GmbH")

    page = text_of(browser_of(narrow).get(f"/people/{ines.pk}/terminate/"))

    assert "similar name" not in page
