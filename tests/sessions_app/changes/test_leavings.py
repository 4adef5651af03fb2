"""Scheduled leaving: at its moment and however late, once, cancelled until it begins, merged with what came first."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.initiators import the_clock
from audit.models import AuditEntry, AuditSubject
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes import leavings
from sessions_app.changes.errors import AccessIsOver, LeavingChanged, LeavingOver, ValuesRefused
from sessions_app.changes.leavings import (
    LeavingWish,
    cancel_leaving,
    let_people_leave,
    owner_of,
    schedule_leaving,
)
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.zones import ClockChange, LocalMoment, moment_of
from sessions_app.models import Leaving, LeavingState, Revocation, Role, RoleGrant, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import (
    ActingOnOneself,
    PrivilegedPerson,
    ReasonNotAllowed,
    TicketMalformed,
)
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_grant, a_person, initiator_of, open_session, token_for, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def in_(**span: float) -> LocalMoment:
    """The moment this long from now, said in Madrid."""
    return LocalMoment(at=timezone.now() + timedelta(**span), zone="Europe/Madrid", change=ClockChange.NONE)


def schedule(person: User, by: User, **wish: Any) -> Leaving:
    values = {"received_at": timezone.now(), "moment": in_(hours=2), **wish}
    return schedule_leaving(person, LeavingWish(**values), by=initiator_of(by))


def tick() -> int:
    return let_people_leave(by=the_clock())


def its_moment_came(leaving: Leaving, **ago: float) -> None:
    """As if no clock had run since."""
    Leaving.objects.filter(pk=leaving.pk).update(leaves_at=timezone.now() - timedelta(**ago))


def offboard(person: User, by: User) -> Revocation:
    return revoke(
        Order(
            initiator=initiator_of(by),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=person.pk),
            received_at=timezone.now(),
        )
    )


def codes() -> list[str]:
    return list(
        AuditEntry.objects.filter(event_code__startswith="LV")
        .order_by("id")
        .values_list("event_code", flat=True)
    )


# --- At its moment --------------------------------------------------------------------------------------


def test_access_lasts_until_the_moment_and_no_longer(hana, ines):
    session = open_session(ines)
    leaving = schedule(ines, hana, note="retires", ticket="HR-1")
    assert tick() == 0
    assert verdict_on(token_for(ines, session)).outcome == Outcome.ALLOWED

    its_moment_came(leaving, seconds=1)
    assert tick() == 1
    assert tick() == 0

    leaving.refresh_from_db()
    ines.refresh_from_db()
    assert leaving.state == LeavingState.DONE
    assert (leaving.revocation.initiator_kind, leaving.revocation.reason) == ("clock", Reason.OFFBOARDING)
    assert (leaving.revocation.note, leaving.revocation.ticket) == ("retires", "HR-1")
    assert verdict_on(token_for(ines, session)).outcome == Outcome.REVOKED
    assert not ines.is_active
    assert codes() == ["LV-101", "LV-104"]


def test_however_late_the_clock_is_the_person_leaves_and_the_receipt_says_since_when(hana, ines):
    leaving = schedule(ines, hana)
    its_moment_came(leaving, days=40)

    assert tick() == 1

    leaving.refresh_from_db()
    assert leaving.revocation.received_at == leaving.leaves_at
    assert leaving.revocation.decided_at - leaving.revocation.received_at > timedelta(days=39)


def test_who_scheduled_it_may_have_left_since(hana, ivan, ines):
    leaving = schedule(ines, hana)
    offboard(hana, ivan)
    its_moment_came(leaving, seconds=1)

    assert tick() == 1


def test_two_clocks_let_somebody_leave_once(hana, ines):
    its_moment_came(schedule(ines, hana), seconds=1)

    assert [tick(), tick()] == [1, 0]
    assert Revocation.objects.count() == 1


def test_the_moment_is_that_of_the_zone_it_was_said_in(one_clock, hana, ines):
    with time_machine.travel("2026-11-26T09:00:00Z", tick=False) as clock:
        moment = moment_of(date(2026, 11, 27), time(18), "America/New_York")
        leaving = schedule(ines, hana, moment=moment)

        clock.move_to("2026-11-27T22:59:59Z")
        assert tick() == 0
        clock.move_to("2026-11-27T23:00:00Z")
        assert tick() == 1

    assert leaving.leaves_at == datetime(2026, 11, 27, 23, tzinfo=UTC)
    assert f"{leaving.local:%H:%M}" == "18:00"


def test_of_an_hour_that_comes_twice_the_first_one_counts(one_clock, hana, ines):
    with time_machine.travel("2027-10-30T09:00:00Z", tick=False) as clock:
        schedule(
            ines,
            hana,
            moment=moment_of(date(2027, 10, 31), time(2, 30), "Europe/Madrid"),
        )

        clock.move_to("2027-10-31T00:29:59Z")
        assert tick() == 0
        clock.move_to("2027-10-31T00:30:00Z")
        assert tick() == 1


def test_one_that_fails_holds_up_nobody_else_and_is_visibly_stuck(hana, ines, otto, monkeypatch):
    first, second = schedule(ines, hana, moment=in_(hours=1)), schedule(otto, hana, moment=in_(hours=2))
    its_moment_came(first, hours=2)
    its_moment_came(second, hours=1)
    carry_out = leavings._carry_out
    monkeypatch.setattr(
        leavings, "_carry_out", lambda leaving, by: 1 / 0 if leaving == first else carry_out(leaving, by=by)
    )

    assert tick() == 1

    first.refresh_from_db()
    assert (first.is_stuck, owner_of(first)) == (True, Role.IT)
    assert "LV-104F" in codes()


# --- What is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", [{"seconds": -1}, {"days": -3}, {"days": 367}])
def test_a_moment_that_has_passed_or_is_more_than_a_year_away_is_refused(hana, ines, span):
    with pytest.raises(ValuesRefused, match="moment"):
        schedule(ines, hana, moment=in_(**span))

    assert not Leaving.objects.exists()


def test_a_ticket_is_a_reference_and_no_sentence(hana, ines):
    with pytest.raises(TicketMalformed):
        schedule(ines, hana, ticket="because she was rude")


def test_nobody_schedules_or_cancels_their_own_leaving(hana, ivan):
    with pytest.raises(ActingOnOneself):
        schedule(hana, hana)
    leaving = schedule(hana, ivan)
    with pytest.raises(ActingOnOneself):
        cancel_leaving(leaving, by=initiator_of(hana))

    leaving.refresh_from_db()
    assert leaving.is_open
    assert codes() == ["LV-101F", "LV-101", "LV-102F"]


@pytest.mark.parametrize("who", ["paula", "aude", "ada", "otto"])
def test_roles_that_do_not_end_access_schedule_nothing(request, who, ines):
    with pytest.raises(ReasonNotAllowed):
        schedule(ines, request.getfixturevalue(who))

    assert codes() == ["LV-101F"]


def test_only_security_schedules_the_leaving_of_somebody_privileged(hana, ivan, sam, ada):
    for who in (hana, ivan):
        with pytest.raises(PrivilegedPerson):
            schedule(ada, who)

    assert schedule(ada, sam).is_open


def test_whoever_may_not_sign_in_any_more_is_not_scheduled(hana, sam, ines):
    offboard(ines, sam)

    with pytest.raises(AccessIsOver):
        schedule(ines, hana)


# --- Once per person ------------------------------------------------------------------------------------


def test_the_second_of_two_clicks_finds_what_the_first_did(hana, ines):
    moment, at = in_(hours=2), timezone.now()

    first = schedule(ines, hana, moment=moment, received_at=at)

    assert schedule(ines, hana, moment=moment, received_at=at) == first
    assert codes() == ["LV-101"]


def test_somebody_who_has_not_seen_what_stands_does_not_replace_it(hana, ivan, ines):
    schedule(ines, hana)

    with pytest.raises(LeavingChanged):
        schedule(ines, ivan, moment=in_(hours=5))

    assert Leaving.objects.count() == 1


def test_changing_it_cancels_what_stood_and_schedules_anew(hana, ines):
    first = schedule(ines, hana)

    second = schedule(ines, hana, moment=in_(hours=5), instead_of=first.pk)

    first.refresh_from_db()
    assert (first.state, second.state) == (LeavingState.CANCELLED, LeavingState.SCHEDULED)
    assert codes() == ["LV-101", "LV-102", "LV-101"]
    its_moment_came(first, hours=1)
    assert tick() == 0


def test_the_database_keeps_a_second_open_one_out(hana, ines):
    leaving = schedule(ines, hana)
    leaving.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        leaving.save(force_insert=True)


# --- Cancelled ------------------------------------------------------------------------------------------


def test_a_cancelled_leaving_never_happens(hana, ines):
    leaving = schedule(ines, hana)

    cancel_leaving(leaving, by=initiator_of(hana))
    its_moment_came(leaving, hours=1)

    leaving.refresh_from_db()
    assert tick() == 0
    assert (leaving.state, leaving.cancelled_by) == (LeavingState.CANCELLED, hana)
    assert codes() == ["LV-101", "LV-102"]


def test_it_cannot_be_cancelled_once_its_moment_has_come(hana, ines):
    leaving = schedule(ines, hana)
    its_moment_came(leaving, seconds=1)
    with pytest.raises(LeavingOver):
        cancel_leaving(leaving, by=initiator_of(hana))

    tick()

    with pytest.raises(LeavingOver):
        cancel_leaving(leaving, by=initiator_of(hana))


# --- Merged with what came first ------------------------------------------------------------------------


def test_an_offboarding_that_came_earlier_overtakes_it_and_is_named(hana, ivan, ines):
    leaving = schedule(ines, hana)
    done = offboard(ines, ivan)

    tick()

    leaving.refresh_from_db()
    assert (leaving.state, leaving.revocation) == (LeavingState.OVERTAKEN, done)
    assert AuditEntry.objects.get(event_code="LV-103").receipt == done.receipt
    assert Revocation.objects.count() == 1


def test_an_offboarding_in_the_second_before_overtakes_it_as_well(hana, ivan, ines, monkeypatch):
    leaving = schedule(ines, hana)
    done = offboard(ines, ivan)
    its_moment_came(leaving, seconds=1)
    monkeypatch.setattr(leavings, "merge_with_what_came_first", lambda by: None)

    tick()

    leaving.refresh_from_db()
    assert (leaving.state, leaving.revocation) == (LeavingState.OVERTAKEN, done)


def test_ended_sessions_alone_overtake_nothing(hana, sam, ines):
    leaving = schedule(ines, hana)
    revoke(
        Order(
            initiator=initiator_of(sam),
            reason=Reason.SECURITY_INCIDENT,
            scope=OneUser(user_id=ines.pk),
            received_at=timezone.now(),
        )
    )
    its_moment_came(leaving, seconds=1)

    assert tick() == 1

    leaving.refresh_from_db()
    assert leaving.state == LeavingState.DONE


def test_whoever_is_let_in_again_before_the_moment_still_leaves_at_it(hana, ivan, ines):
    leaving = schedule(ines, hana)
    offboard(ines, ivan)
    tick()

    allow_sign_in_again(ines, by=initiator_of(ivan), reason="was the wrong person")
    tick()

    leaving.refresh_from_db()
    assert (leaving.state, leaving.revocation) == (LeavingState.SCHEDULED, None)
    assert codes() == ["LV-101", "LV-103", "LV-105"]
    its_moment_came(leaving, seconds=1)
    assert tick() == 1


def test_whoever_is_let_in_again_after_the_moment_stays(hana, ivan, ines):
    leaving = schedule(ines, hana)
    its_moment_came(leaving, seconds=1)
    tick()

    allow_sign_in_again(ines, by=initiator_of(ivan), reason="comes back")

    assert tick() == 0
    assert User.objects.get(pk=ines.pk).is_active


# --- Stuck ----------------------------------------------------------------------------------------------


def test_somebody_who_became_privileged_stays_visibly_stuck_with_security(hana, ines):
    leaving = schedule(ines, hana)
    a_grant(ines, Role.SECURITY)
    its_moment_came(leaving, seconds=1)

    assert [tick(), tick()] == [0, 0]

    leaving.refresh_from_db()
    entry = AuditEntry.objects.get(event_code="LV-104F")
    assert (leaving.is_stuck, leaving.stuck_because, owner_of(leaving)) == (
        True,
        PrivilegedPerson.code,
        Role.SECURITY,
    )
    assert (entry.details["why"], entry.details["owner"]) == ("privileged_person", "security")
    assert User.objects.get(pk=ines.pk).is_active


def test_a_stuck_one_is_tried_again_every_minute_and_goes_once_nothing_is_in_the_way(hana, ines):
    leaving = schedule(ines, hana)
    grant = a_grant(ines, Role.SECURITY)
    its_moment_came(leaving, seconds=1)
    tick()
    RoleGrant.objects.filter(pk=grant.pk).delete()
    assert tick() == 0

    Leaving.objects.update(tried_at=timezone.now() - timedelta(minutes=1))

    assert tick() == 1
    leaving.refresh_from_db()
    assert (leaving.state, leaving.stuck_because) == (LeavingState.DONE, "")


def test_being_stuck_is_one_entry_however_often_it_is_tried(hana, ines):
    leaving = schedule(ines, hana)
    a_grant(ines, Role.SECURITY)
    its_moment_came(leaving, seconds=1)
    tick()
    Leaving.objects.update(tried_at=timezone.now() - timedelta(minutes=1))

    tick()

    assert codes() == ["LV-101", "LV-104F"]


def test_a_stuck_one_can_be_taken_back_by_security_alone(hana, sam, ines):
    leaving = schedule(ines, hana)
    a_grant(ines, Role.SECURITY)
    its_moment_came(leaving, seconds=1)
    tick()
    with pytest.raises(PrivilegedPerson):
        cancel_leaving(leaving, by=initiator_of(hana))

    cancel_leaving(leaving, by=initiator_of(sam))

    leaving.refresh_from_db()
    assert leaving.state == LeavingState.CANCELLED


# --- The record -----------------------------------------------------------------------------------------


def test_the_note_stands_beside_its_entry_and_never_in_it(hana, ines):
    schedule(ines, hana, note="she has another offer")

    entry = AuditEntry.objects.get(event_code="LV-101")
    assert "another offer" not in str(entry.details)
    assert AuditSubject.objects.filter(kind="note", value="she has another offer").count() == 1


def test_nobody_sees_that_their_own_leaving_is_scheduled(hana, ivan):
    leaving = schedule(hana, ivan)
    everybody = {"through": {Role.HR, Role.IT, Role.SECURITY}, "own_through": set()}

    assert leaving not in Leaving.objects.visible_to(hana, **everybody)
    assert leaving in Leaving.objects.visible_to(ivan, **everybody)


def test_a_population_sees_only_the_leavings_of_its_own_people(ivan, ines):
    leaving = schedule(ines, ivan)
    narrow = a_person("narrow")
    a_grant(narrow, Role.IT, population_kind="country", population_value="NO")

    assert leaving not in Leaving.objects.visible_to(narrow, through={Role.IT}, own_through=set())
