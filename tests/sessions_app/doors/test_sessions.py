"""POST /api/v1/sessions, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.models import Application, Identity, Issuer, Scope, Session, Token, UnmatchedSighting, User
from tests.factories import ISS, a_realm
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.doors.machines import Machine

pytestmark = pytest.mark.django_db(transaction=True)

BEGAN = timezone.now() - timedelta(minutes=30)


def a_report(**fields: Any) -> dict[str, Any]:
    return {"issuer": ISS, "person_id": "nw-ines", "sid": "s-1", "began_at": BEGAN.isoformat(), **fields}


def test_a_reported_sign_in_is_a_session_with_everything_the_sender_knows(
    ines: User, wiki: Application
) -> None:
    answer = Machine().post(
        "/sessions",
        a_report(
            application="wiki",
            address="203.0.113.9",
            user_agent="Firefox",
            device_id="d-77",
            place="Lisbon, PT",
            authentication_methods=["pwd", "otp"],
        ),
    )

    session = Session.objects.get(pk=answer.json()["id"])
    assert (answer.status_code, answer.json()["outcome"], answer.json()["open"]) == (201, "created", True)
    assert (session.user, session.sid, session.address) == (ines, "s-1", "203.0.113.9")
    assert (session.device_id, session.place, session.authentication_methods) == (
        "d-77",
        "Lisbon, PT",
        ["pwd", "otp"],
    )
    assert [application.key for application in session.applications.all()] == ["wiki"]
    assert session.expires_at == BEGAN + timedelta(days=1)


def test_the_same_report_again_changes_nothing(ines: User) -> None:
    machine = Machine()
    machine.post("/sessions", a_report())

    again = machine.post("/sessions", a_report())

    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    assert Session.objects.count() == 1
    assert AuditEntry.objects.filter(event_code="SE-101").count() == 1


def test_last_use_moves_forward_only(ines: User) -> None:
    machine = Machine()
    late, early = (BEGAN + timedelta(minutes=20)).isoformat(), (BEGAN + timedelta(minutes=5)).isoformat()
    machine.post("/sessions", a_report(last_used_at=late, address="203.0.113.2"))

    machine.post("/sessions", a_report(last_used_at=early, address="203.0.113.1"))

    session = Session.objects.get()
    assert session.last_used_at == BEGAN + timedelta(minutes=20)
    assert session.address == "203.0.113.2"


def test_the_start_never_changes_and_the_expiry_only_grows(ines: User) -> None:
    machine = Machine()
    machine.post("/sessions", a_report(expires_at=(BEGAN + timedelta(hours=2)).isoformat()))

    machine.post(
        "/sessions",
        a_report(
            began_at=timezone.now().isoformat(),
            expires_at=(timezone.now() + timedelta(minutes=1)).isoformat(),
        ),
    )

    session = Session.objects.get()
    assert session.began_at == BEGAN
    assert session.expires_at == BEGAN + timedelta(hours=2)


def test_where_there_is_no_sid_person_start_and_client_are_the_session(ines: User) -> None:
    machine = Machine()
    machine.post("/sessions", a_report(sid=None, client="firefox"))
    machine.post("/sessions", a_report(sid=None, client="firefox"))

    machine.post("/sessions", a_report(sid=None, client="telephone"))

    assert Session.objects.count() == 2


def test_naming_an_existing_person_links_a_new_identity(ines: User) -> None:
    answer = Machine().post("/sessions", a_report(person_id="azure-42", person={"external_id": "ext-ines"}))

    assert answer.status_code == 201
    assert Identity.objects.get(person_id="azure-42").user == ines
    assert AuditEntry.objects.filter(event_code="PE-103").count() == 1


def test_an_identity_of_somebody_else_is_a_conflict(ines: User, carlos: User) -> None:
    answer = Machine().post("/sessions", a_report(person={"username": "carlos"}))

    assert (answer.status_code, answer.json()["code"]) == (409, "identity_taken")
    assert Session.objects.count() == 0
    assert AuditEntry.objects.filter(event_code="PE-104F", person_id=carlos.pk).count() == 1


def test_an_unknown_person_is_not_found_and_the_sighting_is_kept_and_counted(issuer: Issuer) -> None:
    machine = Machine()
    machine.post("/sessions", a_report(person_id="stranger", user_agent="Firefox"))

    answer = machine.post("/sessions", a_report(person_id="stranger", user_agent="Firefox"))

    sighting = UnmatchedSighting.objects.get()
    assert (answer.status_code, answer.json()["code"]) == (404, "person_unknown")
    assert (sighting.person_id, sighting.sid, sighting.times_seen) == ("stranger", "s-1", 2)
    assert sighting.facts["user_agent"] == "Firefox"
    assert AuditEntry.objects.filter(event_code="SE-102").count() == 1


def test_a_session_id_of_somebody_else_is_a_conflict(ines: User, carlos: User) -> None:
    machine = Machine()
    machine.post("/sessions", a_report())

    answer = machine.post("/sessions", a_report(person_id="nw-carlos"))

    assert (answer.status_code, answer.json()["code"]) == (409, "session_taken")
    assert Session.objects.get().user == ines


def test_a_sign_in_of_somebody_blocked_is_never_shown_as_open(open_gate: EmbeddedRedis, ines: User) -> None:
    machine = Machine()
    ended = machine.post("/revocations", {"person": {"username": "ines"}, "reason": "offboarding"}).json()

    answer = machine.post("/sessions", a_report(began_at=timezone.now().isoformat()))

    session = Session.objects.get()
    assert (answer.status_code, answer.json()["open"]) == (201, False)
    assert session.ended_by is not None
    assert session.ended_by.receipt == ended["receipt"]


def test_a_sign_in_from_before_the_cutoff_that_is_reported_late_is_over(
    open_gate: EmbeddedRedis, ines: User
) -> None:
    machine = Machine()
    machine.post("/revocations", {"person": {"username": "ines"}, "reason": "role_change"})

    answer = machine.post("/sessions", a_report())

    assert answer.json()["open"] is False
    assert Session.objects.open().count() == 0


def test_tokens_of_the_session_are_known_by_their_ids(ines: User) -> None:
    expires_at = (timezone.now() + timedelta(minutes=5)).isoformat()

    Machine().post("/sessions", a_report(tokens=[{"id": "jti-1", "expires_at": expires_at}]))

    token = Token.objects.get()
    assert (token.token_id, token.session.sid, token.kind) == ("jti-1", "s-1", "access")
    assert token.session.token_expires_at == token.expires_at


def test_an_unknown_application_or_issuer_is_said(ines: User) -> None:
    assert Machine().post("/sessions", a_report(application="nope")).json()["code"] == "application_unknown"
    assert (
        Machine().post("/sessions", a_report(issuer="https://nobody.example")).json()["code"]
        == "realm_unknown"
    )
    assert Session.objects.count() == 0


def test_a_machine_cannot_report_a_sign_in_at_the_portal_itself(ines: User) -> None:
    a_realm("urn:curfew:portal:test")
    report = {
        name: value for name, value in a_report(realm="urn:curfew:portal:test").items() if name != "issuer"
    }

    assert Machine().post("/sessions", report).json()["code"] == "realm_unknown"


def test_hostile_texts_are_kept_without_what_nobody_can_see(ines: User) -> None:
    Machine().post(
        "/sessions",
        a_report(
            user_agent="<script>alert(1)</script>\u202e\r\nX-Evil: 1" + "A" * 3000, place="\x1b[31mBerlin"
        ),
    )

    session = Session.objects.get()
    assert session.user_agent.startswith("<script>alert(1)</script> X-Evil: 1AAA")
    assert len(session.user_agent) == 1000
    assert session.place == "[31mBerlin"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"address": "not-an-address"}, "#/address"),
        ({"address": "fe80::1%eth0"}, "#/address"),
        ({"began_at": "2999-01-01T00:00:00Z"}, "#/began_at"),
        ({"began_at": (timezone.now() + timedelta(hours=1)).isoformat()}, "#/began_at"),
        ({"began_at": "2026-01-01T00:00:00"}, "#/began_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "#/expires_at"),
        ({"person_id": ""}, "#/person_id"),
        ({"person_id": "ü" * 300}, "#/person_id"),
        ({"sid": ""}, "#/sid"),
        ({"person_id": 17}, "#/person_id"),
        ({"surprise": 1}, "#/surprise"),
        ({"realm": "northwind"}, "#"),
    ],
)
def test_an_impossible_report_names_the_field(ines: User, fields: dict[str, Any], pointer: str) -> None:
    answer = Machine().post("/sessions", a_report(**fields))

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert Session.objects.count() == 0


def test_reporting_needs_its_scope(ines: User) -> None:
    answer = Machine(Scope.REVOCATIONS_WRITE).post("/sessions", a_report())

    assert answer.status_code == 403
    assert AuditEntry.objects.filter(event_code="AC-403F").count() == 1


@pytest.mark.parametrize(
    "times",
    [
        {"expires_at": "9999-12-31T23:59:59-12:00"},
        {"expires_at": "2030-01-01T00:00:00Z", "issued_at": "0001-01-01T00:00:00+14:00"},
    ],
    ids=["ends", "issued"],
)
def test_a_token_from_beyond_all_calendars_is_refused_in_words(ines: User, times: dict[str, str]) -> None:
    body = a_report(tokens=[{"id": "t-1", **times}])

    answer = Machine().post("/sessions", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/tokens")
