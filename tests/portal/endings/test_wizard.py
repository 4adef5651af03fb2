"""End Project: four steps, nothing typed is lost, and only what became another deed is asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approvals import approve
from sessions_app.changes.end_project import end_project
from sessions_app.models import EndingState, Project, ProjectEnding, Role, User, UserKind
from tests.factories import (
    a_grant,
    a_group,
    a_person,
    a_policy,
    a_token_row,
    forget_roles,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)
from tests.portal.endings.scenes import (
    atlas_of,
    end_it,
    phoenix_of,
    resources_of,
    step,
    the_ending,
    walk_to_the_end,
)
from tests.portal.signed_in import browser_of, browser_with_factor, text_of
from tests.sessions_app.changes.test_end_project import a_wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User) -> Project:
    return phoenix_of(paula)


def test_the_manager_ends_the_project_in_four_steps_and_lands_on_its_progress(phoenix, paula, carlos):
    session = open_session(carlos)

    answer = end_it(browser_of(paula), phoenix, ticket="PRJ-7", note="the work is done")

    ending = the_ending()
    assert answer.headers["Location"] == f"/projects/phoenix/endings/{ending.pk}/"
    assert (ending.state, ending.ticket, ending.note) == (EndingState.DONE, "PRJ-7", "the work is done")
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_a_group_that_another_running_project_has_too_is_kept_and_that_is_said_before_and_on_the_receipt(
    phoenix, paula, ivan, carlos
):
    atlas = atlas_of(paula)
    atlas.groups.add(phoenix.groups.get())
    sentence = "Nobody leaves the group phoenix: Atlas has it too, and goes on."
    browser = browser_of(paula)

    assert sentence in text_of(browser.get("/projects/phoenix/end/"))
    end_it(browser, phoenix)
    Project.objects.filter(pk=atlas.pk).update(ended_at=timezone.now())

    receipt = the_ending().revocation.receipt
    assert sentence in text_of(browser_of(ivan).get(f"/revocations/{receipt}/"))
    assert carlos.memberships.filter(group__name="phoenix").exists()


def test_of_groups_that_are_left_nothing_is_said(phoenix, paula, ivan):
    atlas_of(paula)
    browser = browser_of(paula)

    assert "Nobody leaves the group" not in text_of(browser.get("/projects/phoenix/end/"))
    end_it(browser, phoenix)

    receipt = the_ending().revocation.receipt
    assert "Nobody leaves the group" not in text_of(browser_of(ivan).get(f"/revocations/{receipt}/"))


def test_the_preview_counts_what_would_end_and_names_what_goes_on(phoenix, paula, carlos, chen):
    atlas_of(paula)
    resources_of(phoenix)
    a_token_row(open_session(carlos), kind="refresh")
    open_session(chen)

    page = text_of(browser_of(paula).get("/projects/phoenix/end/"))

    assert '<span class="tally__number">2</span>' in page
    assert "Chen Wei</bdi></strong> <span>also works on Atlas." in page
    assert "1 in CI" not in page
    assert "3 in GitHub" in page
    assert "would stop: needs the deploy key phoenix-deploy" in page


def test_a_service_account_on_the_project_is_named_with_its_owner(phoenix, paula, ivan):
    a_group("phoenix", a_person("deployer", kind=UserKind.SERVICE, manager=ivan))

    page = text_of(browser_of(paula).get("/projects/phoenix/end/"))

    assert "would stop: service account. Owner: Ivan Petrov." in page


def test_looking_changes_nothing(phoenix, paula, carlos):
    session = open_session(carlos)

    walk_to_the_end(browser_of(paula), phoenix)

    assert not ProjectEnding.objects.exists()
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.ALLOWED


def test_going_back_shows_what_was_typed(phoenix, paula):
    browser = browser_of(paula)
    walk_to_the_end(browser, phoenix, ticket="PRJ-7", note="as agreed")

    page = text_of(browser.get("/projects/phoenix/end/why/"))

    assert 'value="PRJ-7"' in page
    assert "as agreed" in page


def test_nobody_reaches_the_last_question_without_the_others(phoenix, paula):
    answer = browser_of(paula).get("/projects/phoenix/end/end/")

    assert answer.headers["Location"] == "/projects/phoenix/end/"


def test_another_project_s_name_does_not_end_this_one(phoenix, paula):
    browser = browser_of(paula)
    browser.get("/projects/phoenix/end/")
    step(browser, phoenix, "when", choice="now")

    answer = step(browser, phoenix, "why", typed="Atlas")

    assert answer.status_code == 422
    assert "That is not the name of this project." in text_of(answer)


def test_the_name_may_be_typed_in_any_case_and_the_key_will_do(phoenix, paula):
    answer = end_it(browser_of(paula), phoenix, typed="  PHOENIX ")

    assert answer.status_code == 303
    assert the_ending().state == EndingState.DONE


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"choice": "later"}, "Say the day and the time."),
        ({"choice": "later", "day": "2020-01-01", "time": "18:00"}, "This moment has passed."),
        ({"choice": "later", "day": "9999-12-31", "time": "23:59"}, "This is no date of our time."),
        ({}, "Choose when."),
    ],
)
def test_a_moment_that_cannot_be_is_refused_with_a_reason(phoenix, paula, typed, said):
    browser = browser_of(paula)
    browser.get("/projects/phoenix/end/")

    answer = step(browser, phoenix, "when", **typed)

    assert answer.status_code == 422
    assert said in text_of(answer)


def test_a_moment_after_the_end_date_is_refused_because_the_date_comes_first(phoenix, paula):
    browser = browser_of(paula)
    browser.get("/projects/phoenix/end/")
    late = timezone.now() + timedelta(days=40)

    answer = step(browser, phoenix, "when", choice="later", day=f"{late:%Y-%m-%d}", time="18:00")

    assert "By then the project has ended by its own end date." in text_of(answer)


def test_a_later_moment_is_one_of_the_project_s_own_clocks(phoenix, paula, carlos):
    day = (timezone.now() + timedelta(days=3)).date()
    session = open_session(carlos)

    end_it(browser_of(paula), phoenix, choice="later", day=day.isoformat(), time="18:00")

    ending = the_ending()
    assert ending.state == EndingState.SCHEDULED
    assert (ending.due_at.hour, ending.due_at.date()) == (17, day)  # Madrid is an hour ahead in winter
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.ALLOWED


def test_people_who_came_since_end_too_and_the_progress_says_so(phoenix, paula):
    browser = browser_of(paula)
    walk_to_the_end(browser, phoenix)
    late = a_person("late")
    a_group("phoenix", late)
    session = open_session(late)

    answer = step(browser, phoenix, "end")

    page = text_of(browser.get(answer.headers["Location"]))
    assert verdict_on(token_for(late, session)).outcome == Outcome.REVOKED
    assert "1 person more than was shown." in page


def test_somebody_privileged_among_them_makes_it_another_deed_that_is_asked_again(phoenix, paula, carlos):
    browser = browser_of(paula)
    walk_to_the_end(browser, phoenix)
    a_grant(carlos, Role.SECURITY)
    forget_roles(carlos)

    answer = step(browser, phoenix, "end")

    assert answer.status_code == 409
    assert "An Admin or a member of Security is among them now." in text_of(answer)
    assert not ProjectEnding.objects.exists()


def test_the_second_browser_lands_on_what_the_first_began(phoenix, paula, ivan):
    second = browser_of(ivan)
    walk_to_the_end(second, phoenix)
    end_it(browser_of(paula), phoenix)

    answer = step(second, phoenix, "end")
    page = text_of(second.get(answer.headers["Location"]))

    assert answer.headers["Location"] == f"/projects/phoenix/endings/{the_ending().pk}/"
    assert "Already under way: Paula Reyes asked for it" in page


def test_ending_now_takes_the_place_of_what_was_scheduled(phoenix, paula):
    later = end_project(phoenix, a_wish(due_at=timezone.now() + timedelta(hours=3)), by=initiator_of(paula))
    browser = browser_of(paula)

    assert "has scheduled its end for" in text_of(browser.get("/projects/phoenix/end/"))
    end_it(browser, phoenix)

    later.refresh_from_db()
    assert later.state == EndingState.LAPSED
    assert phoenix.latest_ending.state == EndingState.DONE


def test_a_project_without_anybody_on_it_can_be_ended(paula, issuer):
    empty = phoenix_of(paula)

    answer = end_it(browser_of(paula), empty)

    assert answer.status_code == 303
    assert the_ending().state == EndingState.DONE


def test_somebody_else_s_project_does_not_exist(phoenix, issuer):
    other = a_person("petra", display_name="Petra Holm")
    a_grant(other, Role.PROJECT_MANAGER)
    browser = browser_of(other)

    answers = [
        browser.get("/projects/phoenix/end/").status_code,
        step(browser, phoenix, "when", choice="now").status_code,
        step(browser, phoenix, "end").status_code,
    ]

    assert answers == [404] * 3


def test_a_manager_without_the_role_any_more_ends_nothing(phoenix, carlos):
    Project.objects.update(manager=carlos)

    assert browser_of(carlos).get("/projects/phoenix/end/").status_code == 403


def test_a_step_that_does_not_exist_is_not_found(phoenix, paula):
    assert browser_of(paula).get("/projects/phoenix/end/nowhere/").status_code == 404


def test_what_one_person_may_not_end_alone_says_why(phoenix, paula):
    a_policy(people_alone=1, people_always_alone=0)

    page = text_of(browser_of(paula).get("/projects/phoenix/end/"))

    assert "Needs a second person" in page
    assert "2 people are more than the 1 one person may end alone." in page


def test_what_one_person_may_not_end_alone_is_asked_for_and_ends_once_approved(phoenix, paula, ivan, carlos):
    a_policy(people_alone=1, people_always_alone=0)
    session = open_session(carlos)

    end_it(browser_with_factor(paula), phoenix)

    ending = the_ending()
    assert ending.state == EndingState.WAITING
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.ALLOWED
    approve(ending.approval, by=initiator_of(ivan))
    ending.refresh_from_db()
    assert ending.state == EndingState.DONE
    assert ending.revocation.initiator_user == paula
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_what_became_too_much_for_one_person_since_it_was_looked_at_is_asked_again(phoenix, paula):
    browser = browser_of(paula)
    walk_to_the_end(browser, phoenix)
    a_policy(people_alone=1, people_always_alone=0)

    answer = step(browser, phoenix, "end")

    assert answer.status_code == 409
    assert "It has become more than one person may end alone." in text_of(answer)
    assert not ProjectEnding.objects.exists()


def test_the_last_click_asks_who_is_sitting_there_and_loses_nothing(phoenix, paula):
    browser = browser_of(paula, minutes_ago=11)
    walk_to_the_end(browser, phoenix, ticket="PRJ-7")

    answer = step(browser, phoenix, "end")

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    assert not ProjectEnding.objects.exists()
    assert "PRJ-7" in text_of(browser.get("/projects/phoenix/end/end/"))


def test_now_is_chosen_until_somebody_chooses_otherwise(phoenix, paula):
    browser = browser_of(paula)
    browser.get("/projects/phoenix/end/")

    page = text_of(browser.get("/projects/phoenix/end/when/"))

    assert '<input type="radio" name="choice" value="now" id="id_choice_0" required checked>' in page.replace(
        " checked required", " required checked"
    )
