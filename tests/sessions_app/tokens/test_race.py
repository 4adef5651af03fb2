"""A refresh in flight while access ends: whoever commits first, nothing lives on and nothing is minted after."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings

from audit.initiators import the_shell
from sessions_app.blacklist.verdict import Outcome
from sessions_app.doors.oauth import tokens as door
from sessions_app.models import Identity, Revocation, Token, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import cut_off, decide, revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.scheduled.clock import Clock
from sessions_app.tokens.families import Origin, begin_family
from sessions_app.tokens.minting import mint_refresh_token
from sessions_app.tokens.own_issuer import own_issuer, prepare_own_issuer
from tests.factories import a_person, open_session, verdict_on
from tests.oauth_client import App, Tokens, an_app, tokens_of

ROUNDS = 1000
SESSIONS = 8


@pytest.fixture(autouse=True)
def _own_issuer(open_gate: object, settings: Settings) -> None:
    settings.DEMO = True
    prepare_own_issuer(by=the_shell())


def an_order(user: User) -> Order:
    return Order(
        initiator=the_shell(),
        reason=Reason.ROLE_CHANGE,
        scope=OneUser(user_id=user.pk),
        received_at=database_now(),
    )


# --- The window, held open ------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_minted_before_the_decision_but_not_answered_yet_is_not_handed_out(
    ines: User, monkeypatch: pytest.MonkeyPatch
):
    """The decision commits and is cut off after the refresh committed and before it answered."""
    app = an_app()
    tokens = app.sign_in(ines)
    exchange = door._exchange

    def then_ended(*args: Any) -> Any:
        answer = exchange(*args)
        assert revoke(an_order(ines)).cut_off_at is not None
        return answer

    monkeypatch.setattr(door, "_exchange", then_ended)
    answer = app.refresh(tokens.refresh_token)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.django_db
def test_what_was_minted_before_a_decision_that_is_not_published_yet_dies_with_it(
    ines: User, monkeypatch: pytest.MonkeyPatch
):
    """The answer goes out between the decision and its publishing: the session's id is in the decision already."""
    app = an_app()
    tokens = app.sign_in(ines)
    exchange = door._exchange
    decided: list[Revocation] = []

    def then_decided(*args: Any) -> Any:
        answer = exchange(*args)
        decided.append(decide(an_order(ines)))
        return answer

    monkeypatch.setattr(door, "_exchange", then_decided)
    late = tokens_of(app.refresh(tokens.refresh_token))
    assert verdict_on(late.access_token).outcome is Outcome.ALLOWED
    cut_off(decided[0], by=the_shell())

    assert verdict_on(late.access_token).outcome is Outcome.REVOKED
    assert app.refresh(late.refresh_token).status_code == 400


@pytest.mark.django_db
def test_a_refresh_after_the_decision_finds_it_although_nothing_is_published(ines: User):
    app = an_app()
    tokens = app.sign_in(ines)
    decide(an_order(ines))
    before = Token.objects.count()

    assert app.refresh(tokens.refresh_token).status_code == 400
    assert Token.objects.count() == before


# --- The same with threads, many times ------------------------------------------------------------


@dataclass
class Race:
    """Sessions of one person that refresh in a loop until they are refused, and all they were ever given."""

    app: App
    started: threading.Barrier = field(default_factory=lambda: threading.Barrier(SESSIONS + 1))
    given: list[str] = field(default_factory=list)
    given_after_the_end: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self, tokens: Tokens) -> None:
        try:
            self.started.wait(timeout=30)
            self._refresh_until_refused(tokens)
        finally:
            connections.close_all()

    def _refresh_until_refused(self, tokens: Tokens) -> None:
        app = App(client=self.app.client, secret=self.app.secret, machine=Client())
        while True:
            asked_after_the_end = self.is_over.is_set()
            answer = app.refresh(tokens.refresh_token)
            if answer.status_code != 200:
                return
            tokens = tokens_of(answer)
            self.given.append(tokens.access_token)
            if asked_after_the_end:
                self.given_after_the_end.append(tokens.access_token)


def a_family(user: User, app: App) -> Tokens:
    """A session with its first refresh token, as a code would have begun it, without the price of a browser."""
    issuer = own_issuer()
    Identity.objects.get_or_create(user=user, realm=issuer.realm, person_id=str(user.pk))
    portal_session = open_session(user, issuer=issuer, began_at=database_now())
    origin = Origin(portal_session=portal_session, address=None, user_agent="")
    session = begin_family(user, app.client, issuer, origin)
    session.expires_at = database_now() + timedelta(hours=1)
    session.save(update_fields=["expires_at"])
    return Tokens(access_token="", refresh_token=mint_refresh_token(session, app.client, ["openid"]))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in django_settings.DATABASES["default"]["ENGINE"],
    reason="threads meet table locks that only SQLite in memory has",
)
def test_no_refresh_outruns_the_end_of_access_in_a_thousand_rounds():
    app = an_app()
    survivors, late, asked = 0, 0, 0
    with ThreadPoolExecutor(max_workers=SESSIONS) as pool:
        for number in range(ROUNDS):
            race = Race(app=app)
            person = a_person(f"p-{number}")
            first = [a_family(person, app) for _ in range(SESSIONS)]
            running = [pool.submit(race.run, tokens) for tokens in first]
            race.started.wait(timeout=30)
            time.sleep((number % 10) / 100)
            assert revoke(an_order(person)).cut_off_at is not None
            race.is_over.set()
            for each in running:
                each.result(timeout=60)
            survivors += sum(verdict_on(token).outcome is Outcome.ALLOWED for token in race.given)
            asked += len(race.given)
            late += len(race.given_after_the_end)
            if number % 50 == 0:
                Clock().beat()
    connection.close()

    assert (survivors, late) == (0, 0)
    assert asked > ROUNDS  # they really refreshed while it landed
