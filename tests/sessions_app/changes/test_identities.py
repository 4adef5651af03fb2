"""Linking an identity: every cutoff and block the person has counts for it before the link does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from audit.models import AuditEntry
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.errors import IdentityTaken, ValuesRefused
from sessions_app.changes.identities import link_identity
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.role_changes import Wish, role_changed
from sessions_app.changes.suspicion import is_second_factor_demanded, waive_second_factor
from sessions_app.models import BlacklistEntry, Identity, Issuer, RevocationTarget, User
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.scheduled.clock import Clock
from tests.factories import a_group, a_machine, a_realm, an_issuer, initiator_of, token_for, verdict_on
from tests.redis_server import EmbeddedRedis

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere(issuer: Issuer) -> Issuer:
    return an_issuer(
        "https://elsewhere.example",
        realm=a_realm("elsewhere"),
        second_factor_claim="amr",
        second_factor_values=["otp"],
        entitlement_claims=["groups"],
    )


def end(user: User, by: User, reason: Reason) -> None:
    revoke(
        Order(
            initiator=initiator_of(by),
            reason=reason,
            scope=OneUser(user_id=user.pk),
            received_at=database_now(),
        )
    )


def token_elsewhere(user: User, **claims: object) -> str:
    return token_for(user, iss="https://elsewhere.example", sub="e-1", **claims)


def test_a_block_counts_for_an_identity_linked_later(
    open_gate: EmbeddedRedis, hana: User, ines: User, elsewhere: Issuer
) -> None:
    end(ines, hana, Reason.OFFBOARDING)

    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    assert verdict_on(token_elsewhere(ines)).cause == "user_blocked"


def test_a_cutoff_counts_with_the_new_realms_own_clock_allowance(
    open_gate: EmbeddedRedis, ivan: User, ines: User, elsewhere: Issuer
) -> None:
    end(ines, ivan, Reason.ROLE_CHANGE)

    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    target = RevocationTarget.objects.get()
    entry = BlacklistEntry.objects.get(realm=elsewhere.realm)
    assert entry.cutoff_ms == target.cutoff_ms + 5000
    assert verdict_on(token_elsewhere(ines, auth_time=entry.cutoff_ms // 1000)).cause == "user_cutoff"


def test_reinstating_is_a_cutoff_too(
    open_gate: EmbeddedRedis, hana: User, ivan: User, ines: User, elsewhere: Issuer
) -> None:
    end(ines, hana, Reason.OFFBOARDING)
    again = allow_sign_in_again(ines, by=initiator_of(ivan), reason="by mistake")

    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    entry = BlacklistEntry.objects.get(realm=elsewhere.realm)
    assert not entry.blocked
    assert entry.cutoff_ms == to_milliseconds(again.at) + 5000


def test_somebody_never_cut_off_needs_no_entry(
    open_gate: EmbeddedRedis, ines: User, elsewhere: Issuer
) -> None:
    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    assert BlacklistEntry.objects.count() == 0
    assert verdict_on(token_elsewhere(ines)).outcome is Outcome.ALLOWED


def test_a_cutoff_too_old_for_any_living_session_needs_no_entry(
    open_gate: EmbeddedRedis, ivan: User, ines: User, elsewhere: Issuer
) -> None:
    end(ines, ivan, Reason.ROLE_CHANGE)
    long_ago = to_milliseconds(database_now() - timedelta(days=400))
    RevocationTarget.objects.update(cutoff_ms=long_ago)
    BlacklistEntry.objects.update(cutoff_ms=long_ago)

    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    assert not BlacklistEntry.objects.filter(realm=elsewhere.realm).exists()


def made_old() -> None:
    """As if all of it had been decided, and had run out, long ago."""
    long_ago = to_milliseconds(database_now() - timedelta(days=400))
    RevocationTarget.objects.update(cutoff_ms=long_ago)
    BlacklistEntry.objects.update(cutoff_ms=long_ago, expires_at_ms=long_ago)


def test_a_demand_for_a_second_factor_counts_however_old_its_cutoff_is(
    open_gate: EmbeddedRedis, sam: User, ines: User, elsewhere: Issuer
) -> None:
    end(ines, sam, Reason.SECURITY_INCIDENT)
    made_old()

    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    assert verdict_on(token_elsewhere(ines, amr=["pwd"])).cause == "step_up"


def test_what_was_lost_counts_however_old_the_cutoff_is(
    open_gate: EmbeddedRedis, ivan: User, ines: User, elsewhere: Issuer
) -> None:
    a_group("approvers", ines)
    role_changed(ines, [], by=initiator_of(ivan), wish=Wish(received_at=database_now()))
    made_old()

    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    assert verdict_on(token_elsewhere(ines, groups=["approvers"])).cause == "claims_changed"


@pytest.fixture
def unlinked(ines: User) -> User:
    """Ines before any issuer's name for her is known."""
    ines.identities.all().delete()
    return ines


def test_a_demand_on_somebody_without_any_identity_counts_once_one_is_linked(
    open_gate: EmbeddedRedis, sam: User, unlinked: User, elsewhere: Issuer
) -> None:
    end(unlinked, sam, Reason.SECURITY_INCIDENT)
    demanded = is_second_factor_demanded(unlinked)

    link_identity(unlinked, elsewhere.realm, "e-1", by=a_machine())

    assert demanded
    assert BlacklistEntry.objects.get(realm=elsewhere.realm).second_factor_since_ms > 0


def test_a_demand_waived_before_the_link_does_not_come_back_with_it(
    open_gate: EmbeddedRedis, sam: User, unlinked: User, elsewhere: Issuer
) -> None:
    end(unlinked, sam, Reason.SECURITY_INCIDENT)
    waive_second_factor(unlinked, by=initiator_of(sam), reason="came with her passport")

    link_identity(unlinked, elsewhere.realm, "e-1", by=a_machine())

    assert not is_second_factor_demanded(unlinked)
    assert BlacklistEntry.objects.get(realm=elsewhere.realm).second_factor_since_ms == 0


def test_while_the_blacklist_is_away_the_link_is_kept_but_does_not_count(
    open_gate: EmbeddedRedis, hana: User, ines: User, elsewhere: Issuer, settings: Settings
) -> None:
    end(ines, hana, Reason.OFFBOARDING)
    address = settings.REDIS_URL
    settings.REDIS_URL = "unix:///tmp/nobody-listens-here.sock"
    with pytest.raises(BlacklistUnavailable):
        link_identity(ines, elsewhere.realm, "e-1", by=a_machine())
    with pytest.raises(BlacklistUnavailable):
        link_identity(ines, elsewhere.realm, "e-1", by=a_machine())
    settings.REDIS_URL = address

    link_identity(ines, elsewhere.realm, "e-1", by=a_machine())

    assert Identity.objects.filter(person_id="e-1").count() == 1
    assert verdict_on(token_elsewhere(ines)).cause == "user_blocked"


def test_the_clock_publishes_what_a_link_could_not(
    redis_server: EmbeddedRedis, hana: User, ines: User, elsewhere: Issuer, settings: Settings
) -> None:
    clock = Clock()
    clock.beat()
    end(ines, hana, Reason.OFFBOARDING)
    address = settings.REDIS_URL
    settings.REDIS_URL = "unix:///tmp/nobody-listens-here.sock"
    with pytest.raises(BlacklistUnavailable):
        link_identity(ines, elsewhere.realm, "e-1", by=a_machine())
    settings.REDIS_URL = address

    clock.beat()

    assert verdict_on(token_elsewhere(ines)).cause == "user_blocked"


def test_an_identity_of_somebody_else_is_refused_and_recorded(
    ines: User, carlos: User, issuer: Issuer
) -> None:
    with pytest.raises(IdentityTaken):
        link_identity(carlos, issuer.realm, "nw-ines", by=a_machine())

    entry = AuditEntry.objects.get(event_code="PE-104F")
    assert (entry.person_id, entry.details["realm"]) == (carlos.pk, "northwind")
    assert Identity.objects.get(person_id="nw-ines").user == ines


def test_linking_the_same_again_changes_nothing(ines: User, issuer: Issuer) -> None:
    link_identity(ines, issuer.realm, "nw-ines", by=a_machine())

    assert ines.identities.count() == 1
    assert not AuditEntry.objects.filter(event_code="PE-103").exists()


@pytest.mark.parametrize("person_id", ["", "a\x00b", "ü" * 257, "\ud800"])
def test_an_id_that_no_token_could_carry_is_refused(ines: User, issuer: Issuer, person_id: str) -> None:
    with pytest.raises(ValuesRefused):
        link_identity(ines, issuer.realm, person_id, by=a_machine())
