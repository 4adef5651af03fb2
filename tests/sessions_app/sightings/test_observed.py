"""What guards saw becomes sessions, last uses, attempts, tallies and proofs; nothing of it can be conjured up."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from audit.initiators import the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.observations import Observation, ObservationBuffer, observe
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import (
    Application,
    Attempt,
    BlacklistEntry,
    Issuer,
    PointTally,
    Revocation,
    RoleChange,
    RoleChangeState,
    Session,
    UnmatchedSighting,
    User,
)
from sessions_app.models.moments import to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.sightings.flushing import Flusher
from sessions_app.sightings.observed import keep_observations, the_guard
from tests.factories import an_enforcement_point, open_session, token_for, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def saw(token: str, *, where: str = "default", address: str = "203.0.113.9", **fields: object) -> Observation:
    """One check of this token, now."""
    at_ms = int(time.time() * 1000)
    return observe(verdict_on(token), where=where, at_ms=at_ms, address=address, **fields)  # type: ignore[arg-type]  # a scene's


def keep(*batch: Observation) -> None:
    keep_observations(batch, by=the_guard())


def end_access(user: User, reason: Reason = Reason.OFFBOARDING) -> Revocation:
    scope = OneUser(user_id=user.pk)
    return revoke(Order(initiator=the_shell(), reason=reason, scope=scope, received_at=timezone.now()))


def saw_refused(user: User) -> Observation:
    """One use, just now, of what was ended before."""
    token = token_for(user, open_session(user))
    end_access(user)
    return saw(token)


def next_second() -> None:
    """A session that began in the cutoff's own second is over."""
    time.sleep(1.01 - time.time() % 1)


# --- Sessions -------------------------------------------------------------------------------------


def test_a_good_token_of_a_session_nobody_reported_becomes_a_session(ines: User, wiki: Application):
    an_enforcement_point("wiki", application=wiki)

    keep(saw(token_for(ines, sid="sid-new", client_id="desktop"), where="wiki"))

    session = Session.objects.get(sid="sid-new")
    assert (session.user, session.client, session.address) == (ines, "desktop", "203.0.113.9")
    assert list(session.applications.all()) == [wiki]
    assert AuditEntry.objects.get(event_code="SE-101").initiator_id == "guard"


def test_one_session_seen_at_two_applications_lists_both(ines: User, wiki: Application, payroll: Application):
    an_enforcement_point("wiki", application=wiki)
    an_enforcement_point("payroll", application=payroll)
    new, known = token_for(ines, sid="sid-new"), token_for(ines, open_session(ines, sid="sid-known"))

    keep(saw(new, where="wiki"), saw(new, where="payroll"))
    keep(saw(known, where="payroll"))

    assert set(Session.objects.get(sid="sid-new").applications.all()) == {wiki, payroll}
    assert payroll in Session.objects.get(sid="sid-known").applications.all()


def test_a_session_seen_often_is_one_session(ines: User):
    token = token_for(ines, sid="sid-new")

    keep(saw(token), saw(token))
    keep(saw(token))

    assert Session.objects.filter(sid="sid-new").count() == 1


def test_somebody_nobody_knows_is_kept_as_unmatched(ines: User):
    keep(saw(token_for(ines, sub="nw-stranger", sid="s-1")))

    assert UnmatchedSighting.objects.get().person_id == "nw-stranger"
    assert not Session.objects.exists()


def test_last_use_moves_at_most_once_a_minute_and_never_back(ines: User):
    session = open_session(ines, last_used_at=timezone.now() - timedelta(minutes=30))
    keep(saw(token_for(ines, session)))
    session.refresh_from_db()
    first = session.last_used_at

    keep(saw(token_for(ines, session)))
    session.refresh_from_db()

    assert timezone.now() - first < timedelta(minutes=1)
    assert session.last_used_at == first


@pytest.mark.parametrize("token", ["garbage", "a.b.c", ""])
def test_what_is_no_good_token_leaves_nothing_but_a_tally(issuer: Issuer, token: str):
    an_enforcement_point()

    keep(saw(token))

    assert not Session.objects.exists()
    assert not UnmatchedSighting.objects.exists()
    assert PointTally.objects.get().outcome == "invalid"


def test_a_session_over_before_it_was_seen_is_never_opened(ines: User):
    token = token_for(ines, sid="late")
    seen = saw(token)
    end_access(ines)

    keep(seen)

    assert Session.objects.get(sid="late").ended_at is not None


# --- Attempts -------------------------------------------------------------------------------------


def test_a_refused_token_is_an_attempt_after_the_cutoff(ines: User, wiki: Application):
    an_enforcement_point("wiki", application=wiki)
    session = open_session(ines)
    token = token_for(ines, session)
    revocation = end_access(ines)

    keep(saw(token, where="wiki"), saw(token, where="wiki"))

    attempt = Attempt.objects.get()
    assert (attempt.receipt, attempt.user, attempt.session) == (revocation.receipt, ines, session)
    assert (attempt.application, attempt.where, attempt.address) == (wiki, "wiki", "203.0.113.9")
    assert (attempt.times, attempt.cause) == (2, "user_blocked")


def test_the_same_attempt_is_counted_and_one_from_elsewhere_stands_beside_it(ines: User):
    token = token_for(ines, open_session(ines))
    end_access(ines)

    keep(saw(token))
    keep(saw(token))
    keep(saw(token, address="198.51.100.1"))

    assert sorted(Attempt.objects.values_list("times", flat=True)) == [1, 2]


def test_who_comes_from_ever_new_addresses_fills_no_table(ines: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sessions_app.sightings.observed.ATTEMPTS_A_DAY", 3)
    refused = open_session(ines)
    token = token_for(ines, refused)
    end_access(ines)

    keep(*[saw(token, address=f"2001:db8::{number:x}") for number in range(1, 11)])

    counted = list(Attempt.objects.order_by("pk").values_list("times", flat=True))
    assert counted == [1, 1, 1, 7]
    assert Attempt.objects.filter(address=None, where="").count() == 1


def test_who_comes_as_ever_new_sessions_at_ever_new_places_for_ever_new_causes_fills_no_table(
    ines: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sessions_app.sightings.observed.ATTEMPTS_A_DAY", 3)
    seen = saw_refused(ines)

    keep(*[replace(seen, sid=f"s-{n}", where=f"w-{n}", cause=f"c-{n}") for n in range(1, 11)])

    assert list(Attempt.objects.order_by("pk").values_list("cause", "times")) == [
        ("other", 1),
        ("other", 1),
        ("other", 1),
        ("other", 7),
    ]


def test_what_is_older_than_a_day_is_no_attempt_and_in_no_tally(ines: User):
    an_enforcement_point()
    seen = saw_refused(ines)

    keep(replace(seen, at_ms=seen.at_ms - 25 * 3_600_000))

    assert not Attempt.objects.exists()
    assert not PointTally.objects.exists()


def test_the_receipt_of_somebody_else_makes_no_attempt(ines: User, otto: User):
    seen = saw_refused(otto)

    keep(replace(seen, person="nw-ines"))

    assert not Attempt.objects.exists()


def test_what_is_counted_stops_where_the_column_ends(ines: User):
    many = replace(saw_refused(ines), times=1_500_000_000)

    keep(many)
    keep(many)

    assert Attempt.objects.get().times == 2_000_000_000


def test_what_was_only_observed_is_no_attempt(ines: User):
    token = token_for(ines, open_session(ines))
    end_access(ines)

    keep(saw(token, was_enforced=False))

    assert not Attempt.objects.exists()


def test_a_receipt_we_never_gave_out_is_kept_nowhere(ines: User):
    made_up = Observation(
        at_ms=to_milliseconds(timezone.now()),
        where="anywhere",
        outcome=Outcome.REVOKED,
        cause="user_blocked",
        receipt="CF-0000000000",
        realm="northwind",
        person="nw-ines",
    )

    keep(made_up)

    assert not Attempt.objects.exists()


# --- Tallies --------------------------------------------------------------------------------------


def test_what_enforcing_would_have_refused_is_counted_by_cause(ines: User):
    point = an_enforcement_point("trial", mode="observe")
    ended, good = token_for(ines, open_session(ines)), token_for(ines)
    allowed = saw(good, where="trial", was_enforced=False)
    end_access(ines)

    keep(
        allowed,
        saw(ended, where="trial", was_enforced=False),
        saw("garbage", where="trial", was_enforced=False),
    )
    keep(saw(ended, where="trial", was_enforced=False))

    counted = {(tally.outcome, tally.cause): tally.times for tally in point.tallies.all()}
    assert counted == {("allowed", ""): 1, ("revoked", "user_blocked"): 2, ("invalid", "malformed"): 1}


def test_the_last_time_is_that_of_each_cause_and_a_late_report_never_moves_it_back(issuer: Issuer):
    an_enforcement_point()
    at_ms = int(time.time() // 3600) * 3_600_000

    def refused(cause: str, second: int) -> Observation:
        at = at_ms + second * 1000
        return Observation(at_ms=at, where="default", outcome=Outcome.INVALID, cause=cause)

    keep(refused("expired", 30), refused("malformed", 50))
    keep(refused("expired", 10))

    seconds = {tally.cause: (tally.last_at.second, tally.times) for tally in PointTally.objects.all()}
    assert seconds == {"expired": (30, 2), "malformed": (50, 1)}


def test_a_cause_nobody_gave_is_counted_as_another_reason(issuer: Issuer):
    an_enforcement_point()
    seen = saw("garbage")

    keep(replace(seen, cause="made up"), replace(seen, cause="made up too"))

    assert list(PointTally.objects.values_list("cause", "times")) == [("other", 2)]


def test_a_text_no_database_takes_costs_the_others_nothing(ines: User):
    good = saw(token_for(ines, sid="sid-new"))

    keep(replace(good, sid="a\x00b"), good)

    assert list(Session.objects.values_list("sid", flat=True)) == ["sid-new"]


# --- Proofs ---------------------------------------------------------------------------------------


@pytest.fixture
def with_factors(issuer: Issuer) -> Issuer:
    Issuer.objects.filter(pk=issuer.pk).update(
        second_factor_claim="amr", second_factor_values=["otp"], clock_allowance_seconds=0
    )
    return issuer


def test_the_first_token_with_a_second_factor_ends_the_demand_everywhere(ines: User, with_factors: Issuer):
    revocation = end_access(ines, Reason.SECURITY_INCIDENT)
    next_second()
    without, proved = token_for(ines, amr=["pwd"]), token_for(ines, amr=["pwd", "otp"])
    assert verdict_on(without).cause == "step_up"

    keep(saw(proved))

    revocation.refresh_from_db()
    assert revocation.second_factor_proved_to == with_factors
    assert verdict_on(without).outcome is Outcome.ALLOWED
    assert AuditEntry.objects.filter(event_code="RV-130", receipt=revocation.receipt).count() == 1
    assert BlacklistEntry.objects.get(kind="user").second_factor_since_ms == 0


def test_a_proof_of_before_the_demand_that_arrives_late_does_not_end_it(ines: User, with_factors: Issuer):
    """Guards report once a second, services less often: whoever ended access meanwhile was not meant."""
    end_access(ines, Reason.SECURITY_INCIDENT)
    next_second()
    late = saw(token_for(ines, amr=["pwd", "otp"]))
    end_access(ines, Reason.SECURITY_INCIDENT)

    keep(replace(late, at_ms=BlacklistEntry.objects.get(kind="user").second_factor_since_ms - 1))

    assert BlacklistEntry.objects.get(kind="user").second_factor_since_ms > 0


def a_downgrade(user: User) -> RoleChange:
    """The person lost `approve`, as a role change decides it."""
    user.lost_claims = ["approve"]
    user.save(update_fields=["lost_claims"])
    revocation = end_access(user, Reason.ROLE_CHANGE)
    return RoleChange.objects.create(
        user=user,
        revocation=revocation,
        lost=[{"application": "wiki", "role": "approve"}],
        decided_at=revocation.decided_at,
        state=RoleChangeState.WAITING,
    )


@pytest.fixture
def with_roles(issuer: Issuer) -> Issuer:
    Issuer.objects.filter(pk=issuer.pk).update(entitlement_claims=["roles"], clock_allowance_seconds=0)
    return issuer


def test_a_new_token_that_says_less_confirms_the_role_change(ines: User, with_roles: Issuer):
    change = a_downgrade(ines)
    next_second()

    keep(saw(token_for(ines, roles=["read"])))

    change.refresh_from_db()
    assert (change.state, change.checked_issuer, change.seen) == ("confirmed", with_roles, ["read"])


def test_a_new_token_that_says_as_much_is_refused_and_raises_an_alarm(ines: User, with_roles: Issuer):
    change = a_downgrade(ines)
    next_second()
    unreduced = saw(token_for(ines, roles=["approve", "read"]))

    keep(unreduced, unreduced)
    change.refresh_from_db()
    alarmed = change.state
    keep(saw(token_for(ines, roles=["read"])))
    change.refresh_from_db()

    assert unreduced.cause == "claims_changed"
    assert (alarmed, change.state) == ("not_reduced", "confirmed")
    assert AuditEntry.objects.filter(event_code="RV-141F").count() == 1


def test_where_an_issuer_names_no_roles_it_says_that_it_cannot_be_compared(ines: User, issuer: Issuer):
    Issuer.objects.update(clock_allowance_seconds=0)
    change = a_downgrade(ines)
    next_second()

    keep(saw(token_for(ines)))

    change.refresh_from_db()
    assert change.state == "not_checkable"


# --- The way from the guard to SQL ----------------------------------------------------------------


def test_a_full_buffer_drops_and_counts_and_never_waits(ines: User):
    buffer = ObservationBuffer(size=2)
    seen = saw(token_for(ines))

    for _time in range(5):
        buffer.add(seen)

    assert (len(buffer), buffer.dropped(), buffer.dropped()) == (2, 3, 0)


def test_while_sql_is_away_what_was_seen_waits(ines: User, monkeypatch: pytest.MonkeyPatch):
    flusher = Flusher()
    flusher.buffer.add(saw(token_for(ines, sid="sid-new")))

    def away(*_args: object, **_fields: object) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr("django.db.backends.utils.CursorWrapper.execute", away)
        flusher.flush()
    assert len(flusher.buffer) == 1
    flusher.flush()

    assert Session.objects.filter(sid="sid-new").exists()


def test_one_observation_that_cannot_be_kept_costs_the_others_nothing(ines: User, issuer: Issuer):
    good = saw(token_for(ines, sid="sid-new"))
    beyond_every_calendar = replace(good, sid="sid-odd", started_ms=10**18)

    keep(beyond_every_calendar, good)

    assert list(Session.objects.values_list("sid", flat=True)) == ["sid-new"]


def test_while_sql_is_away_nothing_is_counted_twice(ines: User, monkeypatch: pytest.MonkeyPatch):
    an_enforcement_point()
    token = token_for(ines, open_session(ines))
    end_access(ines)
    flusher = Flusher()
    flusher.buffer.add(saw(token))

    def away(*_args: object, **_fields: object) -> None:
        raise OperationalError("the database went away in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(Attempt.objects, "create", away)
        flusher.flush()
    flusher.flush()

    assert PointTally.objects.get().times == 1
    assert Attempt.objects.get().times == 1
