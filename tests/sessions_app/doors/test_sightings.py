"""What services' guards report: believed as sightings, never as proofs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.initiators import the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.observations import folded, observe
from sessions_app.blacklist.reporting import reports_of
from sessions_app.models import (
    Attempt,
    Issuer,
    PointTally,
    RoleChange,
    Scope,
    Session,
    UnmatchedSighting,
    User,
)
from sessions_app.models.moments import to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.models.role_changes import RoleChangeState
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.sightings.quotas import LIMITS, Limit, Made
from tests.factories import ISS, an_enforcement_point, open_session, token_for, verdict_on
from tests.sessions_app.doors.machines import Machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def seen(user: User, **changes: Any) -> dict[str, Any]:
    return {
        "at": timezone.now().isoformat(),
        "where": "orders",
        "outcome": "allowed",
        "issuer": ISS,
        "realm": "northwind",
        "person": f"nw-{user.username}",
        "sid": "sid-new",
        "started_at": "2026-11-20T08:00:00Z",
        "address": "203.0.113.9",
        **changes,
    }


def report(*observations: dict[str, Any]) -> Any:
    return Machine(Scope.SIGHTINGS_WRITE).post("/sightings", {"observations": list(observations)})


def test_a_session_nobody_reported_becomes_known(ines: User):
    answer = report(seen(ines))

    assert answer.json() == {"sessions_begun": 1, "attempts": 0}
    assert Session.objects.get(sid="sid-new").user == ines


def test_what_the_reporter_of_a_service_sends_is_understood(ines: User):
    an_enforcement_point("orders")
    token = token_for(ines, sid="sid-new", jti="t-1")
    at_ms = to_milliseconds(timezone.now())
    checks = [
        observe(verdict_on(token), where="", at_ms=at_ms - each, address="203.0.113.9") for each in (0, 9)
    ]

    answers = [
        Machine(Scope.SIGHTINGS_WRITE).post("/sightings", json.loads(report.body)).status_code
        for report in reports_of(folded(checks), "orders")
    ]

    assert answers == [200]
    assert Session.objects.get(sid="sid-new").address == "203.0.113.9"
    assert PointTally.objects.get(outcome="allowed").times == 2


def test_a_refused_token_becomes_an_attempt(ines: User):
    order = Order(
        initiator=the_shell(),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=ines.pk),
        received_at=timezone.now(),
    )
    receipt = revoke(order).receipt

    report(seen(ines, outcome="revoked", cause="user_blocked", receipt=receipt))

    attempt = Attempt.objects.get()
    assert (attempt.user, attempt.where, attempt.receipt) == (ines, "orders", receipt)


def test_a_report_confirms_no_role_change_and_spoils_none(ines: User):
    order = Order(
        initiator=the_shell(),
        reason=Reason.ROLE_CHANGE,
        scope=OneUser(user_id=ines.pk),
        received_at=timezone.now(),
    )
    revocation = revoke(order)
    change = RoleChange.objects.create(
        user=ines, revocation=revocation, decided_at=revocation.decided_at, state=RoleChangeState.WAITING
    )

    report(seen(ines, outcome="revoked", cause="claims_changed", receipt=revocation.receipt))

    change.refresh_from_db()
    assert change.state == "waiting"


# --- What one credential can make in a day ---------------------------------------------------------


def limit(monkeypatch: pytest.MonkeyPatch, kind: Made, **numbers: int) -> None:
    monkeypatch.setitem(LIMITS, kind, Limit(**numbers))


def test_a_credential_makes_no_more_sessions_of_one_person_than_a_day_holds(
    ines: User, otto: User, monkeypatch: pytest.MonkeyPatch
):
    limit(monkeypatch, Made.SESSION, in_all=100, of_person=2)
    machine = Machine(Scope.SIGHTINGS_WRITE)

    answers = [
        machine.post("/sightings", {"observations": [seen(ines, sid=f"s-{n}"), seen(otto, sid=f"o-{n}")]})
        for n in (1, 2, 3)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert sorted(Session.objects.values_list("sid", flat=True)) == ["o-1", "o-2", "s-1", "s-2"]


def test_one_credential_that_reports_too_much_holds_up_no_other(ines: User, monkeypatch: pytest.MonkeyPatch):
    limit(monkeypatch, Made.SESSION, in_all=1)
    report(seen(ines, sid="s-1"), seen(ines, sid="s-2"))

    assert report(seen(ines, sid="s-3")).json()["sessions_begun"] == 1


def test_people_nobody_knows_are_kept_up_to_a_day_s_limit_and_repeats_cost_nothing(
    ines: User, monkeypatch: pytest.MonkeyPatch
):
    limit(monkeypatch, Made.UNMATCHED, in_all=2)
    machine = Machine(Scope.SIGHTINGS_WRITE)
    strangers = [seen(ines, person=f"stranger-{n}", sid=f"s-{n}") for n in (1, 1, 2, 3)]

    machine.post("/sightings", {"observations": strangers[:1]})
    machine.post("/sightings", {"observations": strangers})

    counted = dict(UnmatchedSighting.objects.values_list("person_id", "times_seen"))
    assert counted == {"stranger-1": 2, "stranger-2": 1}
    assert AuditEntry.objects.of_events("SE-102").count() == 2


def test_attempts_of_one_credential_are_bounded_in_all(ines: User, monkeypatch: pytest.MonkeyPatch):
    limit(monkeypatch, Made.ATTEMPT, in_all=2)
    order = Order(
        initiator=the_shell(),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=ines.pk),
        received_at=timezone.now(),
    )
    refused = {"outcome": "revoked", "cause": "user_blocked", "receipt": revoke(order).receipt}

    report(*[seen(ines, **refused, where=f"w-{n}") for n in range(4)])

    assert Attempt.objects.count() == 2


def test_a_moment_in_the_future_is_now(ines: User):
    session = open_session(ines, sid="sid-new", last_used_at=timezone.now())

    report(seen(ines, at="2199-01-01T00:00:00Z"))

    session.refresh_from_db()
    assert session.last_used_at <= timezone.now()


def test_a_report_about_somebody_else_s_session_moves_nothing(ines: User, otto: User):
    long_ago = timezone.now() - timedelta(hours=2)
    session = open_session(ines, sid="sid-of-ines", last_used_at=long_ago)

    report(seen(otto, sid="sid-of-ines"))

    session.refresh_from_db()
    assert session.last_used_at == long_ago


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "maybe"},
        {"where": ""},
        {"at": "now"},
        {"more": 1},
        {"address": "x" * 50},
        {"person": "x" * 600},
        {"times": 0},
    ],
    ids=str,
)
def test_what_is_no_observation_is_422(ines: User, changes: dict[str, Any]):
    assert report(seen(ines, **changes)).status_code == 422


def test_many_at_once_are_bounded(ines: User):
    assert report(*[seen(ines, person="p")] * 501).status_code in (413, 422)


def test_it_needs_its_own_scope(ines: User, issuer: Issuer):
    answer = Machine(Scope.SESSIONS_WRITE).post("/sightings", {"observations": [seen(ines)]})

    assert answer.status_code == 403
