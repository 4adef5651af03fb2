"""Settings say whether reminders go out by mail, and what the server answered when they do not."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import Settings

from portal.environment import MailServer
from sessions_app.models import Notice, User, WaitingKind
from sessions_app.notifications.notices import NEEDLESS
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


@pytest.fixture
def server(settings: Settings) -> MailServer:
    settings.MAIL_FROM = "Curfew <curfew@northwind.example>"
    settings.MAIL_SERVER = MailServer(
        host="mail.northwind.example", port=587, user="curfew", password="hunter2"
    )
    return settings.MAIL_SERVER


def a_notice(person: User, about: str, **fields: object) -> Notice:
    now = timezone.now()
    usual = {"kind": WaitingKind.PROJECT_ENDS, "queued_at": now, "next_try_at": now}
    return Notice.objects.create(recipient=person, about=about, **{**usual, **fields})


def test_without_a_server_it_says_where_reminders_stand(ada):
    assert "so reminders stand in the portal only" in text_of(browser_of(ada).get("/settings/"))


def test_what_goes_out_is_counted_and_no_password_is_shown(ada, paula, server):
    a_notice(paula, "phoenix:1:14", sent_at=timezone.now())
    a_notice(paula, "phoenix:1:3", closed_at=timezone.now(), last_error=NEEDLESS)

    page = text_of(browser_of(ada).get("/settings/"))

    assert (
        "Reminders go out as Curfew &lt;curfew@northwind.example&gt; through mail.northwind.example:587: 1 in 7 days."
        in page
    )
    assert "could not be delivered" not in page
    assert "hunter2" not in page


def test_what_the_server_answered_is_said_and_how_much_waits(ada, paula, server):
    a_notice(paula, "phoenix:1:14", last_error="SMTPAuthenticationError 535")
    a_notice(paula, "phoenix:1:3", closed_at=timezone.now(), last_error="SMTPRecipientsRefused 550")

    page = text_of(browser_of(ada).get("/settings/"))

    assert "did not take mail: SMTPAuthenticationError 535. 1 reminder waits and is tried again." in page
    assert "1 could not be delivered, the last one because of: SMTPRecipientsRefused 550." in page


def test_who_does_not_see_the_configuration_does_not_see_it(aude, server):
    assert "mail.northwind.example" not in text_of(browser_of(aude).get("/settings/"))


def test_the_page_of_personal_data_says_how_long_a_reminder_is_kept(ada):
    page = text_of(browser_of(ada).get("/settings/personal-data/"))

    assert "to remind people once of what waits for them" in page
    assert "90 days after it was to be sent, longer while what it is about still waits for the person" in page
