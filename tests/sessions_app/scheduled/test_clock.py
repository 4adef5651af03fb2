"""The clock: what a request could not finish is finished, and what was lost is rebuilt before anything is allowed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.initiators import the_shell
from audit.models import AuditEntry, ChainLink, Checkpoint
from sessions_app.blacklist.keys import KeySpace
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.role_changes import Wish, role_changed
from sessions_app.changes.suspicion import Suspicion, person_suspected
from sessions_app.models import (
    Attempt,
    BlacklistEntry,
    BlacklistState,
    Issuer,
    Lease,
    Revocation,
    Role,
    Session,
    User,
)
from sessions_app.models.reasons import Reason
from sessions_app.revocation import sweeper
from sessions_app.revocation.confirmations import note_claims, note_second_factor
from sessions_app.revocation.connections import session_guard
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.health import CLOCK_LEASE, clock_age_seconds, probe_blacklist
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.revocation.reconcile import reconcile
from sessions_app.scheduled.clock import RENEW_SECONDS, THE_CLOCK, Clock
from sessions_app.scheduled.lease import give_back
from tests.conftest import forget_what_guards_saw
from tests.factories import (
    REALM,
    a_grant,
    a_group,
    a_person,
    identity_of,
    open_session,
    token_for,
    verdict_on,
)
from tests.redis_server import EmbeddedRedis, running_redis

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings) -> Iterator[EmbeddedRedis]:
    """A server of this test's own, to be frozen, emptied or set up wrongly."""
    with running_redis() as own:
        settings.REDIS_URL = own.url
        forget_what_guards_saw()
        yield own
        own.thaw()


def terminate(user: User) -> Revocation:
    scope = OneUser(user_id=user.pk)
    return revoke(
        Order(initiator=the_shell(), reason=Reason.OFFBOARDING, scope=scope, received_at=timezone.now())
    )


def outcome_for(session: Session) -> Outcome:
    started_ms = int(session.began_at.timestamp() * 1000)
    person = identity_of(session.user).person_id
    return session_guard().check_session(REALM, person, session.sid, started_ms).outcome


def test_nothing_is_allowed_before_the_first_beat(server, ines):
    assert outcome_for(open_session(ines)) is Outcome.UNKNOWN


def test_the_first_beat_opens_the_gate(server, ines):
    session = open_session(ines)

    Clock().beat()

    assert outcome_for(session) is Outcome.ALLOWED


def test_a_decision_while_the_blacklist_is_frozen_is_cut_off_once_it_answers_again(server, ines):
    session, clock = open_session(ines), Clock()
    clock.beat()
    server.freeze()

    revocation = terminate(ines)
    assert revocation.cut_off_at is None
    assert outcome_for(session) is Outcome.UNKNOWN

    server.thaw()
    clock.beat()
    revocation.refresh_from_db()
    assert revocation.cut_off_at is not None
    assert outcome_for(session) is Outcome.REVOKED


@pytest.mark.parametrize("disaster", ["flush", "restart_empty"])
def test_after_a_loss_a_revoked_session_is_never_allowed_and_others_come_back(server, ines, otto, disaster):
    revoked, kept, clock = open_session(ines), open_session(otto), Clock()
    clock.beat()
    terminate(ines)

    getattr(server, disaster)()
    straight_after = outcome_for(revoked)
    clock.beat()  # notices
    meanwhile = outcome_for(revoked)
    clock.beat()  # rebuilds

    assert straight_after is Outcome.UNKNOWN
    assert meanwhile is not Outcome.ALLOWED
    assert outcome_for(revoked) is Outcome.REVOKED
    assert outcome_for(kept) is Outcome.ALLOWED
    assert AuditEntry.objects.filter(event_code="BL-102").count() == 2


def test_a_flush_is_recorded_as_a_loss_and_starts_a_new_generation(server, ines):
    clock = Clock()
    clock.beat()
    before = BlacklistState.current().generation

    server.flush()
    clock.beat()
    clock.beat()

    assert AuditEntry.objects.filter(event_code="BL-101").count() == 1
    assert BlacklistState.current().generation == before + 1


def test_a_heartbeat_never_creates_a_missing_marker(server):
    clock = Clock()
    clock.beat()
    with server.client() as client:
        client.delete(KeySpace("test").marker(3))

    clock.beat()

    with server.client() as client:
        assert client.get(KeySpace("test").marker(3)) is None
    assert not BlacklistState.current().is_gate_open


def test_one_deleted_entry_is_rewritten_by_the_next_reconcile_and_recorded(server, ines):
    session, clock = open_session(ines), Clock()
    clock.beat()
    terminate(ines)
    clock.beat()
    with server.client() as client:
        client.delete(KeySpace("test").user(REALM, identity_of(ines).person_id))

    repaired = reconcile(by=THE_CLOCK)

    assert repaired == 1
    assert outcome_for(session) is Outcome.REVOKED
    assert AuditEntry.objects.get(event_code="BL-103").additional_data["entries"] == 1


def test_the_clock_that_leads_compares_once_a_minute_and_while_the_gate_is_shut_not_at_all(server, ines):
    clock = Clock()
    assert clock.compare() == 0
    clock.beat()
    terminate(ines)
    with server.client() as client:
        client.delete(KeySpace("test").user(REALM, identity_of(ines).person_id))
        assert clock.compare() == 1
        client.delete(KeySpace("test").user(REALM, identity_of(ines).person_id))
        assert clock.compare() == 0

    BlacklistState.objects.update(is_gate_open=False)
    assert reconcile(by=THE_CLOCK) == 0


def test_what_is_looked_after_goes_on_while_the_blacklist_is_silent(server, otto):
    clock = Clock()
    clock.beat()
    a_grant(otto, Role.IT, expires_at=timezone.now() - timedelta(minutes=1))
    server.freeze()

    clock.beat()
    clock.look_after()
    server.thaw()

    assert AuditEntry.objects.filter(event_code="RO-103").count() == 1


def test_a_server_that_may_evict_closes_the_gate_until_it_is_right_again(server, ines):
    session, clock = open_session(ines), Clock()
    clock.beat()
    with server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")

    clock.beat()

    state = BlacklistState.current()
    assert not state.is_gate_open
    assert "noeviction" in state.trouble

    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
    clock.beat()
    assert outcome_for(session) is Outcome.ALLOWED


def test_a_server_without_memory_leaves_the_decision_pending_and_takes_it_later(server, ines):
    session, clock = open_session(ines), Clock()
    clock.beat()
    with server.client() as client:
        client.config_set("maxmemory", "1")

    revocation = terminate(ines)
    assert revocation.cut_off_at is None
    assert "memory" in revocation.last_error

    with server.client() as client:
        client.config_set("maxmemory", "0")
    clock.beat()
    assert outcome_for(session) is Outcome.REVOKED


def test_only_one_clock_works_at_a_time_and_a_newer_one_fences_the_older_off(server):
    first, second = Clock(), Clock()

    assert first.beat()
    assert not second.beat()

    Lease.objects.filter(name=CLOCK_LEASE).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert second.beat()
    assert not first.beat()
    assert Lease.objects.get(name=CLOCK_LEASE).fence == 2


def test_the_trail_is_sealed_by_the_clock_that_leads_and_by_no_other(server, ines):
    first, second = Clock(), Clock()
    first.beat()
    second.beat()
    terminate(ines)

    assert second.seal() == 0
    assert first.seal() == AuditEntry.objects.count()
    assert ChainLink.objects.count() == AuditEntry.objects.count()
    assert Checkpoint.objects.get().size == AuditEntry.objects.count()


def test_the_trail_is_sealed_while_the_blacklist_is_frozen(server, ines):
    clock = Clock()
    server.freeze()
    terminate(ines)
    clock.beat()

    assert clock.seal() == AuditEntry.objects.count()


def test_a_clock_whose_lease_ran_out_in_its_sleep_does_not_seal(server, ines):
    clock = Clock()
    clock.beat()
    terminate(ines)
    clock._leads_until = time.monotonic()

    assert clock.seal() == 0


def test_the_sequence_grows_with_what_was_seen_present(server, ines):
    clock = Clock()
    clock.beat()
    before = BlacklistState.current().sequence
    open_session(ines)
    terminate(ines)

    clock.beat()

    state = BlacklistState.current()
    assert state.sequence == state.confirmed_sequence == before + 2
    assert not BlacklistEntry.objects.unsequenced().exists()


def test_a_database_set_back_to_a_backup_still_finds_its_way_above_the_markers(server, ines):
    session, clock = open_session(ines), Clock()
    clock.beat()
    server.restart()
    clock.beat()
    BlacklistState.objects.update(generation=1, sequence=0, confirmed_sequence=0, is_gate_open=False)

    clock.beat()
    clock.beat()

    assert outcome_for(session) is Outcome.ALLOWED


def test_an_entry_that_ran_out_unpublished_does_not_hold_up_the_clock(server, ines, otto):
    session, clock = open_session(otto), Clock()
    clock.beat()
    server.freeze()
    revocation = terminate(ines)
    BlacklistEntry.objects.update(expires_at_ms=int(timezone.now().timestamp() * 1000) - 1)

    server.thaw()
    clock.beat()
    clock.beat()

    revocation.refresh_from_db()
    assert revocation.cut_off_at is not None
    assert outcome_for(session) is Outcome.ALLOWED


def test_ending_somebody_without_any_identity_claims_nothing_while_the_blacklist_is_away(server):
    nobody = a_person("nobody")
    nobody.identities.all().delete()
    Clock().beat()
    server.freeze()

    away = terminate(nobody).cut_off_at
    server.thaw()
    Clock().beat()

    assert away is None


def test_a_role_that_reached_its_end_is_noted_by_the_clock(server, otto):
    a_grant(otto, Role.IT, expires_at=timezone.now() - timedelta(minutes=1))
    clock = Clock()
    clock.beat()

    clock.look_after()

    assert AuditEntry.objects.filter(event_code="RO-103").count() == 1


def test_health_knows_the_age_of_the_clock_and_proves_a_write(server):
    assert clock_age_seconds() is None

    Clock().beat()

    assert clock_age_seconds() is not None
    assert probe_blacklist().ok


def test_a_probe_of_a_frozen_server_is_not_ok(server):
    Clock().beat()
    server.freeze()

    assert not probe_blacklist().ok


# --- What outlives its entries --------------------------------------------------------------------


def ran_out(user: User, server: EmbeddedRedis) -> None:
    """What days without a clock leave behind: the entry is over, and the server has dropped its key."""
    now_ms = int(timezone.now().timestamp() * 1000)
    BlacklistEntry.objects.filter(user=user).update(cutoff_ms=now_ms - 3_600_000, expires_at_ms=now_ms - 1)
    with server.client() as client:
        client.delete(KeySpace("test").user(REALM, identity_of(user).person_id))


def a_block(user: User) -> None:
    terminate(user)


def a_demand(user: User) -> None:
    suspicion = Suspicion(reason=Reason.SECURITY_INCIDENT, received_at=timezone.now())
    person_suspected(user, suspicion, by=the_shell())


def a_loss(user: User) -> None:
    a_group("approvers", user)
    role_changed(user, [], by=the_shell(), wish=Wish(received_at=timezone.now()))


LASTING = pytest.mark.parametrize(
    ("what", "cause"), [(a_block, "user_blocked"), (a_demand, "step_up"), (a_loss, "claims_changed")]
)


@pytest.fixture
def comparable(issuer: Issuer) -> Issuer:
    """Whose tokens say with what somebody signed in, and which groups they are in."""
    Issuer.objects.filter(pk=issuer.pk).update(
        second_factor_claim="amr", second_factor_values=["otp"], entitlement_claims=["groups"]
    )
    return issuer


def signed_in_since(user: User) -> str:
    """A token of a session that began now, with a password alone and every group there was."""
    return token_for(user, amr=["pwd"], groups=["approvers"])


@pytest.mark.parametrize("what_else", ["nothing", "restart_empty"])
@LASTING
def test_what_lasts_and_ran_out_while_the_clock_stood_still_is_back_before_anybody_is_allowed(
    server, ines, comparable, what, cause, what_else
):
    stopped = Clock()
    stopped.beat()
    what(ines)
    stopped.beat()
    give_back(CLOCK_LEASE, holder=stopped.holder)
    ran_out(ines, server)
    getattr(server, what_else, lambda: None)()

    Clock().beat()

    assert verdict_on(signed_in_since(ines)).cause == cause


def test_what_lasts_is_back_before_the_marker_is_renewed_however_much_else_waits(
    server, ines, otto, comparable, monkeypatch
):
    monkeypatch.setattr(sweeper, "SWEPT_AT_ONCE", 1)
    stopped = Clock()
    stopped.beat()
    a_loss(otto)
    note_claims(otto, issuer=comparable, names=[], seen_at=timezone.now(), by=the_shell())
    a_demand(ines)
    stopped.beat()
    give_back(CLOCK_LEASE, holder=stopped.holder)
    BlacklistEntry.objects.filter(user=otto).update(published_revision=0)
    ran_out(ines, server)

    Clock().beat()

    assert verdict_on(signed_in_since(ines)).cause == "step_up"


@LASTING
def test_what_lasts_is_renewed_before_it_runs_out(server, ines, comparable, what, cause):
    Clock().beat()
    what(ines)
    in_a_minute_ms = int(timezone.now().timestamp() * 1000) + 60_000
    BlacklistEntry.objects.filter(kind="user").update(expires_at_ms=in_a_minute_ms)

    renewed = sweeper.renew_what_lasts()

    assert renewed == 1
    assert BlacklistEntry.objects.get(kind="user").expires_at_ms > in_a_minute_ms + 3_600_000


def test_what_is_over_is_not_renewed(server, ines, otto, issuer, comparable):
    Clock().beat()
    a_demand(ines)
    note_second_factor(ines, issuer=issuer, proved_at=timezone.now(), by=the_shell())
    a_loss(otto)
    note_claims(otto, issuer=issuer, names=[], seen_at=timezone.now(), by=the_shell())
    BlacklistEntry.objects.update(expires_at_ms=int(timezone.now().timestamp() * 1000) + 60_000)

    assert sweeper.renew_what_lasts() == 0


def test_a_block_is_renewed_in_time_however_short_sessions_are(issuer):
    issuer.max_session_seconds = issuer.max_token_seconds = 1
    issuer.clock_allowance_seconds = 0

    assert issuer.longest_life_ms / 2 > RENEW_SECONDS * 1000 * 2


@pytest.mark.usefixtures("server")
def test_addresses_whose_time_is_over_are_forgotten_by_the_clock(ines: User):
    long_ago = timezone.now() - timedelta(days=731)
    attempt = Attempt.objects.create(
        fingerprint="1",
        receipt="CF-0000000001",
        user=ines,
        where="wiki",
        cause="user_blocked",
        address="203.0.113.9",
        first_at=long_ago,
        last_at=long_ago,
    )

    clock = Clock()
    clock.beat()

    clock.look_after()

    attempt.refresh_from_db()
    assert attempt.address is None


def test_only_the_clock_that_leads_writes_entries_out(tmp_path: Path, settings: Settings, open_gate: object):
    settings.AUDIT_LOG = str(tmp_path / "audit.jsonl")
    leading, waiting = Clock(), Clock()
    Lease.objects.all().delete()
    assert leading.beat()
    assert not waiting.beat()
    leading.seal()

    assert waiting.write_log() == 0
    assert leading.write_log() == ChainLink.objects.count()
