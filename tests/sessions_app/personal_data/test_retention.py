"""Addresses, tallies and sightings of strangers go when their time is over; what belongs to a receipt stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry, LeaverList
from portal.environment import MailServer
from sessions_app.changes.end_project import end_project
from sessions_app.changes.steps import mark_done
from sessions_app.models import (
    Attempt,
    Notice,
    PointTally,
    ReportQuota,
    Revocation,
    Session,
    UnmatchedSighting,
    User,
    WaitingKind,
)
from sessions_app.models.reasons import Reason
from sessions_app.notifications.notices import queue_notices
from sessions_app.personal_data.holds import Case, open_hold, release_hold
from sessions_app.personal_data.retention import forget_what_is_old
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneSession, Order
from tests.factories import a_realm, an_enforcement_point, initiator_of, open_session
from tests.portal.endings.scenes import phoenix_of, resources_of
from tests.sessions_app.changes.test_end_project import a_wish

pytestmark = pytest.mark.django_db


def an_attempt(user: User, *, days_ago: int, receipt: str = "CF-0000000001") -> Attempt:
    at = timezone.now() - timedelta(days=days_ago)
    return Attempt.objects.create(
        fingerprint=f"{receipt}-{days_ago}",
        receipt=receipt,
        user=user,
        where="wiki",
        cause="user_blocked",
        address="203.0.113.9",
        first_at=at,
        last_at=at,
    )


def addresses() -> dict[str, str | None]:
    return dict(Attempt.objects.values_list("fingerprint", "address"))


def test_the_address_of_an_attempt_goes_after_24_months_and_the_attempt_stays(ines: User):
    an_attempt(ines, days_ago=731)
    an_attempt(ines, days_ago=729)

    forget_what_is_old(by=the_clock())

    assert addresses() == {"CF-0000000001-731": None, "CF-0000000001-729": "203.0.113.9"}


def test_what_belongs_to_no_revocation_keeps_its_address_for_90_days(ines: User):
    an_attempt(ines, days_ago=91, receipt="")
    an_attempt(ines, days_ago=89, receipt="")

    forget_what_is_old(by=the_clock())

    assert addresses() == {"-91": None, "-89": "203.0.113.9"}


def test_tallies_and_strangers_are_deleted_after_90_days_and_quotas_after_a_week():
    point, realm, now = an_enforcement_point(), a_realm(), timezone.now()
    for days in (91, 89):
        at = now - timedelta(days=days)
        PointTally.objects.create(point=point, hour=at, outcome="allowed", last_at=at)
        stranger = UnmatchedSighting.objects.create(realm=realm, person_id=f"stranger-{days}")
        UnmatchedSighting.objects.filter(pk=stranger.pk).update(last_seen_at=at)
    ReportQuota.objects.create(reporter="cfm_1", kind="session", day=(now - timedelta(days=9)).date())
    ReportQuota.objects.create(reporter="cfm_1", kind="session", day=now.date())

    forget_what_is_old(by=the_clock())

    assert PointTally.objects.get().hour == at
    assert UnmatchedSighting.objects.get().person_id == "stranger-89"
    assert ReportQuota.objects.get().day == now.date()


def a_session_over(user: User, *, days_ago: int) -> Session:
    """It reached its own end so many days ago."""
    session = open_session(user)
    Session.objects.filter(pk=session.pk).update(expires_at=timezone.now() - timedelta(days=days_ago))
    return session


def origin_of(session: Session) -> tuple[str | None, str, str, str]:
    session.refresh_from_db()
    return session.address, session.user_agent, session.device_id, session.place


def an_ended_session(user: User, *, by: User, days_ago: int) -> Session:
    """A revocation ended it so many days ago."""
    session = open_session(user)
    revoke(
        Order(
            initiator=initiator_of(by),
            reason=Reason.LOST_DEVICE,
            scope=OneSession(session_id=session.pk),
            received_at=timezone.now(),
        )
    )
    then = timezone.now() - timedelta(days=days_ago)
    Session.objects.filter(pk=session.pk).update(ended_at=then)
    return session


NOTHING = (None, "", "", "")


def test_where_a_session_came_from_goes_90_days_after_it_was_over_and_the_session_stays(ines: User):
    old, young, live = (
        a_session_over(ines, days_ago=91),
        a_session_over(ines, days_ago=89),
        open_session(ines),
    )

    forget_what_is_old(by=the_clock())

    assert origin_of(old) == NOTHING
    assert NOTHING not in (origin_of(young), origin_of(live))
    assert Session.objects.count() == 3


@pytest.mark.usefixtures("open_gate")
def test_what_a_revocation_ended_keeps_where_it_came_from_for_24_months(ines: User, sam: User):
    kept, gone = (an_ended_session(ines, by=sam, days_ago=days) for days in (700, 731))

    forget_what_is_old(by=the_clock())

    assert origin_of(kept) != NOTHING
    assert origin_of(gone) == NOTHING


def test_what_went_is_one_entry_of_the_clock_that_says_how_much(ines: User):
    a_session_over(ines, days_ago=91)
    an_attempt(ines, days_ago=731)

    forget_what_is_old(by=the_clock())
    forget_what_is_old(by=the_clock())

    entry = AuditEntry.objects.get(event_code="PD-103")
    assert entry.details == {"count": 2, "of": {"session_origins": 1, "attempt_addresses": 1}}
    assert entry.initiator_kind == "clock"


def a_list_of_leavers(*, days_ago: int) -> LeaverList:
    at = timezone.now() - timedelta(days=days_ago)
    return LeaverList.objects.create(
        first_day=at.date(),
        last_day=at.date(),
        source="Workday",
        query="Leavers",
        allowed_hours=24,
        content=b"username,left_on\n",
        sha256="0" * 64,
        rows=0,
        bad_rows=0,
        received_at=at,
    )


def test_a_list_of_leavers_goes_after_24_months_unless_a_hold_on_anybody_stands(
    ines: User, ada: User, sam: User
):
    a_list_of_leavers(days_ago=731)
    young = a_list_of_leavers(days_ago=729)
    review_on = timezone.now().date() + timedelta(days=30)
    hold = open_hold(
        ines,
        Case(name="HR-1", owner=sam, reason="Dispute about notice", review_on=review_on),
        by=initiator_of(ada),
    )

    forget_what_is_old(by=the_clock())
    held = LeaverList.objects.count()
    release_hold(hold, reason="settled out of court", by=initiator_of(sam))
    forget_what_is_old(by=the_clock())

    assert held == 2
    assert LeaverList.objects.get() == young


def test_a_legal_hold_keeps_everything_of_one_person_and_nothing_of_anybody_else(
    ines: User, carlos: User, ada: User, sam: User
):
    hers, his = a_session_over(ines, days_ago=91), a_session_over(carlos, days_ago=91)
    an_attempt(ines, days_ago=731)
    case = Case(
        name="HR-2026-7",
        owner=sam,
        reason="Dispute about the notice",
        review_on=timezone.now().date() + timedelta(days=30),
    )
    hold = open_hold(ines, case, by=initiator_of(ada))

    forget_what_is_old(by=the_clock())
    held = origin_of(hers)
    release_hold(hold, reason="settled out of court", by=initiator_of(sam))
    forget_what_is_old(by=the_clock())

    assert held != NOTHING
    assert origin_of(his) == origin_of(hers) == NOTHING
    assert set(addresses().values()) == {None}


# --- Reminders by mail ------------------------------------------------------------------------------


def a_notice(person: User, about: str, *, days_ago: int, **fields: object) -> Notice:
    at = timezone.now() - timedelta(days=days_ago)
    usual = {"kind": WaitingKind.PROJECT_ENDS, "queued_at": at, "next_try_at": at, "sent_at": at}
    return Notice.objects.create(recipient=person, about=about, **{**usual, **fields})


def reminders() -> set[str]:
    return set(Notice.objects.values_list("about", flat=True))


def test_a_reminder_is_forgotten_90_days_after_it_was_to_be_sent_whatever_became_of_it(paula: User):
    a_notice(paula, "sent:1", days_ago=91)
    a_notice(paula, "given up:1", days_ago=91, sent_at=None, closed_at=timezone.now())
    a_notice(paula, "never tried:1", days_ago=91, sent_at=None)
    a_notice(paula, "young:1", days_ago=89)

    forget_what_is_old(by=the_clock())

    assert reminders() == {"young:1"}
    assert AuditEntry.objects.get(event_code="PD-103").details["of"] == {"notices": 3}


@pytest.mark.usefixtures("open_gate")
def test_what_still_waits_is_not_forgotten_so_nobody_is_reminded_of_it_twice(
    paula: User, ivan: User, carlos: User, settings: Settings
):
    settings.MAIL_SERVER = MailServer(host="mail.northwind.example", port=587)
    ending = the_end_of_phoenix(paula)
    queue_notices()
    ivans = Notice.objects.get(recipient=ivan, kind=WaitingKind.TASKS)
    a_notice(ivan, "helios:1", days_ago=91)
    then = timezone.now() - timedelta(days=120)
    Notice.objects.filter(pk=ivans.pk).update(queued_at=then, sent_at=then)

    forget_what_is_old(by=the_clock())
    again = queue_notices()
    kept = reminders()
    mark_done(
        [step.pk for step in ending.steps.filter(is_manual=True)], evidence="seen there", by=the_shell()
    )
    forget_what_is_old(by=the_clock())

    assert (again, ivans.about in kept, "helios:1" in kept) == (0, True, False)
    assert ivans.about not in reminders()


def test_a_legal_hold_on_the_recipient_keeps_their_reminders(paula: User, ada: User, sam: User, ivan: User):
    review_on = timezone.now().date() + timedelta(days=30)
    open_hold(
        paula,
        Case(name="HR-2", owner=sam, reason="Dispute about bonus", review_on=review_on),
        by=initiator_of(ada),
    )
    a_notice(paula, "held:1", days_ago=400)
    a_notice(ivan, "free:1", days_ago=400)

    forget_what_is_old(by=the_clock())

    assert reminders() == {"held:1"}


def the_end_of_phoenix(paula: User) -> Revocation:
    """Its tasks wait for IT."""
    phoenix = phoenix_of(paula)
    resources_of(phoenix)
    revocation = end_project(phoenix, a_wish(), by=initiator_of(paula)).revocation
    assert revocation is not None
    return revocation
