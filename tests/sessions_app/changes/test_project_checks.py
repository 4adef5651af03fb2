"""Later checks of an ended project: after an hour, a day, a week and a month, however late the clock comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.initiators import the_clock
from audit.models import AuditEntry
from sessions_app.blacklist.keys import KeySpace
from sessions_app.changes import project_checks, project_scope
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.project_checks import (
    check_now,
    late_seconds,
    named,
    run_what_is_due,
)
from sessions_app.models import (
    CheckKind,
    Membership,
    Project,
    ProjectCheck,
    ProjectEnding,
    ProjectState,
    ResourceKind,
    Step,
    StepState,
    User,
    WaitingKind,
)
from sessions_app.notifications.waiting import waiting_for
from sessions_app.scheduled.clock import Clock
from tests.factories import (
    REALM,
    a_group,
    a_person,
    a_project,
    a_resource,
    identity_of,
    initiator_of,
    open_session,
)
from tests.redis_server import EmbeddedRedis

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]

ClockAt = Callable[[datetime], None]


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User) -> Project:
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=30), manager=paula)
    project.groups.add(a_group("phoenix"))
    atlas = a_project("atlas", ends_at=timezone.now() + timedelta(days=90), manager=paula)
    atlas.groups.add(a_group("atlas"))
    return project


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> ClockAt:
    """Let the checks take this moment for now; tokens and guards keep the real one."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(project_checks, "database_now", lambda: moment)
        monkeypatch.setattr(project_scope, "database_now", lambda: moment)

    return set_to


def ended(project: Project, by: User) -> ProjectEnding:
    return end_project(project, EndingWish(received_at=timezone.now()), by=initiator_of(by))


def run() -> int:
    return run_what_is_due(by=the_clock(), seconds=30)


def found_by(check: ProjectCheck) -> dict[str, Any]:
    check.refresh_from_db()
    return {key: check.found[key] for key in project_checks.FAULTS if check.found[key]}


def forget_in_redis(server: EmbeddedRedis, person: User) -> None:
    """As if somebody had taken the person's entry out of Redis by hand."""
    space = KeySpace("test")
    lookup = space.lookup(REALM, identity_of(person).person_id, None, None)
    with server.client() as client:
        client.delete(*lookup.keys[1:])


# --- When -----------------------------------------------------------------------------------------


def test_four_checks_are_planned_with_the_decision_and_none_runs_early(phoenix, paula):
    ending = ended(phoenix, paula)

    planned = {check.kind: check.due_at - ending.started_at for check in ending.checks.all()}

    assert planned == {
        CheckKind.AFTER_AN_HOUR: timedelta(hours=1),
        CheckKind.AFTER_A_DAY: timedelta(days=1),
        CheckKind.AFTER_A_WEEK: timedelta(days=7),
        CheckKind.AFTER_A_MONTH: timedelta(days=30),
    }
    assert run() == 0


def test_each_runs_once_when_its_moment_has_come(phoenix, paula, clock_at):
    ending = ended(phoenix, paula)
    clock_at(ending.started_at + timedelta(hours=1, seconds=2))

    assert [run(), run()] == [1, 0]

    check = ending.checks.get(kind=CheckKind.AFTER_AN_HOUR)
    assert (check.is_clean, late_seconds(check), check.found["people"]) == (True, 2, 2)
    entry = AuditEntry.objects.of_events("PJ-151").get()
    assert (entry.event_code, entry.project_key, entry.receipt) == (
        "PJ-151",
        "phoenix",
        ending.revocation.receipt,
    )
    assert entry.details["late_seconds"] == 2


def test_a_clock_that_was_down_for_weeks_runs_each_missed_check_once_and_says_how_late(
    phoenix, paula, clock_at
):
    ending = ended(phoenix, paula)
    clock_at(ending.started_at + timedelta(days=40))

    assert [run(), run()] == [4, 0]

    late = {check.kind: late_seconds(check) for check in ending.checks.all()}
    assert late == {
        CheckKind.AFTER_AN_HOUR: (40 * 24 - 1) * 3600,
        CheckKind.AFTER_A_DAY: 39 * 86_400,
        CheckKind.AFTER_A_WEEK: 33 * 86_400,
        CheckKind.AFTER_A_MONTH: 10 * 86_400,
    }
    assert AuditEntry.objects.of_events("PJ-151").count() == 4
    phoenix.refresh_from_db()
    assert phoenix.state == ProjectState.ENDED


def test_the_clock_does_it_by_itself(phoenix, paula, clock_at):
    ending = ended(phoenix, paula)
    clock_at(ending.started_at + timedelta(hours=2))
    clock = Clock()
    clock._leads_until = float("inf")

    clock.carry_on()

    assert ending.checks.exclude(done_at=None).count() == 1
    assert AuditEntry.objects.get(event_code="PJ-151").initiator_kind == "clock"


def test_a_project_ended_by_its_own_date_is_checked_as_well(phoenix, carlos):
    Project.objects.filter(pk=phoenix.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    clock = Clock()
    clock._leads_until = float("inf")

    clock.carry_on()

    assert ProjectCheck.objects.filter(ending__project=phoenix).count() == 4


# --- What is found --------------------------------------------------------------------------------


def test_an_entry_missing_in_redis_is_found_with_the_session_that_lives_by_it(
    phoenix, paula, ivan, chen, open_gate
):
    ending = ended(phoenix, paula)
    session = open_session(chen)
    assert check_now(ending, by=initiator_of(ivan)).is_clean
    forget_in_redis(open_gate, chen)

    check = check_now(ending, by=initiator_of(ivan))

    assert found_by(check) == {
        "not_refused": [str(chen.pk)],
        "alive": {str(chen.pk): [str(session.pk)]},
        "claims_accepted": [str(chen.pk)],
    }
    entry = AuditEntry.objects.get(event_code="PJ-151F")
    assert (entry.details["why"], entry.outcome) == ("alive", "failed")


def test_a_member_who_is_back_and_one_who_is_new_are_told_apart(phoenix, paula, ivan, carlos, otto):
    ending = ended(phoenix, paula)
    a_group("phoenix", carlos, otto)

    check = check_now(ending, by=initiator_of(ivan))

    assert found_by(check) == {"returned": {str(carlos.pk): ["phoenix"]}, "newcomers": [str(otto.pk)]}


def test_a_group_that_another_running_project_shares_is_nobodys_return(phoenix, paula, ivan, chen):
    phoenix.groups.add(a_group("atlas"))
    ending = ended(phoenix, paula)

    assert Membership.objects.filter(user=chen, group__name="atlas").exists()
    assert check_now(ending, by=initiator_of(ivan)).is_clean


def test_a_task_that_is_only_open_is_counted_and_an_overdue_one_is_an_exception(
    phoenix, paula, ivan, carlos, chen, clock_at
):
    a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/phoenix")
    ending = ended(phoenix, paula)
    first = check_now(ending, by=initiator_of(ivan))
    assert (first.is_clean, first.found["tasks_open"]) == (True, 2)
    Step.objects.filter(user=carlos, resource__isnull=False).update(state=StepState.DONE)

    clock_at(ending.started_at + timedelta(hours=25))
    second = check_now(ending, by=initiator_of(ivan))

    open_task = Step.objects.get(user=chen, resource__isnull=False)
    assert found_by(second) == {"tasks_overdue": [str(open_task.pk)]}


def test_a_session_begun_since_with_what_is_left_is_no_exception(phoenix, paula, ivan, chen):
    ending = ended(phoenix, paula)
    open_session(chen, began_at=timezone.now() + timedelta(seconds=2))

    assert check_now(ending, by=initiator_of(ivan)).is_clean


def test_where_no_old_token_can_be_alive_any_more_nothing_is_missing(phoenix, paula, clock_at):
    ending = ended(phoenix, paula)
    clock_at(ending.started_at + timedelta(days=31))

    run()

    last = ending.checks.get(kind=CheckKind.AFTER_A_MONTH)
    assert (last.is_clean, last.found["run_out"], last.found["asked"]) == (True, 2, 0)


def test_somebody_whose_sessions_stay_is_looked_at_for_the_groups_only(phoenix, paula, ivan, ada):
    a_group("phoenix", ada)
    open_session(ada)
    ending = ended(phoenix, paula)
    assert check_now(ending, by=initiator_of(ivan)).is_clean

    a_group("phoenix", ada)

    assert found_by(check_now(ending, by=initiator_of(ivan))) == {"returned": {str(ada.pk): ["phoenix"]}}


# --- What becomes of it ---------------------------------------------------------------------------


def test_what_one_check_found_is_not_hidden_by_a_clean_one_later(phoenix, paula, ivan, carlos):
    ending = ended(phoenix, paula)
    a_group("phoenix", carlos)
    check_now(ending, by=initiator_of(ivan))
    assert findings_waiting_for(ivan) == ["/projects/phoenix/report/"]
    Membership.objects.filter(user=carlos).delete()

    later = check_now(ending, by=initiator_of(ivan))

    phoenix.refresh_from_db()
    assert later.is_clean
    assert phoenix.state == ProjectState.ENDED_WITH_EXCEPTIONS
    assert findings_waiting_for(ivan) == []
    assert [entry.event_code for entry in AuditEntry.objects.of_events("PJ-151").order_by("id")] == [
        "PJ-151F",
        "PJ-151",
    ]


def findings_waiting_for(person: User) -> list[str]:
    found = waiting_for(person, now=timezone.now())
    return [each.path for each in found if each.kind == WaitingKind.FINDINGS]


# --- Half-way, twice, and without a blacklist -----------------------------------------------------


def test_a_check_that_stops_half_way_goes_on_where_it_stood(phoenix, paula, ivan, monkeypatch):
    monkeypatch.setattr(project_checks, "PEOPLE_AT_ONCE", 2)
    people = [a_person(f"p{number}") for number in range(5)]
    a_group("phoenix", *people)
    ending = ended(phoenix, paula)
    a_group("phoenix", people[0], people[4])
    check = ProjectCheck.objects.create(ending=ending, kind=CheckKind.ASKED_FOR, due_at=timezone.now())

    turns = [project_checks.carry_check_on(check, by=the_clock(), seconds=-1) for _turn in range(5)]

    check.refresh_from_db()
    assert turns == [False, False, False, False, True]
    assert check.found["people"] == 7
    assert set(check.found["returned"]) == {str(people[0].pk), str(people[4].pk)}


def test_two_clocks_at_one_check_count_nobody_twice(phoenix, paula):
    ending = ended(phoenix, paula)
    first = ProjectCheck.objects.create(ending=ending, kind=CheckKind.ASKED_FOR, due_at=timezone.now())
    second = ProjectCheck.objects.select_related("ending").get(pk=first.pk)

    project_checks.carry_check_on(first, by=the_clock(), seconds=30)
    project_checks.carry_check_on(second, by=the_clock(), seconds=30)

    assert first.found["people"] == second.found["people"] == 2
    assert AuditEntry.objects.of_events("PJ-151").count() == 1


def test_a_blacklist_that_does_not_answer_leaves_the_check_due(
    phoenix, paula, clock_at, redis_server: EmbeddedRedis
):
    ending = ended(phoenix, paula)
    clock_at(ending.started_at + timedelta(minutes=61))
    redis_server.freeze()

    while_frozen = run()

    redis_server.thaw()
    check = ending.checks.get(kind=CheckKind.AFTER_AN_HOUR)
    assert (while_frozen, check.done_at, check.is_clean, check.reached) == (0, None, None, None)
    assert not AuditEntry.objects.of_events("PJ-151").exists()


def test_whoever_asks_while_one_is_going_on_gets_that_one(phoenix, paula, ivan, sam):
    ending = ended(phoenix, paula)
    waiting = ProjectCheck.objects.create(ending=ending, kind=CheckKind.ASKED_FOR, due_at=timezone.now())

    assert check_now(ending, by=initiator_of(sam)) == waiting


def test_an_entry_names_the_first_of_very_many_and_counts_the_rest():
    found = {"newcomers": [str(number) for number in range(300)], "people": 300}

    kept = named(found)

    assert (len(kept["newcomers"]), kept["newcomers_count"], kept["people"]) == (200, 300, 300)
