"""What waits for whom: in the right zone, for whoever may see to it, and for IT where nobody else is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from sessions_app.changes.approvals import ask
from sessions_app.changes.blast_radius import Why
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.leavings import LeavingWish, let_people_leave, schedule_leaving
from sessions_app.changes.wrong_person import give_back, say_wrong_person
from sessions_app.changes.zones import ClockChange, LocalMoment
from sessions_app.models import (
    Approval,
    ApprovalKind,
    CheckKind,
    Correction,
    Leaving,
    Project,
    ProjectCheck,
    ResourceKind,
    Role,
    RoleGrant,
    Step,
    User,
    WaitingKind,
)
from sessions_app.models.reasons import Reason
from sessions_app.notifications.waiting import Waiting, waiting_for
from sessions_app.notifications.words import sentence_of, title_of
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_grant, a_group, a_person, a_project, a_resource, forget_roles, initiator_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def of_kind(kind: WaitingKind, person: User, *, now: datetime | None = None) -> list[Waiting]:
    forget_roles(person)
    found = waiting_for(User.objects.get(pk=person.pk), now=now or timezone.now())
    return [waiting for waiting in found if waiting.kind == kind]


def schedule(person: User, by: User, *, zone: str = "UTC", **span: float) -> Leaving:
    at = timezone.now() + timedelta(**span)
    moment = LocalMoment(at=at, zone=zone, change=ClockChange.NONE)
    return schedule_leaving(
        person, LeavingWish(received_at=timezone.now(), moment=moment), by=initiator_of(by)
    )


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    """Ends on 10 December at 00:30 in Madrid, which is still the 9th in UTC."""
    ends_at = datetime(2026, 12, 9, 23, 30, tzinfo=UTC)
    project = a_project("phoenix", ends_at=ends_at, time_zone="Europe/Madrid", manager=paula)
    project.groups.add(a_group("phoenix"))
    return project


# --- Projects that end ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-25T22:59:00Z", []),
        ("2026-11-25T23:00:00Z", ["Project Phoenix ends in 14 days"]),
        ("2026-12-06T22:59:00Z", ["Project Phoenix ends in 4 days"]),
        ("2026-12-06T23:00:00Z", ["Project Phoenix ends in 3 days"]),
        ("2026-12-08T23:00:00Z", ["Project Phoenix ends in 1 day"]),
        ("2026-12-09T23:10:00Z", ["Project Phoenix ends today"]),
        ("2026-12-09T23:30:00Z", []),
    ],
)
def test_days_are_counted_in_the_project_s_own_zone(phoenix, paula, now, said):
    assert [
        title_of(each) for each in of_kind(WaitingKind.PROJECT_ENDS, paula, now=datetime.fromisoformat(now))
    ] == said


def test_each_stage_is_a_reminder_of_its_own_and_the_days_between_are_none(phoenix, paula):
    days = [datetime(2026, 12, day, 12, tzinfo=UTC) for day in (1, 2, 6, 7, 8, 9)]

    names = [of_kind(WaitingKind.PROJECT_ENDS, paula, now=day)[0].about for day in days]

    assert [name.rpartition(":")[2] for name in names] == ["14", "14", "14", "3", "3", "1"]
    assert len({name.rpartition(":")[0] for name in names}) == 1


def test_a_deputy_is_reminded_as_well_and_nobody_else(phoenix, paula, ivan, sam, hana):
    deputy = a_person("dora")
    a_grant(deputy, Role.PROJECT_MANAGER)
    phoenix.deputies.add(deputy)
    now = datetime(2026, 12, 8, 12, tzinfo=UTC)

    reminded = [
        each for each in (paula, deputy, ivan, sam, hana) if of_kind(WaitingKind.PROJECT_ENDS, each, now=now)
    ]

    assert reminded == [paula, deputy]


def test_it_takes_over_once_the_manager_and_every_deputy_have_left(phoenix, paula, ivan):
    deputy = a_person("dora")
    a_grant(deputy, Role.PROJECT_MANAGER)
    phoenix.deputies.add(deputy)
    now = datetime(2026, 12, 8, 12, tzinfo=UTC)

    User.objects.filter(pk=paula.pk).update(sign_in_blocked_at=now)
    with_deputy = [bool(of_kind(WaitingKind.PROJECT_ENDS, each, now=now)) for each in (paula, deputy, ivan)]
    RoleGrant.objects.filter(user=deputy).delete()
    without = [bool(of_kind(WaitingKind.PROJECT_ENDS, each, now=now)) for each in (paula, deputy, ivan)]

    assert with_deputy == [False, True, False]
    assert without == [False, False, True]


def test_it_for_one_country_does_not_take_over_and_it_for_the_project_does(phoenix, paula):
    abroad, here = a_person("abroad"), a_person("here")
    a_grant(abroad, Role.IT, population_kind="country", population_value="DE")
    a_grant(here, Role.IT, population_kind="project", population_value="phoenix")
    RoleGrant.objects.filter(user=paula).delete()
    now = datetime(2026, 12, 8, 12, tzinfo=UTC)

    assert [len(of_kind(WaitingKind.PROJECT_ENDS, each, now=now)) for each in (abroad, here)] == [0, 1]


def test_a_project_that_has_ended_reminds_nobody(phoenix, paula):
    now = datetime(2026, 12, 8, 12, tzinfo=UTC)
    Project.objects.filter(pk=phoenix.pk).update(ended_at=now)

    assert of_kind(WaitingKind.PROJECT_ENDS, paula, now=now) == []


# --- Tasks, checks, second persons ----------------------------------------------------------------------


@pytest.fixture
def ended(paula: User, carlos: User) -> Any:
    """Phoenix has ended, and two things are to be taken away by hand."""
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=30), manager=paula)
    project.groups.add(a_group("phoenix"))
    a_resource(project, kind=ResourceKind.GITHUB_TEAM, name="phoenix")
    a_resource(project, kind=ResourceKind.DEPLOY_KEY, name="phoenix-api")
    return end_project(project, EndingWish(received_at=timezone.now()), by=initiator_of(paula))


def test_tasks_wait_for_it_in_one_line_per_receipt_and_turn_overdue(ended, ivan, paula, hana):
    (waiting,) = of_kind(WaitingKind.TASKS, ivan)
    (late,) = of_kind(WaitingKind.TASKS, ivan, now=timezone.now() + timedelta(days=2))

    assert title_of(waiting) == "2 tasks to do by hand: Phoenix"
    assert title_of(late) == "2 tasks are overdue: Phoenix"
    assert (waiting.is_late, late.is_late) == (False, True)
    assert waiting.matter == late.matter
    assert waiting.about != late.about
    assert of_kind(WaitingKind.TASKS, paula) == of_kind(WaitingKind.TASKS, hana) == []


def test_tasks_that_are_done_wait_for_nobody(ended, ivan):
    Step.objects.update(state="done")

    assert of_kind(WaitingKind.TASKS, ivan) == []


def test_what_the_newest_check_found_waits_for_the_manager_it_and_security(
    ended, paula, ivan, sam, hana, aude
):
    ProjectCheck.objects.filter(kind=CheckKind.AFTER_AN_HOUR).update(is_clean=False, done_at=timezone.now())

    told = [each for each in (paula, ivan, sam, hana, aude) if of_kind(WaitingKind.FINDINGS, each)]
    ProjectCheck.objects.filter(kind=CheckKind.AFTER_A_DAY).update(
        is_clean=True, done_at=timezone.now() + timedelta(seconds=1)
    )

    assert told == [paula, ivan, sam]
    assert of_kind(WaitingKind.FINDINGS, ivan) == []


def test_what_needs_a_second_person_waits_for_those_who_may_be_it(ivan, sam, hana, aude, ines):
    ask(
        ApprovalKind.TERMINATE,
        request={"reason": str(Reason.OFFBOARDING)},
        people=1,
        sessions=0,
        why=[Why.PRIVILEGED],
        person=ines,
        by=initiator_of(sam),
    )

    told = [each for each in (ivan, sam, hana, aude, ines) if of_kind(WaitingKind.APPROVAL, each)]

    assert told == [ivan, hana]
    Approval.objects.update(expires_at=timezone.now())
    assert of_kind(WaitingKind.APPROVAL, ivan) == []


# --- Leavings -------------------------------------------------------------------------------------------


def test_hr_and_whoever_scheduled_it_see_that_somebody_leaves_today(one_clock, hana, ivan, sam, ines, otto):
    with time_machine.travel("2026-11-26T09:00:00Z", tick=False):
        schedule(ines, ivan, hours=5)
        schedule(otto, ivan, hours=30)

        (waiting,) = of_kind(WaitingKind.LEAVES_TODAY, hana)

        assert waiting.count == 1
        assert of_kind(WaitingKind.LEAVES_TODAY, ivan)
        assert of_kind(WaitingKind.LEAVES_TODAY, sam) == []


def test_today_is_the_day_it_is_where_the_person_works(one_clock, hana, ines):
    with time_machine.travel("2026-11-26T22:00:00Z", tick=False):
        schedule(ines, hana, zone="Asia/Tokyo", hours=3)  # 10:00 there, where it is the 27th already

        assert of_kind(WaitingKind.LEAVES_TODAY, hana)

    with time_machine.travel("2026-11-26T22:00:00Z", tick=False):
        Leaving.objects.update(time_zone="UTC")

        assert of_kind(WaitingKind.LEAVES_TODAY, hana) == []


def test_nobody_is_told_of_their_own_leaving(hana, ivan):
    schedule(hana, ivan, hours=1)

    assert of_kind(WaitingKind.LEAVES_TODAY, hana) == []


def test_a_stuck_leaving_waits_for_security_and_whoever_scheduled_it_and_names_nobody(hana, ivan, sam, ines):
    leaving = schedule(ines, hana, hours=1)
    a_grant(ines, Role.SECURITY)
    Leaving.objects.filter(pk=leaving.pk).update(leaves_at=timezone.now() - timedelta(seconds=1))
    let_people_leave(by=the_clock())

    told = [each for each in (hana, ivan, sam, ines) if of_kind(WaitingKind.LEAVING_STUCK, each)]
    (waiting,) = of_kind(WaitingKind.LEAVING_STUCK, sam)

    assert told == [hana, sam]
    assert waiting.path == f"/people/{ines.pk}/"
    assert "Ines" not in sentence_of(waiting)
    assert sentence_of(waiting).startswith("Somebody should have left and still has access. The moment was")


# --- In general -----------------------------------------------------------------------------------------


def test_nothing_waits_for_somebody_who_has_left(phoenix, paula):
    User.objects.filter(pk=paula.pk).update(sign_in_blocked_at=timezone.now())

    assert waiting_for(User.objects.get(pk=paula.pk), now=datetime(2026, 12, 8, tzinfo=UTC)) == []


def test_nothing_waits_for_somebody_without_a_role(ended, otto):
    assert waiting_for(otto, now=timezone.now()) == []


# --- The wrong person -------------------------------------------------------------------------------


def said_of(user: User, by: User) -> Correction:
    ended = revoke(
        Order(
            initiator=the_shell(),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=user.pk),
            received_at=timezone.now(),
        )
    )
    return say_wrong_person(ended, user, by=initiator_of(by), why="the other one was meant")


def test_a_receipt_that_met_the_wrong_person_waits_for_it_and_security_until_one_decides(
    hana, ivan, sam, aude, ines
):
    correction = said_of(ines, hana)

    asked = [bool(of_kind(WaitingKind.WRONG_PERSON, reader)) for reader in (ivan, sam, hana, aude)]
    assert asked == [True, True, False, False]
    (line,) = of_kind(WaitingKind.WRONG_PERSON, ivan)
    assert line.path == f"/revocations/{correction.revocation.receipt}/"
    assert "Ines" not in sentence_of(line)

    give_back(correction, by=initiator_of(ivan))

    assert of_kind(WaitingKind.WRONG_PERSON, sam) == []


def test_of_a_privileged_person_it_waits_for_security_alone(hana, ivan, sam, ada):
    other = a_person("alma")
    a_grant(other, Role.ADMIN)
    said_of(other, hana)

    assert of_kind(WaitingKind.WRONG_PERSON, ivan) == []
    assert len(of_kind(WaitingKind.WRONG_PERSON, sam)) == 1


def test_it_does_not_wait_for_the_person_it_is_about(hana, ivan, sam):
    said_of(ivan, hana)

    assert of_kind(WaitingKind.WRONG_PERSON, ivan) == []
    assert len(of_kind(WaitingKind.WRONG_PERSON, sam)) == 1
