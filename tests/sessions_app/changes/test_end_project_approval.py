"""Ending a project with a second person: approved now or for later, declined, lapsed, overtaken by its end date."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approvals import approve, decline, lapse_what_is_old
from sessions_app.changes.end_project import end_project
from sessions_app.changes.end_project_approval import ask_to_end
from sessions_app.changes.errors import EndingScheduled, ProjectOver
from sessions_app.models import Approval, EndingState, Project, ProjectEnding, Revocation, User
from tests.factories import a_policy, initiator_of, open_session, token_for, verdict_on
from tests.portal.endings.scenes import phoenix_of
from tests.sessions_app.changes.test_end_project import a_wish, tick

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    return phoenix_of(paula)


@pytest.fixture(autouse=True)
def _one_alone_is_too_few(issuer: object) -> None:
    a_policy(people_alone=100, people_always_alone=0, staff_percent_alone=1)


def asked(project: Project, by: User, **fields: object) -> ProjectEnding:
    return ask_to_end(project, a_wish(**fields), by=initiator_of(by))


def test_it_ends_with_the_approval_under_the_name_of_whoever_asked(phoenix, paula, ivan, carlos):
    session = open_session(carlos)
    ending = asked(phoenix, paula)
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.ALLOWED

    approve(ending.approval, by=initiator_of(ivan))

    ending.refresh_from_db()
    assert (ending.state, ending.revocation.initiator_user) == (EndingState.DONE, paula)
    assert Approval.objects.get().revocation == ending.revocation
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_for_a_moment_to_come_it_is_scheduled_once_it_is_approved(phoenix, paula, ivan, carlos):
    session = open_session(carlos)
    ending = asked(phoenix, paula, due_at=timezone.now() + timedelta(hours=2))

    approve(ending.approval, by=initiator_of(ivan))

    ending.refresh_from_db()
    assert ending.state == EndingState.SCHEDULED
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.ALLOWED
    ProjectEnding.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert tick() == 1
    ending.refresh_from_db()
    assert ending.state == EndingState.DONE
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_a_moment_that_passed_while_it_waited_is_now(phoenix, paula, ivan):
    ending = asked(phoenix, paula, due_at=timezone.now() + timedelta(hours=2))
    ProjectEnding.objects.update(due_at=timezone.now() - timedelta(minutes=1))

    approve(ending.approval, by=initiator_of(ivan))

    ending.refresh_from_db()
    assert ending.state == EndingState.DONE


def test_declined_it_lapses_and_can_be_asked_for_again(phoenix, paula, ivan):
    ending = asked(phoenix, paula)

    decline(ending.approval, by=initiator_of(ivan), note="not before Friday")

    ending.refresh_from_db()
    assert ending.state == EndingState.LAPSED
    assert asked(phoenix, paula).state == EndingState.WAITING


def test_nobody_approved_in_time_and_the_project_goes_on(phoenix, paula):
    ending = asked(phoenix, paula)
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    lapse_what_is_old(by=the_clock())

    ending.refresh_from_db()
    phoenix.refresh_from_db()
    assert ending.state == EndingState.LAPSED
    assert phoenix.ended_at is None


def test_the_second_who_asks_is_answered_with_what_waits(phoenix, paula, ivan):
    first = asked(phoenix, paula)

    assert asked(phoenix, ivan) == first
    assert Approval.objects.count() == 1


def test_the_end_date_overtakes_what_waits_and_an_approval_comes_too_late(phoenix, paula, ivan):
    ending = asked(phoenix, paula)
    Project.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    tick()

    with pytest.raises(ProjectOver):
        approve(ending.approval, by=initiator_of(ivan))

    ending.refresh_from_db()
    assert ending.state == EndingState.LAPSED
    assert Revocation.objects.count() == 1


def test_what_is_scheduled_stays_while_somebody_wants_another_moment(phoenix, paula):
    scheduled = end_project(
        phoenix, a_wish(due_at=timezone.now() + timedelta(hours=3)), by=initiator_of(paula)
    )

    with pytest.raises(EndingScheduled):
        asked(phoenix, paula)

    scheduled.refresh_from_db()
    assert scheduled.state == EndingState.SCHEDULED


def test_the_server_s_own_shell_waits_for_nobody(phoenix, paula, carlos):
    session = open_session(carlos)
    waiting = asked(phoenix, paula)

    ending = end_project(phoenix, a_wish(), by=the_shell())

    waiting.refresh_from_db()
    assert (waiting.state, ending.state) == (EndingState.LAPSED, EndingState.DONE)
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_members_who_came_while_it_waited_end_too_and_are_news(phoenix, paula, ivan, chen):
    phoenix.groups.first().members.remove(chen)
    ending = asked(phoenix, paula, seen={"people": [], "sessions": 0})
    phoenix.groups.first().members.add(chen)

    approve(ending.approval, by=initiator_of(ivan))

    ending.refresh_from_db()
    assert str(chen.pk) in ending.news["came"]
