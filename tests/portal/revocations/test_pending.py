"""Decided while the blacklist does not answer: stored, said plainly, and finished without anybody's help."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings

from sessions_app.blacklist import connections as blacklist_connections
from sessions_app.blacklist import reader as blacklist_reader
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Revocation, User
from sessions_app.revocation import health
from sessions_app.scheduled.clock import Clock
from tests.factories import open_session
from tests.portal.signed_in import HTMX, browser_of, filled_dialog, text_of, verdict_on
from tests.redis_server import EmbeddedRedis, running_redis

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo")]


@pytest.fixture(autouse=True)
def patient_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience than elsewhere: here nearly every look goes to a server that will not answer."""
    monkeypatch.setattr(blacklist_connections, "STEP_SECONDS", 0.1)
    monkeypatch.setattr(blacklist_reader, "STEP_SECONDS", 0.1)
    monkeypatch.setattr(blacklist_reader, "TOTAL_SECONDS", 0.25)


@pytest.fixture
def clock() -> Clock:
    """The one that holds the lease."""
    return Clock()


@pytest.fixture
def blacklist(settings: Settings, db: None, clock: Clock) -> Iterator[EmbeddedRedis]:
    """A server of this test's own, because it is frozen and thawed."""
    with running_redis() as server:
        settings.REDIS_URL = server.url
        assert clock.beat()
        yield server


@pytest.fixture(autouse=True)
def _light_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIGHT_KEPT_SECONDS", 0.0)


@pytest.fixture
def pending(blacklist, hana, ines, wiki):
    """Hana's click on a frozen blacklist: her browser, Ines's session, and the address of the receipt."""
    session = open_session(ines, wiki)
    browser = browser_of(hana)
    form = filled_dialog(browser, ines)
    blacklist.freeze()
    answer = browser.post(f"/people/{ines.pk}/terminate/", form)
    yield browser, session, answer.headers["Location"]
    blacklist.thaw()


def test_the_decision_is_stored_and_nothing_is_called_cut_off(pending, ines):
    browser, _session, address = pending

    page = text_of(browser.get(address))

    assert "Decided, not yet cut off" in page
    assert "NOT YET CUT OFF" in page
    assert "is cut off" not in page
    assert "--green" not in page
    assert "Guard asked" not in page
    assert "the blacklist did not answer in time" in page
    assert "The blacklist does not answer" in page
    assert not User.objects.get(pk=ines.pk).is_active


def test_the_list_shows_the_person_waiting_with_an_amber_edge(pending):
    browser, _session, _address = pending

    page = text_of(browser.get("/people/", {"q": "ines"}))

    assert "Not yet cut off, " in page
    assert "row--pending" in page
    assert "state--green" not in page


def test_the_part_asks_again_every_second_and_stops_by_itself(pending, blacklist, clock):
    browser, session, address = pending
    waiting = browser.get(address, headers=HTMX).content.decode()
    blacklist.thaw()
    assert clock.beat()

    done = browser.get(address, headers=HTMX).content.decode()

    assert 'hx-trigger="every 1s"' in waiting
    assert "hx-trigger" not in done
    assert "Ines Almeida is cut off" in done
    assert '<div id="outage" hx-swap-oob="true"></div>' in done
    assert verdict_on(session) is Outcome.REVOKED


def test_try_now_does_at_once_what_the_clock_would(pending, blacklist):
    browser, session, address = pending
    assert Revocation.objects.get().attempts == 1

    browser.post(f"{address}try/")
    assert Revocation.objects.get().attempts == 2
    blacklist.thaw()
    answer = browser.post(f"{address}try/")

    assert (answer.status_code, answer.headers["Location"]) == (303, address)
    assert Revocation.objects.get().cut_off_at is not None
    assert verdict_on(session) is Outcome.REVOKED


def test_after_ten_seconds_it_is_stuck_and_red(pending):
    browser, _session, address = pending
    minute = timedelta(minutes=1)
    Revocation.objects.update(decided_at=F("decided_at") - minute, received_at=F("received_at") - minute)

    page = text_of(browser.get(address))

    assert "badge--danger" in page
    assert "state--danger" in page


def test_only_those_who_end_access_may_try(pending, aude, ada, otto, ivan):
    _browser, _session, address = pending

    answers = {
        who.username: browser_of(who).post(f"{address}try/").status_code for who in (aude, ada, otto, ivan)
    }

    assert answers == {"aude": 403, "ada": 403, "otto": 403, "ivan": 303}


def test_a_session_ended_meanwhile_is_not_called_cut_off_either(blacklist, ivan, ines, wiki):
    session = open_session(ines, wiki)
    browser = browser_of(ivan)
    blacklist.freeze()

    part = text_of(
        browser.post(
            f"/people/{ines.pk}/sessions/{session.pk}/end/",
            {"reason": "lost_device", "order_key": "k"},
            headers=HTMX,
        )
    )
    blacklist.thaw()

    assert "NOT YET CUT OFF" in part
    assert "read back through the guard" not in part
