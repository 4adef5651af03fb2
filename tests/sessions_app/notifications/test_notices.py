"""Reminders by mail, against a real SMTP server: each once, nobody's name in it, no failure hidden or lasting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from audit.initiators import the_clock
from portal.environment import MailServer
from sessions_app.changes.leavings import LeavingWish, let_people_leave, schedule_leaving
from sessions_app.changes.zones import ClockChange, LocalMoment
from sessions_app.models import Leaving, Notice, Project, Role, RoleGrant, User, WaitingKind
from sessions_app.notifications import mail
from sessions_app.notifications.notices import (
    GIVEN_UP_AFTER,
    NEEDLESS,
    _claim,
    queue_notices,
    send_notices,
)
from sessions_app.revocation.health import CLOCK_LEASE
from sessions_app.scheduled.clock import Clock
from sessions_app.scheduled.lease import give_back
from tests.factories import a_grant, a_project, initiator_of
from tests.smtp_server import MailBox, running_mail_server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def box(settings: Settings) -> Iterator[MailBox]:
    """A server of this test's own, which this installation was told of."""
    with running_mail_server() as running:
        settings.MAIL_FROM = "Curfew <curfew@northwind.example>"
        settings.MAIL_SERVER = MailServer(host="127.0.0.1", port=running.port)
        settings.BASE_URL = "https://curfew.northwind.example"
        yield running


@pytest.fixture
def phoenix(paula: User) -> Project:
    """Ends in two days."""
    return a_project("phoenix", ends_at=timezone.now() + timedelta(days=2), manager=paula)


def remind() -> int:
    queue_notices()
    return send_notices(seconds=30)


def the_pause_is_over() -> None:
    Notice.objects.open().update(next_try_at=timezone.now())


def subjects(box: MailBox) -> list[str]:
    return [str(received.message["Subject"]) for received in box.received]


# --- What goes out --------------------------------------------------------------------------------------


def test_a_manager_is_reminded_once_with_a_link_to_the_project(box, phoenix, paula):
    assert remind() == 1
    assert remind() == 0

    (received,) = box.received
    assert (received.sender, received.to) == ("curfew@northwind.example", ["paula@northwind.example"])
    assert str(received.message["Subject"]) == "Curfew: Project Phoenix ends in 2 days"
    assert received.message.get_content_type() == "text/plain"
    assert "https://curfew.northwind.example/projects/phoenix/" in received.body
    assert Notice.objects.get().sent_at is not None


def test_each_stage_goes_out_once_and_missed_ones_collapse_into_the_newest(one_clock, box, paula):
    a_project("phoenix", ends_at=datetime(2026, 12, 10, 17, tzinfo=UTC), manager=paula)

    with time_machine.travel("2026-11-20T12:00:00Z", tick=False) as clock:
        remind()
        clock.move_to("2026-12-08T12:00:00Z")  # nobody sent anything at 14 days, nor at 3
        remind()
        clock.move_to("2026-12-09T12:00:00Z")
        remind()
        clock.move_to("2026-12-09T18:00:00Z")
        remind()

    assert subjects(box) == [
        "Curfew: Project Phoenix ends in 2 days",
        "Curfew: Project Phoenix ends in 1 day",
    ]


def test_an_extended_project_reminds_anew(box, phoenix, paula):
    remind()
    Project.objects.update(ends_at=timezone.now() + timedelta(days=13))

    remind()

    assert subjects(box)[1] == "Curfew: Project Phoenix ends in 13 days"


def test_one_that_could_not_be_sent_gives_way_to_a_newer_one_of_the_same_matter(one_clock, box, paula):
    a_project("phoenix", ends_at=datetime(2026, 12, 10, 17, tzinfo=UTC), manager=paula)
    with time_machine.travel("2026-12-01T12:00:00Z", tick=False) as clock:
        queue_notices()
        clock.move_to("2026-12-08T12:00:00Z")
        remind()

    assert subjects(box) == ["Curfew: Project Phoenix ends in 2 days"]
    assert [each.last_error for each in Notice.objects.order_by("pk")] == [NEEDLESS, ""]


def test_no_name_of_whoever_leaves_stands_in_subject_or_body(box, hana, sam, ines):
    moment = LocalMoment(at=timezone.now() + timedelta(minutes=5), zone="UTC", change=ClockChange.NONE)
    wish = LeavingWish(received_at=timezone.now(), moment=moment, note="she does not know yet")
    leaving = schedule_leaving(ines, wish, by=initiator_of(hana))
    a_grant(ines, Role.SECURITY)
    Leaving.objects.filter(pk=leaving.pk).update(leaves_at=timezone.now() - timedelta(seconds=1))
    let_people_leave(by=the_clock())

    remind()

    written = "".join(f"{received.message['Subject']}{received.body}" for received in box.received)
    assert {to for received in box.received for to in received.to} == {
        "hana@northwind.example",
        "sam@northwind.example",
    }
    assert "Somebody should have left and still has access" in written
    assert f"/people/{ines.pk}/" in written
    assert not [word for word in ("Ines", "Almeida", "does not know") if word in written]


def test_a_project_s_name_cannot_write_headers_of_its_own(box, paula):
    ends_at = timezone.now() + timedelta(days=2)
    a_project("phoenix", ends_at=ends_at, manager=paula, name="Phoenix\r\nBcc: everybody@elsewhere.example")

    remind()

    (received,) = box.received
    assert received.to == ["paula@northwind.example"]
    assert received.message["Bcc"] is None


def test_the_server_is_signed_in_to_where_it_was_given_a_password(box, settings, phoenix):
    settings.MAIL_SERVER = MailServer(host="127.0.0.1", port=box.port, user="curfew", password="hunter2:@")

    remind()

    assert box.signed_in == ["curfew:hunter2:@"]


# --- What does not go out -------------------------------------------------------------------------------


def test_without_a_server_nothing_is_queued(phoenix, settings):
    settings.MAIL_SERVER = None

    assert remind() == 0
    assert not Notice.objects.exists()


def test_what_is_done_meanwhile_is_not_sent(box, phoenix):
    queue_notices()
    Project.objects.update(ended_at=timezone.now())

    assert send_notices(seconds=30) == 0
    assert box.received == []
    assert Notice.objects.get().last_error == NEEDLESS


def test_whoever_lost_the_role_or_left_is_not_written_to(box, phoenix, paula, ivan):
    queue_notices()
    RoleGrant.objects.filter(user=paula).delete()

    assert send_notices(seconds=30) == 0
    assert remind() == 1
    assert box.received[0].to == ["ivan@northwind.example"]


def test_nobody_without_an_address_is_queued(box, phoenix, paula):
    User.objects.filter(pk=paula.pk).update(email="")

    assert remind() == 0
    assert not Notice.objects.exists()


# --- When it fails --------------------------------------------------------------------------------------


def test_while_the_server_is_away_it_is_asked_once_a_minute_and_then_everything_goes_out(
    box, settings, phoenix, paula
):
    a_project("atlas", ends_at=timezone.now() + timedelta(days=1), manager=paula)
    settings.MAIL_SERVER = MailServer(host="127.0.0.1", port=1)

    assert remind() == 0

    errors = set(Notice.objects.values_list("last_error", flat=True))
    assert errors == {"ConnectionRefusedError"}
    assert not Notice.objects.due(timezone.now()).exists()
    settings.MAIL_SERVER = MailServer(host="127.0.0.1", port=box.port)
    the_pause_is_over()
    assert remind() == 2
    assert set(Notice.objects.values_list("last_error", flat=True)) == {""}


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_it_may(box, monkeypatch, phoenix):
    box.is_silent = True
    monkeypatch.setattr(mail, "SECONDS", 0.3)

    began = time.monotonic()

    assert remind() == 0

    assert time.monotonic() - began < 10
    assert Notice.objects.get().last_error == "SMTPServerDisconnected"


def test_a_server_that_hangs_up_in_the_middle_gets_it_again(box, phoenix):
    box.hangs_up_on_data = True
    remind()
    assert Notice.objects.get().last_error.startswith("SMTPServerDisconnected")

    box.hangs_up_on_data = False
    the_pause_is_over()

    assert remind() == 1
    assert len(box.received) == 1


def test_an_address_that_is_refused_holds_up_nobody_else_and_is_not_tried_again(box, phoenix, paula, ivan):
    a_project("orphan", ends_at=timezone.now() + timedelta(days=1))
    box.refuses["paula@northwind.example"] = 550

    assert remind() == 1

    refused = Notice.objects.get(recipient=paula)
    assert (refused.last_error, refused.sent_at) == ("SMTPRecipientsRefused 550", None)
    assert refused.closed_at is not None
    assert box.received[0].to == ["ivan@northwind.example"]


def test_an_address_that_is_refused_for_now_is_tried_again_with_growing_pauses(box, phoenix):
    box.refuses["paula@northwind.example"] = 450
    pauses = []
    for _try in range(3):
        remind()
        pauses.append(Notice.objects.get().next_try_at - timezone.now())
        the_pause_is_over()

    box.refuses.clear()

    assert remind() == 1
    assert [round(pause / timedelta(minutes=1)) for pause in pauses] == [1, 2, 4]


def test_what_could_not_be_sent_for_days_is_given_up(box, phoenix):
    box.refuses["paula@northwind.example"] = 450
    queue_notices()
    Notice.objects.update(queued_at=timezone.now() - GIVEN_UP_AFTER - timedelta(minutes=1))

    send_notices(seconds=30)

    assert Notice.objects.get().closed_at is not None


def test_two_clocks_send_it_once(box, phoenix):
    queue_notices()
    first, second = Notice.objects.get(), Notice.objects.get()

    assert [_claim(first), _claim(second)] == [True, False]


def test_a_mail_server_that_fails_stops_no_beat_of_the_clock(box, phoenix):
    box.hangs_up_on_data = True
    give_back(CLOCK_LEASE, holder="tests")
    clock = Clock()

    assert clock.beat()
    assert clock.send_mail() == 0
    assert clock.beat()
    assert box.connections == 1


def test_a_clock_that_does_not_lead_sends_nothing(box, phoenix):
    assert Clock().send_mail() == 0
    assert box.connections == 0


def test_no_address_and_no_text_of_a_mail_is_kept(box, phoenix, paula):
    remind()

    kept = " ".join(str(value) for value in Notice.objects.values_list().get())
    assert "paula@" not in kept
    assert Notice.objects.get().kind == WaitingKind.PROJECT_ENDS
