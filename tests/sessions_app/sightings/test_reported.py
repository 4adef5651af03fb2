"""Reported sign-ins, below the API: what the blacklist learns from them, and what may not be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.errors import TokenTaken, ValuesRefused
from sessions_app.changes.naming import PersonNaming, Place
from sessions_app.models import BlacklistEntry, EndedSession, Issuer, Session, Token, User
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneToken, OneUser, Order
from sessions_app.sightings.checks import plain_address
from sessions_app.sightings.facts import SignInFacts, TokenFacts
from sessions_app.sightings.reported import report_sign_in
from tests.factories import (
    ISS,
    a_machine,
    a_realm,
    an_identity,
    an_issuer,
    initiator_of,
    token_for,
    verdict_on,
)
from tests.redis_server import EmbeddedRedis

pytestmark = pytest.mark.django_db(transaction=True)


def a_sign_in(*, began_at: datetime | None = None, **fields: Any) -> SignInFacts:
    usual = {"known_in": Place(issuer=ISS), "person_id": "nw-ines", "sid": "s-1"}
    return SignInFacts(began_at=began_at or timezone.now() - timedelta(minutes=5), **{**usual, **fields})


def end(user: User, by: User, reason: Reason = Reason.ROLE_CHANGE) -> None:
    revoke(
        Order(
            initiator=initiator_of(by),
            reason=reason,
            scope=OneUser(user_id=user.pk),
            received_at=database_now(),
        )
    )


def test_a_late_report_ends_the_session_by_name_where_tokens_hide_their_start(
    open_gate: EmbeddedRedis, ines: User, ivan: User
) -> None:
    weak = an_issuer("https://weak.example", realm=a_realm("weak"), started_from="iat")
    an_identity(ines, realm="weak", person_id="w-ines")
    end(ines, ivan)
    later = int(timezone.now().timestamp()) + 60
    refreshed = token_for(ines, iss=weak.iss, sub="w-ines", sid="hidden", iat=later, exp=later + 60)

    report_sign_in(
        a_sign_in(known_in=Place(issuer=weak.iss), person_id="w-ines", sid="hidden"), by=a_machine()
    )

    assert verdict_on(refreshed).outcome is not Outcome.ALLOWED
    now = token_for(ines, iss=weak.iss, sub="w-ines", sid="hidden")
    assert verdict_on(now).cause == "session_revoked"


def test_a_session_that_was_over_is_not_counted_as_ended_by_the_decision(
    open_gate: EmbeddedRedis, ines: User, ivan: User
) -> None:
    end(ines, ivan)

    outcome = report_sign_in(a_sign_in(), by=a_machine())

    assert outcome.session.ended_by is not None
    assert outcome.session.ended_by.sessions_ended == 0
    assert EndedSession.objects.count() == 0


def test_a_new_sign_in_after_a_cutoff_is_open(open_gate: EmbeddedRedis, ines: User, ivan: User) -> None:
    end(ines, ivan)

    outcome = report_sign_in(a_sign_in(began_at=timezone.now() + timedelta(seconds=30)), by=a_machine())

    assert outcome.session.is_open


def test_while_the_blacklist_is_away_the_report_is_stored_and_asked_for_again(
    open_gate: EmbeddedRedis, ines: User, hana: User, settings: Settings
) -> None:
    end(ines, hana, Reason.OFFBOARDING)
    address = settings.REDIS_URL
    facts = a_sign_in(person_id="new-id", naming=PersonNaming(username="ines"))
    settings.REDIS_URL = "unix:///tmp/nobody-listens-here.sock"
    with pytest.raises(BlacklistUnavailable):
        report_sign_in(facts, by=a_machine())
    settings.REDIS_URL = address

    report_sign_in(facts, by=a_machine())

    assert Session.objects.get().ended_at is not None
    assert verdict_on(token_for(ines, sub="new-id")).cause == "user_blocked"


def test_a_token_of_another_session_is_refused_and_nothing_of_the_report_is_kept(
    ines: User, issuer: Issuer
) -> None:
    token = TokenFacts(token_id="t-1", expires_at=timezone.now() + timedelta(minutes=5))
    report_sign_in(a_sign_in(tokens=(token,)), by=a_machine())

    with pytest.raises(TokenTaken):
        report_sign_in(a_sign_in(sid="s-2", tokens=(token,)), by=a_machine())

    assert Session.objects.count() == 1


def test_a_naming_nobody_knows_does_not_undo_a_known_identity(ines: User, issuer: Issuer) -> None:
    outcome = report_sign_in(a_sign_in(naming=PersonNaming(external_id="not-imported-yet")), by=a_machine())

    assert outcome.session.user == ines


def test_a_revoked_token_reported_to_live_longer_is_refused_for_as_long(
    open_gate: EmbeddedRedis, ines: User, ivan: User
) -> None:
    first, later = timezone.now() + timedelta(minutes=5), timezone.now() + timedelta(hours=2)
    report_sign_in(a_sign_in(tokens=(TokenFacts(token_id="t-1", expires_at=first),)), by=a_machine())
    scope = OneToken(token_id=Token.objects.get().pk)
    revoke(
        Order(
            initiator=initiator_of(ivan),
            reason=Reason.USER_REQUEST,
            scope=scope,
            received_at=database_now(),
        )
    )

    report_sign_in(a_sign_in(tokens=(TokenFacts(token_id="t-1", expires_at=later),)), by=a_machine())

    entry = BlacklistEntry.objects.get(kind="token")
    assert entry.expires_at_ms > to_milliseconds(later)
    assert entry.published_revision == entry.revision


def test_a_report_without_an_issuer_belongs_to_its_realm(ines: User) -> None:
    outcome = report_sign_in(a_sign_in(known_in=Place(realm="northwind")), by=a_machine())

    assert outcome.session.issuer is None
    assert outcome.session.realm.key == "northwind"


@pytest.mark.parametrize("person_id", ["", "a\x00b", "\udc80", "x" * 513])
def test_an_id_that_could_not_be_kept_is_refused(issuer: Issuer, person_id: str) -> None:
    with pytest.raises(ValuesRefused):
        report_sign_in(a_sign_in(person_id=person_id), by=a_machine())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 2001:DB8::1 ", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", None),
        ("203.0.113.9:443", None),
        ("010.0.0.1", None),
        ("<script>", None),
    ],
)
def test_an_address_has_one_spelling_or_none(text: str, address: str | None) -> None:
    assert plain_address(text) == address
