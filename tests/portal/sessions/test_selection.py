"""Ending selected sessions: exactly the frozen set, whoever it belongs to, and nothing beside it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from portal.presenters import selection
from portal.presenters.selection import KEPT_SECONDS, Selection, SelectionLost
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approvals import approve
from sessions_app.models import Application, Approval, AsksHow, Revocation, Role, Session, User
from tests.factories import (
    PASSWORD,
    a_grant,
    a_person,
    an_application,
    forget_roles,
    initiator_of,
    open_session,
    with_password,
)
from tests.portal.signed_in import browser_of, browser_with_factor, text_of, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def looked_at(browser: Client, *sessions: Session, **asked: str) -> HttpResponse:
    """The preview of these ticked rows, or of all that match."""
    return browser.post("/sessions/selection/", {"session": [str(each.pk) for each in sessions], **asked})


def filled(preview: HttpResponse, **typed: Any) -> dict[str, Any]:
    form = preview.context["form"]
    hidden = {name: form[name].value() for name in ("frozen", "order_key")}
    count = str(preview.context["selection"].count)
    return {"reason": "lost_device", "ticket": "", "note": "", "typed": count, **hidden, **typed}


def end(browser: Client, *sessions: Session, **typed: Any) -> HttpResponse:
    return browser.post("/sessions/selection/end/", filled(looked_at(browser, *sessions), **typed))


def outcomes(*sessions: Session) -> list[Outcome]:
    return [verdict_on(session) for session in sessions]


REVOKED, ALLOWED = Outcome.REVOKED, Outcome.ALLOWED


def test_exactly_the_selected_sessions_of_several_people_end(ivan: User, ines: User, carlos: User):
    # Given two people with two sessions each.
    first, second = open_session(ines), open_session(ines)
    third, fourth = open_session(carlos), open_session(carlos)
    browser = browser_of(ivan)

    # When one of each is ended, while a new one appears after the preview.
    form = filled(looked_at(browser, first, third))
    later = open_session(ines)
    answer = browser.post("/sessions/selection/end/", form)

    # Then those two are refused and everything else works.
    revocation = Revocation.objects.get()
    assert answer.url == f"/revocations/{revocation.receipt}/"
    assert outcomes(first, third) == [REVOKED, REVOKED]
    assert outcomes(second, fourth, later) == [ALLOWED, ALLOWED, ALLOWED]
    assert (revocation.sessions_ended, revocation.people) == (2, [carlos, ines])


def test_the_preview_says_who_how_many_and_what_nobody_can_cut(ivan: User, ines: User, carlos: User):
    deaf = an_application("erp", name="Legacy ERP", asks=AsksHow.NOT_AT_ALL)
    sessions = [open_session(ines, deaf), open_session(carlos)]

    page = text_of(looked_at(browser_of(ivan), *sessions))

    assert "End 2 sessions of 2 people?" in page
    assert "Ines Almeida" in page
    assert "Carlos Vega" in page
    assert "Legacy ERP cannot be cut" in page
    assert "Type 2 to confirm" in page


def test_what_cannot_be_in_the_set_is_named_with_the_reason(ivan: User, ines: User, sam: User, carlos: User):
    ends = open_session(carlos)
    browser = browser_of(ivan)
    left = [
        open_session(ivan),
        open_session(sam),
        open_session(ines, sid=None),
        open_session(carlos, ended_at=timezone.now()),
    ]

    preview = looked_at(browser, ends, *left)

    assert [row.session for row in preview.context["selection"].ending] == [ends]
    page = text_of(preview)
    assert "1 session of Ivan Petrov</strong>: your own" in page
    assert "1 session of Sam Okoro</strong>: an Admin or in Security" in page
    assert "1 session of Ines Almeida</strong>: the issuer gives no session id" in page
    assert "1 session of Carlos Vega</strong>: over already" in page


def test_all_that_match_are_taken_by_the_same_line_as_the_list(
    ivan: User, ines: User, carlos: User, wiki: Application
):
    hers, his = open_session(ines, wiki), open_session(carlos)

    preview = looked_at(browser_of(ivan), everything="yes", q="app:wiki is:any")

    assert [row.session for row in preview.context["selection"].ending] == [hers]
    assert his.is_open


def test_a_line_without_sense_selects_nothing(ivan: User, ines: User):
    open_session(ines)

    preview = looked_at(browser_of(ivan), everything="yes", q="colour:red")

    assert "Nothing here that you could end" in text_of(preview)


def test_more_than_end_as_one_order_are_refused_with_a_way_on(ivan: User, ines: User, monkeypatch):
    monkeypatch.setattr(selection, "MOST_SESSIONS", 1)
    sessions = [open_session(ines), open_session(ines)]

    answer = looked_at(browser_of(ivan), everything="yes")

    assert answer.status_code == 422
    assert "2 sessions of 1 person match" in text_of(answer)
    assert "Narrow the search" in text_of(answer)
    assert outcomes(*sessions) == [ALLOWED, ALLOWED]


def test_more_people_than_one_may_end_alone_wait_for_a_second_person(ivan: User, sam: User):
    # Given 26 people, where the policy lets one person end 25.
    people = [a_person() for _ in range(26)]
    sessions = [open_session(user) for user in people]
    browser = browser_with_factor(ivan)
    preview = looked_at(browser, everything="yes")

    # When IT confirms, nothing ends.
    answer = browser.post("/sessions/selection/end/", filled(preview))
    approval = Approval.objects.get()
    assert answer.url == f"/approvals/{approval.pk}/"
    assert "A second person decides" in text_of(preview)
    assert set(outcomes(*sessions)) == {ALLOWED}

    # And when Security approves, exactly those do.
    later = open_session(people[0])
    approve(approval, by=initiator_of(sam))
    assert set(outcomes(*sessions)) == {REVOKED}
    assert outcomes(later) == [ALLOWED]
    assert Revocation.objects.get().sessions_ended == 26


def test_an_old_sign_in_is_proved_anew_and_finds_the_form_filled(ivan: User, ines: User):
    session = open_session(ines)
    browser = browser_of(with_password(ivan), minutes_ago=11)
    form = filled(looked_at(browser, session), ticket="INC-7")

    asked = browser.post("/sessions/selection/end/", form)
    back = browser.post(asked.url, {"password": PASSWORD})
    shown = browser.get(back.url)
    again = browser.post("/sessions/selection/end/", form)

    assert asked.url == "/accounts/reauthenticate/?next=%2Fsessions%2Fselection%2Fend%2F"
    assert shown.context["form"]["ticket"].value() == "INC-7"
    assert again.url.startswith("/revocations/")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"typed": "3"}, "That is not 1"),
        ({"typed": ""}, "Type the number"),
        ({"reason": ""}, "Choose why."),
        ({"reason": "offboarding_x"}, "may not use"),
        ({"reason": "other", "note": "short"}, "at least 10 characters"),
        ({"reason": "role_change", "ticket": "<b>"}, "A ticket is a reference"),
    ],
)
def test_what_is_typed_wrong_ends_nothing_and_is_said(
    typed: dict[str, str], sentence: str, ivan: User, ines: User
):
    session = open_session(ines)

    answer = end(browser_of(ivan), session, **typed)

    assert answer.status_code in (409, 422)
    assert sentence in text_of(answer)
    assert verdict_on(session) is ALLOWED


def test_the_second_click_finds_what_the_first_one_did(ivan: User, ines: User, carlos: User):
    browser = browser_of(ivan)
    form = filled(looked_at(browser, open_session(ines), open_session(carlos)))

    first, second = (browser.post("/sessions/selection/end/", form) for _ in range(2))

    assert first.url == second.url
    assert Revocation.objects.count() == 1


def test_a_session_that_ended_meanwhile_does_not_hold_up_the_others(ivan: User, ines: User):
    one, other = open_session(ines), open_session(ines)
    browser = browser_of(ivan)
    form = filled(looked_at(browser, one, other))
    Session.objects.filter(pk=one.pk).update(ended_at=timezone.now())

    browser.post("/sessions/selection/end/", form)

    assert verdict_on(other) is REVOKED
    assert Revocation.objects.get().sessions_ended == 1


def test_a_person_who_became_privileged_meanwhile_is_asked_about_again(ivan: User, ines: User, carlos: User):
    hers, his = open_session(ines), open_session(carlos)
    browser = browser_of(ivan)
    form = filled(looked_at(browser, hers, his))
    a_grant(ines, Role.ADMIN)

    answer = browser.post("/sessions/selection/end/", form)

    assert answer.status_code == 409
    assert "has changed since you looked" in text_of(answer)
    assert outcomes(hers, his) == [ALLOWED, ALLOWED]


def test_ids_out_of_reach_are_as_if_they_were_not(ines: User, carlos: User):
    mina = a_person("mina", country="NO")
    a_grant(mina, Role.IT, population_kind="country", population_value="ES")
    hers, his = open_session(ines), open_session(carlos)

    page = text_of(looked_at(browser_of(mina), hers, his))

    assert "End 1 session of 1 person?" in page
    assert "Ines" not in page


@pytest.mark.parametrize("who", ["hana", "aude", "ada", "otto"])
def test_who_may_not_end_sessions_can_neither_look_nor_click(
    who: str, ines: User, request: pytest.FixtureRequest
):
    session = open_session(ines)
    browser = browser_of(request.getfixturevalue(who))

    answers = [looked_at(browser, session), browser.post("/sessions/selection/end/", {"frozen": "x"})]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "data-row-check" not in text_of(browser.get("/sessions/"))


def test_a_frozen_set_is_one_readers_and_gets_too_old(ivan: User, sam: User, ines: User):
    frozen = Selection(ivan, [open_session(ines).pk]).freeze()

    with pytest.raises(SelectionLost):
        Selection.thaw(sam, frozen)
    with pytest.raises(SelectionLost):
        Selection.thaw(ivan, frozen[:-2] + "xx")
    later = timezone.now().timestamp() + KEPT_SECONDS + 1
    with patch("django.core.signing.time.time", return_value=later), pytest.raises(SelectionLost):
        Selection.thaw(ivan, frozen)


def test_a_lost_selection_leads_back_without_ending_anything(ivan: User):
    answer = browser_of(ivan).post("/sessions/selection/end/", {"frozen": "nonsense"}, follow=True)

    assert "too old to be ended" in text_of(answer)


# --- Its receipt ----------------------------------------------------------------------------------


def test_the_receipt_names_everybody_and_their_sessions(ivan: User, ines: User, carlos: User):
    address = end(browser_of(ivan), open_session(ines), open_session(carlos)).url
    browser = browser_of(ivan)

    page = text_of(browser.get(address))
    kept = json.loads(browser.get(address[:-1] + ".json").content)

    assert "Selected sessions of Carlos Vega and Ines Almeida are cut off" in page
    assert "<bdi>Ines Almeida</bdi>, No known application" in page
    assert (kept["person"], kept["people_not_reached"]) == (None, 0)
    assert [person["name"] for person in kept["people"]] == ["Carlos Vega", "Ines Almeida"]
    assert AuditEntry.objects.filter(event_code="RV-104").count() == 2


def test_a_reader_who_reaches_only_some_of_the_people_sees_the_others_as_a_number(
    ivan: User, ines: User, carlos: User
):
    # Given an order on two people, and somebody who is Security for Spain.
    address = end(browser_of(ivan), open_session(ines, an_application("pay")), open_session(carlos)).url
    mina = a_person("mina", country="NO")
    a_grant(mina, Role.SECURITY, population_kind="country", population_value="ES")
    browser = browser_of(mina)

    # When they open it, then Ines is nowhere: not on the page, not in the file, not in the list.
    page = text_of(browser.get(address))
    kept = json.loads(browser.get(address[:-1] + ".json").content)
    listed = text_of(browser.get("/revocations/"))

    assert "Selected sessions of 2 people are cut off" in page
    assert "Carlos Vega" in page
    assert "and 1 person you do not reach" in page
    assert "Ines" not in page + json.dumps(kept) + listed
    assert kept["people_not_reached"] == 1


def test_nobody_outside_of_it_opens_it(ivan: User, ines: User, carlos: User):
    address = end(browser_of(ivan), open_session(ines), open_session(carlos)).url
    mina = a_person("mina", country="NO")
    a_grant(mina, Role.SECURITY, population_kind="country", population_value="SE")

    assert browser_of(mina).get(address).status_code == 404


def test_a_pending_order_on_several_people_can_be_tried_again_by_a_reader_of_one_of_them(
    ivan: User, ines: User, carlos: User
):
    address = end(browser_of(ivan), open_session(ines), open_session(carlos)).url
    Revocation.objects.update(cut_off_at=None, decided_at=timezone.now() - timedelta(minutes=1))

    page = text_of(browser_of(ivan).get(address))
    answer = browser_of(ivan).post(f"{address}try/")

    assert "Try now" in page
    assert answer.status_code == 303
    forget_roles(ivan)
