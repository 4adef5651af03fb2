"""POST /projects/<key>/end and the event project.ended: a program ends a project, within what needs nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import EndingState, Project, ProjectEnding, Revocation, Scope, User
from tests.factories import a_policy, open_session, token_for, verdict_on
from tests.portal.endings.scenes import phoenix_of
from tests.sessions_app.doors.machines import Machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def machine(db: None) -> Machine:
    return Machine(Scope.PROJECTS_END)


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User) -> Project:
    return phoenix_of(paula)


def test_a_project_is_ended_and_everybody_on_it_cut_off(machine, phoenix, carlos):
    session = open_session(carlos)

    answer = machine.post("/projects/phoenix/end", {"note": "contract over", "ticket": "PRJ-7"})

    said = answer.json()
    assert answer.status_code == 201
    assert (said["state"], said["people"], said["sessions_ended"]) == ("done", 2, 1)
    assert answer.headers["Location"].endswith(said["receipt"])
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_what_has_ended_answers_with_the_same_receipt(machine, phoenix):
    first = machine.post("/projects/phoenix/end", {})

    again = machine.post("/projects/phoenix/end", {})

    assert again.status_code == 200
    assert again.json()["receipt"] == first.json()["receipt"]
    assert again.json()["already_done"] is True
    assert Revocation.objects.count() == 1


def test_at_a_moment_it_is_scheduled_and_nobody_is_cut_off_yet(machine, phoenix, carlos):
    session = open_session(carlos)
    due_at = timezone.now() + timedelta(hours=5)

    answer = machine.post("/projects/phoenix/end", {"due_at": due_at.isoformat()})

    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["receipt"]) == ("scheduled", None)
    assert ProjectEnding.objects.get().due_at == due_at
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.ALLOWED


@pytest.mark.parametrize(
    "body",
    [
        {"due_at": "2026-11-30T18:00:00"},
        {"due_at": "soon"},
        {"due_at": "2030-01-01T00:00:00Z"},
        {"ticket": "a whole sentence about somebody"},
        {"reason": "offboarding"},
        {"note": "x" * 2001},
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_ends(machine, phoenix, body):
    answer = machine.post("/projects/phoenix/end", body)

    assert answer.status_code == 422
    assert not ProjectEnding.objects.exists()


def test_a_project_that_does_not_exist_is_not_found(machine, phoenix):
    assert machine.post("/projects/nowhere/end", {}).status_code == 404


def test_the_same_key_with_another_body_is_refused(machine, phoenix):
    machine.post("/projects/phoenix/end", {}, idempotency_key="night-1")

    same = machine.post("/projects/phoenix/end", {}, idempotency_key="night-1")
    other = machine.post("/projects/phoenix/end", {"note": "another"}, idempotency_key="night-1")

    assert (same.status_code, other.status_code) == (200, 422)


def test_a_credential_without_the_scope_ends_nothing(phoenix):
    answer = Machine(*set(Scope) - {Scope.PROJECTS_END}).post("/projects/phoenix/end", {})

    assert answer.status_code == 403
    assert not ProjectEnding.objects.exists()


def test_what_takes_a_second_person_is_refused_with_who_must_ask_and_recorded(machine, phoenix):
    a_policy(people_alone=1)

    answer = machine.post("/projects/phoenix/end", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "second_person_asks_first")
    assert "must ask for it in Curfew" in answer.json()["detail"]
    assert "many_people" in answer.json()["why"]
    assert not ProjectEnding.objects.exists()
    assert AuditEntry.objects.filter(event_code="RV-112F").count() == 1


def test_what_has_ended_already_is_answered_whatever_the_policy_says_now(machine, phoenix):
    machine.post("/projects/phoenix/end", {})
    a_policy(people_alone=1)

    assert machine.post("/projects/phoenix/end", {}).status_code == 200


# --- The event ----------------------------------------------------------------------------------------


def event(**fields: object) -> dict[str, object]:
    usual = {
        "id": "evt-1",
        "type": "project.ended",
        "occurred_at": "2026-11-26T08:00:00Z",
        "project": "phoenix",
    }
    return {**usual, **fields}


def test_an_event_ends_the_project_once_however_often_it_is_sent(machine, phoenix, carlos):
    session = open_session(carlos)

    answers = [machine.post("/events", event()) for _time in range(2)]

    assert [answer.json()["outcome"] for answer in answers] == ["applied", "applied"]
    assert ProjectEnding.objects.get().state == EndingState.DONE
    assert verdict_on(token_for(carlos, session)).outcome == Outcome.REVOKED


def test_another_event_about_the_same_project_has_nothing_to_do(machine, phoenix):
    machine.post("/events", event())

    assert machine.post("/events", event(id="evt-2")).json()["outcome"] == "nothing_to_do"


def test_an_event_about_a_project_nobody_knows_is_kept_unmatched(machine, phoenix):
    assert machine.post("/events", event(project="nowhere")).json()["outcome"] == "unmatched"


@pytest.mark.parametrize(
    "fields",
    [
        {"project": None},
        {"person": {"username": "carlos"}},
        {"type": "user.deactivated"},
        {"type": "user.deactivated", "project": None},
    ],
)
def test_an_event_names_the_project_or_the_person_and_never_both(machine, phoenix, fields):
    assert machine.post("/events", event(**fields)).status_code == 422


def test_a_program_that_reports_people_ends_no_project_by_an_event(phoenix):
    answer = Machine(Scope.REVOCATIONS_WRITE).post("/events", event())

    assert answer.status_code == 403
    assert not ProjectEnding.objects.exists()
