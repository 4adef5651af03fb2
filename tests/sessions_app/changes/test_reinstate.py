"""Allowing sign-in again: new sign-ins work, old tokens stay dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from audit.models import AuditEntry
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.verdict import Outcome, Verdict
from sessions_app.changes.errors import ReasonTooShort
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.models import Revocation, User
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation.connections import blacklist_reader
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import ActingOnOneself, NotBlocked, PrivilegedPerson
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.scheduled.clock import Clock
from sessions_app.tokens.profiles import profiles
from tests.factories import initiator_of, open_session, token_for
from tests.redis_server import EmbeddedRedis

pytestmark = pytest.mark.django_db(transaction=True)


def offboard(user: User, by: User) -> Revocation:
    order = Order(
        initiator=initiator_of(by),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=user.pk),
        received_at=database_now(),
    )
    return revoke(order)


def verdict_in(seconds: int, token: str) -> Verdict:
    """What a guard says whose clock, like the token's, is some seconds ahead of ours."""
    now_ms = to_milliseconds(database_now()) + seconds * 1000
    reader = blacklist_reader()
    guard = Guard(reader, profiles, lambda: now_ms)
    return guard.check(token)


def test_an_old_token_stays_dead(open_gate: EmbeddedRedis, hana: User, ivan: User, ines: User) -> None:
    session = open_session(ines)
    offboard(ines, hana)

    result = allow_sign_in_again(ines, by=initiator_of(ivan), reason="Left by mistake")

    assert result.is_published
    assert verdict_in(0, token_for(ines, session)).outcome is Outcome.REVOKED
    assert verdict_in(0, token_for(ines, session, sid="unheard-of")).cause == "user_cutoff"


def test_a_sign_in_from_the_said_second_on_is_accepted_and_one_before_is_not(
    open_gate: EmbeddedRedis, hana: User, ivan: User, ines: User
) -> None:
    offboard(ines, hana)

    result = allow_sign_in_again(ines, by=initiator_of(ivan), reason="Left by mistake")

    second = int(result.works_from["northwind"].timestamp())
    ahead = second - int(result.at.timestamp())
    new = token_for(ines, auth_time=second, iat=second, exp=second + 60)
    early = token_for(ines, auth_time=second - 1, iat=second, exp=second + 60)
    assert ahead in {5, 6}
    assert verdict_in(ahead, early).cause == "user_cutoff"
    assert verdict_in(ahead, new).outcome is not Outcome.REVOKED


def test_the_person_and_what_blocked_them_say_so(
    open_gate: EmbeddedRedis, hana: User, ivan: User, ines: User
) -> None:
    blocking = offboard(ines, hana)

    result = allow_sign_in_again(ines, by=initiator_of(ivan), reason="Left by mistake")

    ines.refresh_from_db()
    blocking.refresh_from_db()
    entry = AuditEntry.objects.get(event_code="RV-120")
    assert ines.is_active
    assert blocking.reinstated_at == result.at
    assert (entry.reason_code, entry.receipt) == ("reinstated", blocking.receipt)
    assert "Left by mistake" not in str(entry.details)


def test_ending_access_again_after_that_is_a_new_revocation(
    open_gate: EmbeddedRedis, hana: User, ivan: User, ines: User
) -> None:
    first = offboard(ines, hana)
    allow_sign_in_again(ines, by=initiator_of(ivan), reason="Left by mistake")

    second = offboard(ines, hana)

    assert second.receipt != first.receipt
    assert verdict_in(0, token_for(ines)).cause == "user_blocked"


def test_while_the_blacklist_is_away_it_is_decided_and_the_clock_publishes(
    redis_server: EmbeddedRedis, hana: User, ivan: User, ines: User, settings: Settings
) -> None:
    clock = Clock()
    clock.beat()
    offboard(ines, hana)
    address = settings.REDIS_URL
    settings.REDIS_URL = "unix:///tmp/nobody-listens-here.sock"
    result = allow_sign_in_again(ines, by=initiator_of(ivan), reason="Left by mistake")
    settings.REDIS_URL = address
    before = verdict_in(0, token_for(ines)).cause

    clock.beat()

    assert not result.is_published
    assert before == "user_blocked"
    assert verdict_in(0, token_for(ines)).cause == "user_cutoff"


def test_nobody_reinstates_themselves(open_gate: EmbeddedRedis, hana: User, ivan: User) -> None:
    offboard(ivan, hana)

    with pytest.raises(ActingOnOneself):
        allow_sign_in_again(ivan, by=initiator_of(ivan), reason="I am back")

    assert AuditEntry.objects.filter(event_code="RV-120F").count() == 1


def test_only_security_reinstates_a_privileged_person(
    open_gate: EmbeddedRedis, ivan: User, sam: User
) -> None:
    sam.sign_in_blocked_at = database_now() - timedelta(days=1)
    sam.save()

    with pytest.raises(PrivilegedPerson):
        allow_sign_in_again(sam, by=initiator_of(ivan), reason="back again")


def test_somebody_who_is_not_blocked_cannot_be_reinstated(ivan: User, ines: User) -> None:
    with pytest.raises(NotBlocked):
        allow_sign_in_again(ines, by=initiator_of(ivan), reason="just because")


def test_a_reason_is_needed(ivan: User, ines: User) -> None:
    with pytest.raises(ReasonTooShort):
        allow_sign_in_again(ines, by=initiator_of(ivan), reason="  x ")
