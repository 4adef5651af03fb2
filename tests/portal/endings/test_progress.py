"""The progress of an ending: clocks, people by systems, taking it back, trying again."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.http import HttpResponse
from django.utils import timezone

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.end_project import end_project
from sessions_app.models import EndingState, Project, ProjectEnding, Revocation, Role, Step, StepState, User
from sessions_app.revocation import publishing
from tests.factories import a_grant, a_group, a_person, initiator_of, open_session
from tests.portal.endings.scenes import atlas_of, phoenix_of, resources_of
from tests.portal.signed_in import HTMX, browser_of, text_of
from tests.sessions_app.changes.test_end_project import a_wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User) -> Project:
    phoenix = phoenix_of(paula)
    resources_of(phoenix)
    return phoenix


def ended(project: Project, by: User, **fields: object) -> ProjectEnding:
    return end_project(project, a_wish(**fields), by=initiator_of(by))


def address(ending: ProjectEnding, rest: str = "") -> str:
    return f"/projects/phoenix/endings/{ending.pk}/{rest}"


def names_in(answer: HttpResponse) -> list[str]:
    """Of the rows of the grid."""
    return [row.name for row in answer.context["page"].rows]


def test_everybody_stands_in_the_grid_with_what_became_of_it_in_each_system(phoenix, paula, carlos):
    atlas_of(paula)
    open_session(carlos)
    ending = ended(phoenix, paula)

    page = text_of(browser_of(paula).get(address(ending)))

    assert "Phoenix has ended" in page
    assert 'Chen Wei</bdi><span class="second">keeps Atlas</span>' in page
    assert 'Carlos Vega</bdi><span class="second">lost sign-in</span>' in page
    assert page.count("<span>cut off</span>") == 2
    assert page.count("<span>to do</span>") == 2
    assert "deploy key phoenix-deploy" in page


def test_only_those_who_are_not_done_yet_can_be_shown(phoenix, paula, carlos, chen):
    ending = ended(phoenix, paula)
    Step.objects.filter(user=carlos).update(state=StepState.DONE)

    answer = browser_of(paula).get(address(ending, "?show=open"))

    assert names_in(answer) == ["Chen Wei"]


def test_what_failed_and_what_is_overdue_can_be_shown_alone(phoenix, paula, carlos, chen):
    ending = ended(phoenix, paula)
    Step.objects.filter(user=carlos, is_manual=True).update(state=StepState.FAILED)
    Step.objects.filter(user=chen, is_manual=True).update(due_at=timezone.now() - timedelta(hours=1))
    browser = browser_of(paula)

    failed = browser.get(address(ending, "?show=failed"))
    overdue = browser.get(address(ending, "?show=overdue"))

    assert names_in(failed) == ["Carlos Vega"]
    assert names_in(overdue) == ["Chen Wei"]


def test_the_page_stops_asking_once_nothing_is_left_to_wait_for(phoenix, paula):
    ending = ended(phoenix, paula)
    browser = browser_of(paula)
    before = text_of(browser.get(address(ending), headers=HTMX))
    Step.objects.update(state=StepState.DONE, done_at=timezone.now())

    after = text_of(browser.get(address(ending), headers=HTMX))

    assert 'hx-trigger="every 15s"' in before
    assert "hx-trigger" not in after
    assert "every task is done" in after


def test_while_the_blacklist_is_away_the_page_says_so_and_trying_now_finishes_it(phoenix, paula, carlos):
    open_session(carlos)
    with patch.object(publishing, "publish_entries", side_effect=BlacklistUnavailable("nobody")):
        ending = ended(phoenix, paula)
    browser = browser_of(paula)

    page = text_of(browser.get(address(ending)))
    browser.post(address(ending, "retry/"))

    ending.refresh_from_db()
    assert "Phoenix is ending" in page
    assert "NOT YET CUT OFF" in page
    assert 'hx-trigger="every 2s"' in page
    assert ending.state == EndingState.DONE
    assert Revocation.objects.get().cut_off_at is not None


def test_a_scheduled_ending_is_cancelled_after_a_question(phoenix, paula):
    ending = ended(phoenix, paula, due_at=timezone.now() + timedelta(hours=3))
    browser = browser_of(paula)

    question = text_of(browser.get(address(ending, "cancel/"), headers=HTMX))
    answer = browser.post(address(ending, "cancel/"))
    page = text_of(browser.get(address(ending)))

    ending.refresh_from_db()
    assert "Cancel the end of Phoenix?" in question
    assert answer.status_code == 303
    assert ending.state == EndingState.CANCELLED
    assert "The end of Phoenix was cancelled" in page


def test_what_has_begun_is_not_cancelled(phoenix, paula):
    ending = ended(phoenix, paula)
    browser = browser_of(paula)

    assert browser.get(address(ending, "cancel/")).status_code == 409
    assert browser.post(address(ending, "cancel/")).status_code == 409


def test_somebody_else_s_ending_does_not_exist_at_any_address(phoenix, paula):
    ending = ended(phoenix, paula, due_at=timezone.now() + timedelta(hours=3))
    other = a_person("petra", display_name="Petra Holm")
    a_grant(other, Role.PROJECT_MANAGER)
    browser = browser_of(other)

    answers = [
        browser.get(address(ending)).status_code,
        browser.get(address(ending), headers=HTMX).status_code,
        browser.get(address(ending, "cancel/")).status_code,
        browser.post(address(ending, "cancel/")).status_code,
        browser.post(address(ending, "retry/")).status_code,
    ]

    ending.refresh_from_db()
    assert answers == [404] * 5
    assert ending.state == EndingState.SCHEDULED


def test_an_ending_under_another_project_s_address_does_not_exist(phoenix, paula):
    atlas_of(paula)
    ending = ended(phoenix, paula)

    assert browser_of(paula).get(f"/projects/atlas/endings/{ending.pk}/").status_code == 404


def test_the_auditor_reads_and_can_press_nothing(phoenix, paula, aude):
    ending = ended(phoenix, paula, due_at=timezone.now() + timedelta(hours=3))
    browser = browser_of(aude)

    page = text_of(browser.get(address(ending)))

    assert "The end of Phoenix is scheduled" in page
    assert "Cancel this end" not in page
    assert browser.post(address(ending, "cancel/")).status_code == 403


def test_it_for_some_people_only_reaches_no_whole_project(phoenix, paula):
    ending = ended(phoenix, paula)
    narrow = a_person("mina", display_name="Mina Holt")
    a_grant(narrow, Role.IT, population_kind="country", population_value="ES")

    assert browser_of(narrow).get(address(ending)).status_code == 404


def test_a_role_for_exactly_this_project_reaches_it(phoenix, paula):
    ending = ended(phoenix, paula)
    narrow = a_person("mina", display_name="Mina Holt")
    a_grant(narrow, Role.IT, population_kind="project", population_value="phoenix")

    assert browser_of(narrow).get(address(ending)).status_code == 200


def test_a_thousand_people_take_pages_of_fifty_and_few_look_ups(
    phoenix, paula, django_assert_max_num_queries
):
    a_group("phoenix", *[a_person(f"p{number:03}") for number in range(120)])
    ending = ended(phoenix, paula)
    browser = browser_of(paula)
    browser.get(address(ending))

    with django_assert_max_num_queries(60):
        page = text_of(browser.get(address(ending, "?page=2")))

    assert "51–100 of 122" in page
