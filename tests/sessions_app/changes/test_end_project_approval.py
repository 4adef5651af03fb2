"""Ending a project with a second person: approved now or for later, declined, lapsed, overtaken by its end date."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry
from audit.receipts import stamp
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approvals import approve, close_what_was_overtaken, decline, lapse_what_is_old
from sessions_app.changes.end_project import end_project
from sessions_app.changes.end_project_approval import ask_to_end
from sessions_app.changes.errors import ApprovalOver, EndingScheduled, ProjectOver
from sessions_app.changes.project_end_dates import EndWish, ask_to_move_end
from sessions_app.models import (
    Approval,
    ApprovalState,
    EndingState,
    Project,
    ProjectEnding,
    Revocation,
    User,
    WaitingKind,
)
from sessions_app.notifications.waiting import waiting_for
from tests.factories import a_policy, initiator_of, open_session, token_for, verdict_on
from tests.portal.endings.scenes import atlas_of, phoenix_of
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

    with pytest.raises(ApprovalOver):
        approve(ending.approval, by=initiator_of(ivan))

    ending.refresh_from_db()
    assert ending.state == EndingState.LAPSED
    assert Revocation.objects.count() == 1


def test_what_the_end_date_overtook_is_closed_with_it_and_nobody_is_asked_any_more(phoenix, paula, ivan):
    asked(phoenix, paula)
    before = [each.kind for each in waiting_for(ivan, now=timezone.now())]
    Project.objects.update(ends_at=timezone.now() - timedelta(seconds=1))

    tick()

    approval = Approval.objects.get()
    phoenix.refresh_from_db()
    entry = AuditEntry.objects.get(event_code="AP-106")
    assert (approval.state, approval.decided_by) == (ApprovalState.OVERTAKEN, None)
    assert (entry.initiator_kind, entry.target_id) == ("clock", str(phoenix.pk))
    assert entry.details["ended_at"] == stamp(phoenix.ended_at)
    after = [each.kind for each in waiting_for(ivan, now=timezone.now())]
    assert (WaitingKind.APPROVAL in before, WaitingKind.APPROVAL in after) == (True, False)
    assert not AuditEntry.objects.filter(event_code="AP-105").exists()


def test_another_end_date_that_waits_is_overtaken_too_and_another_project_s_request_waits_on(
    phoenix, paula, ivan
):
    atlas = asked(atlas_of(paula), paula).approval
    wish = EndWish(
        ends_at=phoenix.ends_at + timedelta(days=300), reason="rollout is late", received_at=timezone.now()
    )
    sooner = EndWish(
        ends_at=timezone.now() + timedelta(days=1), reason="moved to march", received_at=timezone.now()
    )
    moved = [ask_to_move_end(phoenix, each, by=initiator_of(paula)) for each in (wish, sooner)]

    end_project(phoenix, a_wish(), by=initiator_of(ivan))

    atlas.refresh_from_db()
    states = Approval.objects.filter(pk__in=[each.pk for each in moved]).values_list("state", flat=True)
    assert list(states) == [ApprovalState.OVERTAKEN] * 2
    assert atlas.state == ApprovalState.WAITING


def test_what_nobody_approved_in_time_was_not_overtaken(phoenix, paula):
    asked(phoenix, paula)
    Approval.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    end_project(phoenix, a_wish(), by=the_shell())
    lapse_what_is_old(by=the_clock())

    assert Approval.objects.get().state == ApprovalState.LAPSED


def test_whoever_held_it_while_the_project_ended_comes_too_late_and_the_clock_closes_it(phoenix, paula, ivan):
    ending = asked(phoenix, paula)
    Project.objects.update(ended_at=timezone.now())  # by somebody who could not wait for whoever was deciding

    with pytest.raises(ProjectOver):
        approve(ending.approval, by=initiator_of(ivan))
    close_what_was_overtaken(by=the_clock())
    close_what_was_overtaken(by=the_clock())

    assert Approval.objects.get().state == ApprovalState.OVERTAKEN
    assert ProjectEnding.objects.get().state == EndingState.LAPSED
    assert AuditEntry.objects.filter(event_code="AP-106").count() == 1


def test_its_own_approval_is_not_overtaken_by_the_end_it_leads_to(phoenix, paula, ivan):
    ending = asked(phoenix, paula)

    approve(ending.approval, by=initiator_of(ivan))

    assert Approval.objects.get().state == ApprovalState.APPROVED


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
    assert Approval.objects.get().state == ApprovalState.OVERTAKEN
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_members_who_came_while_it_waited_end_too_and_are_news(phoenix, paula, ivan, chen):
    phoenix.groups.first().members.remove(chen)
    ending = asked(phoenix, paula, seen={"people": [], "sessions": 0})
    phoenix.groups.first().members.add(chen)

    approve(ending.approval, by=initiator_of(ivan))

    ending.refresh_from_db()
    assert str(chen.pk) in ending.news["came"]
