"""What holds for every address of the API: who is let in, what a body may be, how an error looks."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.models import MachineCredential, Revocation, Scope, User
from tests.factories import a_credential, with_password
from tests.sessions_app.doors.machines import Machine

pytestmark = pytest.mark.django_db

ORDER = {"person": {"username": "ines"}, "reason": "offboarding"}


# --- Who is calling -------------------------------------------------------------------------------


def test_without_a_credential_the_answer_is_a_problem_document() -> None:
    answer = Machine(secret="").post("/revocations", ORDER)

    problem = answer.json()
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="curfew"')
    assert answer["Content-Type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (401, "credential_required")
    assert problem["type"] == "urn:curfew:problem:credential_required"
    assert problem["request_id"] == answer["X-Request-Id"]


def refused(secret: str) -> tuple[int, dict[str, object]]:
    answer = Machine(secret=secret).post("/revocations", ORDER)
    problem = answer.json()
    del problem["request_id"]
    return answer.status_code, problem


def test_no_answer_tells_which_part_of_a_credential_was_wrong() -> None:
    day = timedelta(days=1)
    missing = refused("")

    assert missing[0] == 401
    assert refused("cfm_00000000_unknown") == missing
    assert refused(a_credential()[:-1] + "~") == missing
    assert refused(a_credential(expires_at=timezone.now() - day)) == missing
    assert refused(a_credential(revoked_at=timezone.now() - day)) == missing
    assert refused(a_credential(networks=["192.0.2.0/24"])) == missing
    assert refused("x" * 5000) == missing


def test_a_credential_is_good_only_in_its_network(ines: User) -> None:
    inside = Machine(networks=["127.0.0.0/8"])

    assert inside.post("/revocations", {**ORDER, "reason": "role_change"}).status_code in {201, 202}


def test_a_wrong_scope_is_refused_and_recorded(ines: User) -> None:
    answer = Machine(Scope.SESSIONS_WRITE).post("/revocations", ORDER)

    entry = AuditEntry.objects.get(event_code="AC-403F")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert entry.initiator_kind == "machine"
    assert Revocation.objects.count() == 0


def test_a_signed_in_person_is_nobody_here(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(with_password(ada))

    answer = client.post("/api/v1/revocations", ORDER, content_type="application/json")

    assert answer.status_code == 401


def test_use_is_noted_at_most_once_a_minute() -> None:
    machine = Machine()
    machine.get("/people/nobody")
    first = MachineCredential.objects.get().last_used_at

    machine.get("/people/nobody")

    assert first is not None
    assert MachineCredential.objects.get().last_used_at == first


# --- What a body may be ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_body"),
        (b"\xff\xfe", 400, "malformed_body"),
        (b'{"reason": NaN}', 400, "malformed_body"),
        (b'{"reason": "offboarding", "reason": "role_change"}', 400, "malformed_body"),
        (b"[" * 30_000, 400, "body_too_deep"),
        (b'{"note": ' + b"[" * 20 + b"]" * 20 + b"}", 400, "body_too_deep"),
        (b'{"note": "' + b"a" * 70_000 + b'"}', 413, "body_too_large"),
        (b'{"note": "' + b"a" * 3_000_000 + b'"}', 413, "body_too_large"),
        (b'{"note": "\\u0000"}', 422, "hidden_characters"),
        (b'{"note\\u0000": ""}', 422, "hidden_characters"),
        (b'{"note": "\\ud800"}', 422, "hidden_characters"),
        (b'{"note": ' + b"9" * 5000 + b"}", 400, "malformed_body"),
        (b"[]", 422, "validation"),
        (b"null", 422, "validation"),
        (b"", 422, "validation"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, status: int, code: str) -> None:
    answer = Machine().send("POST", "/revocations", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_only_json_is_read() -> None:
    answer = Machine().send(
        "POST", "/revocations", b"reason=offboarding", "application/x-www-form-urlencoded"
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")


def test_an_error_says_where_and_never_what_was_sent() -> None:
    answer = Machine().post("/revocations", {**ORDER, "ticket": "cfm_deadbeef_" + "s" * 200})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/ticket"]
    assert b"deadbeef" not in answer.content


def test_an_idempotency_key_is_printable_and_bounded() -> None:
    answer = Machine().post("/revocations", ORDER, idempotency_key="k" * 201)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "Idempotency-Key")


def test_an_external_id_in_the_address_is_an_id(ines: User) -> None:
    assert Machine().get("/people/a%00b").status_code == 422
    assert Machine().get("/people/" + "x" * 201).status_code == 422


# --- How everything else is answered --------------------------------------------------------------


def test_unknown_addresses_and_methods_are_problem_documents() -> None:
    nowhere, wrong = Machine().post("/nowhere", {}), Machine().send("DELETE", "/revocations", b"")

    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"], wrong["Allow"]) == (405, "method_not_allowed", "POST")
    assert Machine().get("/").json()["code"] == "not_found"


def test_while_the_database_is_away_a_machine_is_told_to_come_back() -> None:
    machine = Machine()

    with mock.patch(
        "sessions_app.doors.callers.MachineCredential.objects.filter", side_effect=OperationalError
    ):
        answer = machine.post("/revocations", ORDER)

    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "2")


def test_a_failure_of_ours_tells_nothing_but_its_number() -> None:
    machine = Machine()

    with mock.patch("sessions_app.doors.api.revocations._scope", side_effect=ZeroDivisionError("secret")):
        answer = machine.post("/revocations", ORDER)

    assert (answer.status_code, answer.json()["code"]) == (500, "failed")
    assert b"secret" not in answer.content


def test_answers_are_never_kept_by_a_cache() -> None:
    assert Machine().get("/people/nobody")["Cache-Control"] == "no-store"


def test_the_api_describes_itself() -> None:
    answer = Client().get("/api/v1/openapi.json")

    document = answer.json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/sessions",
        "/api/v1/people/{external_id}",
        "/api/v1/revocations",
        "/api/v1/projects/{key}/end",
        "/api/v1/groups/{name}/revocations",
        "/api/v1/revocations/{receipt}",
        "/api/v1/revocations/{receipt}/versions/{version}",
        "/api/v1/events",
        "/api/v1/sightings",
        "/api/v1/groups/{name}/members",
        "/api/v1/audit/exports",
        "/api/v1/audit/exports/{export_id}",
        "/api/v1/audit/exports/{export_id}/download",
        "/api/v1/audit/exports/{export_id}/cancel",
    }
    assert Client().get("/api/v1/docs").status_code == 404
