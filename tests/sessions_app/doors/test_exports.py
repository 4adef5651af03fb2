"""The trail as a file through /api/v1/: the question of the page, in the background, for the credential that asked."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from django.http import HttpResponse
from django.utils import timezone

from audit.exports.forms import Form
from audit.exports.jobs import run
from audit.exports.models import KEYS_LIVE, MOST_UNFINISHED, ExportJob, State
from audit.models import AuditEntry
from sessions_app.doors.api import exports
from sessions_app.models import MachineCredential, Scope, User
from tests.portal.audit.test_page import a_termination
from tests.sessions_app.doors.machines import Machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine() -> Machine:
    return Machine(Scope.AUDIT_EXPORT, name="Archive")


def ask(machine: Machine, q: str = "action:RV-101", form: str = "csv", **headers: str) -> HttpResponse:
    return machine.post("/audit/exports", {"q": q, "format": form}, **headers)


def asked(machine: Machine, q: str = "action:RV-101", form: str = "csv") -> str:
    return str(ask(machine, q, form).json()["id"])


def written(machine: Machine, q: str = "action:RV-101", form: str = "csv") -> str:
    export_id = asked(machine, q, form)
    assert run(UUID(export_id))
    return export_id


def shown(machine: Machine, export_id: str) -> dict[str, Any]:
    found: dict[str, Any] = machine.get(f"/audit/exports/{export_id}").json()
    return found


def fetched(machine: Machine, export_id: str) -> HttpResponse:
    return machine.get(f"/audit/exports/{export_id}/download")


def table(machine: Machine, q: str = "action:RV-101") -> list[dict[str, str]]:
    body = fetched(machine, written(machine, q)).getvalue().decode("utf-8-sig")
    return list(csv.DictReader(StringIO(body)))


def objects(machine: Machine, q: str = "action:RV-101") -> list[dict[str, Any]]:
    body = fetched(machine, written(machine, q, "jsonl")).getvalue().decode()
    return [json.loads(line) for line in body.splitlines()]


# --- From the question to the file ----------------------------------------------------------------


def test_an_export_is_accepted_followed_and_fetched(machine: Machine, hana: User, ines: User):
    a_termination(ines, by=hana)

    answer = ask(machine)
    export_id = answer.json()["id"]
    waiting = machine.get(answer["Location"].removeprefix("/api/v1")).json()
    run(UUID(export_id))
    ready = shown(machine, export_id)
    file = machine.get(ready["download"].removeprefix("/api/v1"))

    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/audit/exports/{export_id}")
    assert (waiting["state"], waiting["rows_total"], waiting["download"]) == ("waiting", None, None)
    assert (ready["state"], ready["rows_done"], ready["rows_total"]) == ("ready", 1, 1)
    body = file.getvalue()
    assert (ready["size"], ready["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert file["Content-Disposition"].startswith('attachment; filename="audit-')
    assert file["Cache-Control"] == "no-store"


@pytest.mark.parametrize("form", Form)
def test_every_form_that_exists_can_be_asked_for(form: Form, machine: Machine):
    file = fetched(machine, written(machine, "", form.value))

    file.getvalue()
    assert file["Content-Type"] == form.content_type


def test_exactly_what_the_question_names_is_in_the_file(machine: Machine, hana: User, ivan: User, ines: User):
    a_termination(ines, by=hana)
    a_termination(ines, by=ivan)

    (row,) = table(machine, "actor:hana action:RV-101")
    (kept,) = objects(machine, "actor:hana action:RV-101")

    assert (row["initiator"], row["target"]) == ("Hana Weiss", "Ines Almeida")
    assert kept["id"] == int(row["id"])


def test_no_question_is_the_whole_trail_however_old(machine: Machine, hana: User, ines: User):
    with_time = AuditEntry.objects.count()
    a_termination(ines, by=hana)

    export_id = asked(machine, "")
    run(UUID(export_id))

    assert shown(machine, export_id)["rows_done"] == with_time + 2  # and the one that it was asked for


def test_details_are_masked_and_notes_left_out_as_for_an_auditor(machine: Machine, hana: User, ines: User):
    a_termination(ines, by=hana, note="left on Friday")

    (row,) = objects(machine)

    assert "•" in row["initiator_address"]
    assert "note" not in row
    assert "Friday" not in json.dumps(row)


def test_a_bundle_shows_no_more_of_a_person_than_a_table_does(machine: Machine, hana: User, ines: User):
    """Half of an address could not prove itself, so none of it is there."""
    a_termination(ines, by=hana, note="left on Friday")

    file = fetched(machine, written(machine, form="bundle")).getvalue()

    with ZipFile(BytesIO(file)) as bundle:
        everything = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert "Hana Weiss" in everything
    assert "198.51.100" not in everything
    assert "Friday" not in everything


def test_every_step_is_an_entry_by_the_credential(machine: Machine, hana: User, ines: User):
    a_termination(ines, by=hana)
    export_id = written(machine)

    fetched(machine, export_id).getvalue()

    found = AuditEntry.objects.filter(event_code__startswith="EX-").order_by("id")
    credential = MachineCredential.objects.get()
    assert [entry.event_code for entry in found] == ["EX-103", "EX-101", "EX-102"]
    assert {(entry.initiator_kind, entry.initiator_id, entry.door) for entry in found} == {
        ("machine", credential.prefix, "api")
    }
    assert {entry.subjects.get(role="initiator", kind="name").value for entry in found} == {"Archive"}
    assert found[1].details["sha256"] == shown(machine, export_id)["sha256"]
    assert found[1].subjects.get(kind="filter").value == "action:RV-101"


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "said"),
    [
        ("colour:red", "colour:"),
        ("reason:boredom", "boredom"),
        ("created:yesterdayish", "yesterdayish"),
        ('actor:"half', "half"),
        ("receipt:nonsense", "nonsense"),
    ],
)
def test_a_question_that_is_not_understood_says_which_part(q: str, said: str, machine: Machine):
    answer = ask(machine, q)

    assert (answer.status_code, answer.json()["code"]) == (422, "question_unreadable")
    assert said in answer.json()["detail"]
    assert not ExportJob.objects.exists()


def test_a_form_that_does_not_exist_is_answered_with_those_that_do(machine: Machine):
    answer = ask(machine, form="exe")

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "#/format")
    assert [form.value for form in Form if f"'{form.value}'" in error["detail"]] == Form.values


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"q": "a" * 501, "format": "csv"}, "#/q"),
        ({"q": "", "format": "csv", "notes": True}, "#/notes"),
        ({"q": ""}, "#/format"),
    ],
    ids=["longer than a line may be", "with notes", "no form"],
)
def test_a_body_is_what_is_described_and_nothing_else(body: object, pointer: str, machine: Machine):
    answer = machine.post("/audit/exports", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize(
    "path", ["", "/{export}", "/{export}/download"], ids=["the list", "one of them", "its file"]
)
def test_nothing_is_read_without_the_scope(path: str, machine: Machine):
    address = "/audit/exports" + path.format(export=written(machine))

    answer = Machine(*set(Scope) - {Scope.AUDIT_EXPORT}).get(address)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_another_credential_s_export_does_not_exist(machine: Machine):
    export_id, other = written(machine), Machine(Scope.AUDIT_EXPORT)

    answers = [
        other.get(f"/audit/exports/{export_id}"),
        other.get(f"/audit/exports?after={export_id}"),
        fetched(other, export_id),
        other.post(f"/audit/exports/{export_id}/cancel", {}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert other.get("/audit/exports").json() == {"exports": [], "next": None}


@pytest.mark.parametrize(
    "name", ["6f1c7b52-9c1e-4a0e-8d3f-0b5a4b0c9a11", "1", "..%2f..%2fcurfew.sqlite3", "%00"]
)
def test_an_id_nobody_was_given_leads_nowhere(name: str, machine: Machine):
    assert machine.get(f"/audit/exports/{name}/download").status_code == 404


def test_a_file_is_not_there_before_it_is_written_and_says_so(machine: Machine):
    answer = fetched(machine, asked(machine))

    assert (answer.status_code, answer.json()["code"]) == (409, "export_unfinished")


def test_a_file_whose_time_is_over_is_gone_also_before_it_is_swept(machine: Machine):
    export_id = written(machine)
    ExportJob.objects.update(expires_at=timezone.now())

    answer = fetched(machine, export_id)

    assert (answer.status_code, answer.json()["code"]) == (410, "export_expired")
    assert (shown(machine, export_id)["state"], shown(machine, export_id)["download"]) == ("expired", None)
    assert not AuditEntry.objects.filter(event_code="EX-102").exists()


def test_what_was_cancelled_has_no_file_and_is_not_cancelled_twice(machine: Machine):
    export_id = asked(machine)

    cancelled = machine.post(f"/audit/exports/{export_id}/cancel", {})
    again = machine.post(f"/audit/exports/{export_id}/cancel", {})
    file = fetched(machine, export_id)

    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert (again.status_code, again.json()["code"]) == (409, "export_finished")
    assert (file.status_code, file.json()["code"]) == (409, "export_without_file")


def test_a_fourth_at_once_is_told_to_wait(machine: Machine):
    before = [ask(machine).status_code for _ in range(MOST_UNFINISHED)]

    answer = ask(machine)

    assert before == [202] * MOST_UNFINISHED
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_exports")
    assert ask(Machine(Scope.AUDIT_EXPORT)).status_code == 202


def test_a_third_file_at_once_has_to_wait_and_leaves_no_entry(machine: Machine):
    export_id = written(machine)
    held = [fetched(machine, export_id) for _ in range(2)]

    third = fetched(machine, export_id)

    assert (third.status_code, third.json()["code"], third["Retry-After"]) == (503, "files_under_way", "10")
    assert AuditEntry.objects.filter(event_code="EX-102").count() == 2
    assert [file.getvalue() for file in held].count(b"") == 0
    assert fetched(machine, export_id).getvalue()


# --- A credential that is not good any more ---------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}, {"scopes": ["revocations:read"]}],
    ids=["revoked", "over", "without the scope"],
)
def test_a_credential_that_lost_the_right_meanwhile_gets_no_file(change: dict[str, Any], machine: Machine):
    export_id = asked(machine)
    MachineCredential.objects.update(**change)

    assert not run(UUID(export_id))
    assert ExportJob.objects.get().state == State.FAILED
    assert not AuditEntry.objects.filter(event_code="EX-101").exists()


def test_a_revoked_credential_fetches_nothing_of_what_it_asked_for(machine: Machine):
    export_id = written(machine)
    MachineCredential.objects.update(revoked_at=timezone.now())

    assert fetched(machine, export_id).status_code == 401


# --- Repeats --------------------------------------------------------------------------------------


def test_the_same_call_twice_makes_one_export(machine: Machine):
    first, second = (ask(machine, idempotency_key="night-1") for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert AuditEntry.objects.filter(event_code="EX-103").count() == 1


def test_a_key_used_again_for_something_else_is_refused(machine: Machine):
    ask(machine, idempotency_key="night-1")

    answers = [
        ask(machine, "action:RV-102", idempotency_key="night-1"),
        ask(machine, form="jsonl", idempotency_key="night-1"),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(422, "order_key_reused")}


def test_a_key_is_the_caller_s_own_and_lives_for_a_day(machine: Machine):
    ask(machine, idempotency_key="night-1")
    ask(Machine(Scope.AUDIT_EXPORT), idempotency_key="night-1")
    ExportJob.objects.update(asked_at=timezone.now() - KEYS_LIVE - timedelta(seconds=1))

    ask(machine, "action:RV-102", idempotency_key="night-1")

    assert ExportJob.objects.count() == 3


# --- The list -------------------------------------------------------------------------------------


def test_the_list_goes_back_page_by_page(machine: Machine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exports, "LISTED", 2)
    newest_last = [asked(machine) for _ in range(3)]

    first = machine.get("/audit/exports").json()
    second = machine.get(f"/audit/exports?after={first['next']}").json()

    assert [each["id"] for each in first["exports"]] == newest_last[:0:-1]
    assert [each["id"] for each in second["exports"]] == newest_last[:1]
    assert second["next"] is None
