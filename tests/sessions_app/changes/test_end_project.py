"""End Project: now, at a moment, by its own end date; once, whoever asks and however late the clock is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import InitiatorKind, the_clock
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.blast_radius import Why, why_not_alone
from sessions_app.changes.end_project import (
    EndingWish,
    cancel_ending,
    end_project,
    end_what_is_due,
    settle_endings,
)
from sessions_app.changes.errors import EndingOver, ValuesRefused
from sessions_app.changes.project_preview import news_since, preview_of, reach_of
from sessions_app.models import EndingState, Project, ProjectEnding, ProjectState, Revocation, User
from sessions_app.revocation import many
from sessions_app.revocation.errors import ReasonNotAllowed
from tests.factories import (
    a_group,
    a_person,
    a_project,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=30), manager=paula)
    project.groups.add(a_group("phoenix"))
    return project


def a_wish(**fields: object) -> EndingWish:
    return EndingWish(**{"received_at": timezone.now(), **fields})


def end(project: Project, by: User, **fields: object) -> ProjectEnding:
    return end_project(project, a_wish(**fields), by=initiator_of(by))


def tick() -> int:
    """One turn of what the clock does about projects."""
    begun = end_what_is_due(by=the_clock())
    many.carry_on_all(by=the_clock(), seconds=30)
    settle_endings()
    return begun


def test_ending_a_project_now_carries_it_out_and_the_project_has_ended(phoenix, paula, carlos):
    session = open_session(carlos)

    ending = end(phoenix, paula)

    phoenix.refresh_from_db()
    assert ending.state == EndingState.DONE
    assert phoenix.state == ProjectState.ENDED
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_the_second_of_two_browsers_finds_what_the_first_did(phoenix, paula, ivan):
    first = end(phoenix, paula)

    second = end(phoenix, ivan)

    assert second == first
    assert Revocation.objects.count() == 1


def test_an_ending_for_later_waits_for_its_moment_and_then_the_clock_does_it(phoenix, paula, carlos):
    session = open_session(carlos)
    ending = end(phoenix, paula, due_at=timezone.now() + timedelta(hours=2))
    assert ending.state == EndingState.SCHEDULED
    assert tick() == 0
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.ALLOWED

    ProjectEnding.objects.update(
        due_at=timezone.now() - timedelta(days=3)
    )  # as if no clock had run meanwhile
    assert tick() == 1

    ending.refresh_from_db()
    assert ending.state == EndingState.DONE
    assert ending.revocation.initiator_kind == "clock"
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_a_moment_that_has_passed_is_now(phoenix, paula):
    assert end(phoenix, paula, due_at=timezone.now() - timedelta(hours=1)).state == EndingState.DONE


def test_a_moment_more_than_a_year_ahead_is_refused(phoenix, paula):
    with pytest.raises(ValuesRefused):
        end(phoenix, paula, due_at=timezone.now() + timedelta(days=400))


def test_an_order_for_now_overtakes_one_for_later(phoenix, paula):
    later = end(phoenix, paula, due_at=timezone.now() + timedelta(hours=2))

    now = end(phoenix, paula)

    later.refresh_from_db()
    assert (later.state, now.state) == (EndingState.LAPSED, EndingState.DONE)


def test_a_scheduled_ending_is_cancelled_until_it_begins(phoenix, paula):
    later = end(phoenix, paula, due_at=timezone.now() + timedelta(hours=2))

    cancel_ending(later, by=initiator_of(paula))

    later.refresh_from_db()
    phoenix.refresh_from_db()
    assert later.state == EndingState.CANCELLED
    assert phoenix.state == ProjectState.RUNNING
    done = end(phoenix, paula)
    with pytest.raises(EndingOver):
        cancel_ending(done, by=initiator_of(paula))


def test_the_end_date_ends_the_project_without_any_click(phoenix, carlos):
    session = open_session(carlos)
    Project.objects.filter(pk=phoenix.pk).update(ends_at=timezone.now() - timedelta(seconds=1))

    assert tick() == 1
    assert tick() == 0

    phoenix.refresh_from_db()
    assert phoenix.state == ProjectState.ENDED
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED
    assert AuditEntry.objects.get(event_code="RV-107").initiator_kind == "clock"


def test_somebody_elses_project_is_not_ended_and_the_attempt_is_recorded(phoenix, hana, carlos):
    with pytest.raises(ReasonNotAllowed):
        end(phoenix, hana)

    phoenix.refresh_from_db()
    assert phoenix.ended_at is None
    assert not ProjectEnding.objects.exists()
    assert AuditEntry.objects.filter(event_code="RV-112F").count() == 1


def test_what_changed_since_the_preview_is_kept_and_holds_nothing_up(phoenix, paula, carlos):
    seen = preview_of(phoenix, by=initiator_of(paula)).as_json()
    late = a_person("late")
    a_group("phoenix", late)
    open_session(late)

    ending = end(phoenix, paula, seen=seen)

    assert ending.state == EndingState.DONE
    assert ending.news["came"] == [str(late.pk)]
    assert ending.news["sessions"] == {"seen": 0, "found": 1}
    assert ending.revocation.more_than_seen == 1


def test_nothing_is_news_where_nothing_changed(phoenix, paula):
    preview = preview_of(phoenix, by=initiator_of(paula))

    assert news_since(preview.as_json(), preview_of(phoenix, by=initiator_of(paula))) == {}
    assert preview.fingerprint == preview_of(phoenix, by=initiator_of(paula)).fingerprint


def test_more_people_than_the_policy_lets_one_end_alone_take_a_second_person(phoenix, paula):
    a_group("phoenix", *[a_person(f"p{number}") for number in range(30)])

    why = why_not_alone(reach_of(preview_of(phoenix, by=initiator_of(paula))), InitiatorKind.USER)

    assert why == [Why.MANY_PEOPLE, Why.SHARE_OF_STAFF]


def test_a_privileged_member_takes_a_second_person(phoenix, paula, ada):
    a_group("phoenix", ada)

    reach = reach_of(preview_of(phoenix, by=initiator_of(paula)))
    assert why_not_alone(reach, InitiatorKind.USER) == [Why.PRIVILEGED]


def test_two_clocks_end_it_once(phoenix, carlos):
    Project.objects.filter(pk=phoenix.pk).update(ends_at=timezone.now() - timedelta(days=40))

    assert [tick(), tick()] == [1, 0]

    assert ProjectEnding.objects.count() == 1


def test_the_trail_keeps_for_good_who_asked_what_was_seen_and_when_it_is_looked_at_again(
    phoenix, paula, carlos
):
    seen = preview_of(phoenix, by=initiator_of(paula)).as_json()
    late = a_person("late")
    a_group("phoenix", late)

    ending = end(phoenix, paula, seen=seen)

    entry = AuditEntry.objects.get(event_code="PJ-150")
    assert (entry.receipt, entry.project_key) == (ending.revocation.receipt, "phoenix")
    assert entry.details["asked_by"] == {"kind": "user", "id": str(paula.pk), "door": "page"}
    assert entry.details["seen"]["people"] == 1
    assert entry.details["news"]["came"] == [str(late.pk)]
    assert set(entry.details["checks"]) == {"1_hour", "1_day", "7_days", "30_days"}


def test_whoever_asked_is_named_although_the_clock_began_it(phoenix, paula):
    end(phoenix, paula, due_at=timezone.now() + timedelta(hours=2))
    ProjectEnding.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    tick()

    entry = AuditEntry.objects.get(event_code="PJ-150")
    assert entry.initiator_kind == "clock"
    assert entry.details["asked_by"]["id"] == str(paula.pk)
