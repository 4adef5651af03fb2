"""The window of time that always holds, chips that take a part away, menus that add one."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from audit.events import Events
from audit.initiators import the_shell
from audit.record import Target, record
from portal.presenters.audit_filter import AuditQuestion
from sessions_app.models import User
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def asked(reader: User, address: str) -> AuditQuestion:
    return AuditQuestion.read(reader, QueryDict(address))


def chips(question: AuditQuestion) -> list[tuple[str, str, str]]:
    return [(chip.key, chip.value, chip.remove_url) for chip in question.chips_on]


def something_long_ago(about: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=40)), transaction.atomic():
        record(
            Events.USER_TERMINATED,
            initiator=the_shell(),
            target=Target.of(about, label=about.display_name),
            reason="offboarding",
            receipt="CF-0123456789",
            sessions_ended=1,
        )


def test_without_a_time_the_last_thirty_days_hold_and_a_chip_says_so(sam: User, ines: User):
    something_long_ago(ines)

    page = text_of(browser_of(sam).get("/audit/?q=target:ines"))

    assert "last 30 days" in page
    assert "No entry of this time matches" in page
    assert 'href="?q=target%3Aines+created%3Aany"' in page


def test_removing_that_chip_searches_all_of_the_trail(sam: User, ines: User):
    something_long_ago(ines)

    page = text_of(browser_of(sam).get("/audit/?q=target:ines+created:any"))

    assert "CF-0123456789" in page
    assert "any time" in page


def test_a_receipt_is_found_however_old_it_is(sam: User, ines: User):
    something_long_ago(ines)

    page = text_of(browser_of(sam).get("/audit/?q=receipt:CF-0123456789"))

    assert "Ines Almeida" in page
    assert [key for key, _value, _url in chips(asked(sam, "q=receipt:CF-0123456789"))] == ["receipt:"]


def test_each_chip_takes_its_own_part_away(sam: User):
    question = asked(sam, "q=actor:ivan+-reason:offboarding+created:7d")

    assert chips(question) == [
        ("actor:", "ivan", "?q=-reason%3Aoffboarding+created%3A7d"),
        ("not reason:", "Offboarding", "?q=actor%3Aivan+created%3A7d"),
        ("created:", "last 7 days", "?q=actor%3Aivan+-reason%3Aoffboarding"),
    ]


def test_a_chip_names_the_person_behind_an_id_for_readers_who_may_know(sam: User, ines: User):
    question = asked(sam, f"q=target:{ines.pk}+created:7d")

    assert chips(question)[0][1] == "Ines Almeida"


def test_a_menu_adds_its_part_to_the_line(sam: User):
    question = asked(sam, "q=actor:ivan")
    reasons = next(offer for offer in question.offers if offer.word == "Reason")

    assert reasons.choices[0].address == "?q=actor%3Aivan+reason%3Aoffboarding"


def test_the_small_form_writes_the_line(sam: User):
    question = asked(sam, "q=created:7d&actor=Ivan+Petrov&receipt=cf-0123456789")

    assert question.line == 'created:7d actor:"Ivan Petrov" receipt:cf-0123456789'


def test_a_reason_nobody_can_give_is_said(sam: User):
    assert "is no reason. There are offboarding" in asked(sam, "q=reason:boredom").problem


@pytest.mark.parametrize(
    ("chosen", "shown"), [("relative", "data-ago"), ("local", "data-local-time"), ("utc", "Time, UTC")]
)
def test_times_are_shown_as_chosen_from_then_on(chosen: str, shown: str, sam: User, ines: User):
    browser = browser_of(sam)
    response = browser.post("/audit/times/", {"times": chosen, "next": "/audit/?q=created:any"})

    assert (response.status_code, response.url) == (302, "/audit/?q=created:any")
    something_long_ago(ines)
    assert shown in browser.get("/audit/?q=created:any").content.decode()


def test_a_way_of_showing_times_that_there_is_not_is_refused(sam: User):
    assert browser_of(sam).post("/audit/times/", {"times": "stardate"}).status_code == 400


def test_choosing_times_never_leads_to_another_host(sam: User):
    response = browser_of(sam).post("/audit/times/", {"times": "utc", "next": "//evil.example/"})

    assert response.url == "/"
