"""Manual tasks: whose they are, what marking one done asks for, and what it leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEntry, ReceiptVersion
from sessions_app.changes.end_project import end_project
from sessions_app.models import Project, Role, Step, StepState, User
from tests.factories import a_grant, a_person, initiator_of
from tests.portal.endings.scenes import phoenix_of, resources_of
from tests.portal.signed_in import HTMX, browser_of, text_of
from tests.sessions_app.changes.test_end_project import a_wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

EVIDENCE = "removed in the console, list is empty"


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User) -> Project:
    phoenix = phoenix_of(paula)
    resources_of(phoenix)
    end_project(phoenix, a_wish(), by=initiator_of(paula))
    return phoenix


def task_of(person: User | None) -> Step:
    return Step.objects.get(user=person, is_manual=True)


def test_the_list_shows_one_row_for_each_resource_and_the_overdue_first(phoenix, ivan):
    Step.objects.filter(user=None).update(due_at=timezone.now() - timedelta(hours=2))

    page = text_of(browser_of(ivan).get("/tasks/"))

    assert page.index("deploy key phoenix-deploy") < page.index("GitHub team northwind/phoenix")
    assert "3 open tasks. 1 is overdue." in page
    assert "overdue, 1 left" in page


def test_one_person_s_task_is_marked_done_with_how_one_knows(phoenix, ivan, carlos, chen):
    step = task_of(carlos)

    answer = browser_of(ivan).post(f"/tasks/{step.pk}/", {"step": str(step.pk), "evidence": EVIDENCE})

    step.refresh_from_db()
    assert answer.status_code == 303
    assert (step.state, step.done_by, step.evidence) == (StepState.DONE, ivan, EVIDENCE)
    assert task_of(chen).state == StepState.WAITING
    assert AuditEntry.objects.get(event_code="PJ-130").person_id == carlos.pk


def test_everybody_who_is_left_is_marked_done_at_once(phoenix, ivan, carlos, chen):
    step = task_of(carlos)

    browser_of(ivan).post(f"/tasks/{step.pk}/", {"all": "yes", "evidence": EVIDENCE})

    assert {task_of(carlos).state, task_of(chen).state} == {StepState.DONE}
    assert task_of(None).state == StepState.WAITING
    assert AuditEntry.objects.filter(event_code="PJ-130").count() == 2


def test_the_receipt_gets_a_version_that_counts_the_tasks(phoenix, ivan, carlos):
    step = task_of(carlos)

    browser_of(ivan).post(f"/tasks/{step.pk}/", {"all": "yes", "evidence": EVIDENCE})

    newest = ReceiptVersion.objects.of(step.revocation.receipt).last()
    assert newest.facts["change"] == "tasks_done"
    assert {"system": "GitHub", "resource": str(step.resource_id), "done": 2} in newest.facts["systems"][
        "tasks"
    ]


@pytest.mark.parametrize("evidence", ["", "done", "   done    "])
def test_evidence_that_says_nothing_is_refused(phoenix, ivan, carlos, evidence):
    step = task_of(carlos)

    answer = browser_of(ivan).post(f"/tasks/{step.pk}/", {"step": str(step.pk), "evidence": evidence})

    assert answer.status_code == 422
    assert task_of(carlos).state == StepState.WAITING


def test_a_step_of_another_task_is_not_marked_by_its_id(phoenix, ivan, carlos):
    other = task_of(None)

    answer = browser_of(ivan).post(
        f"/tasks/{task_of(carlos).pk}/", {"step": str(other.pk), "evidence": EVIDENCE}
    )

    other.refresh_from_db()
    assert answer.status_code == 422
    assert other.state == StepState.WAITING


def test_pressing_twice_marks_once(phoenix, ivan, carlos):
    step = task_of(carlos)
    browser = browser_of(ivan)
    form = {"step": str(step.pk), "evidence": EVIDENCE}
    browser.post(f"/tasks/{step.pk}/", form)

    browser.post(f"/tasks/{step.pk}/", form)

    assert AuditEntry.objects.filter(event_code="PJ-130").count() == 1


def test_a_task_is_reopened_with_a_reason(phoenix, ivan, carlos):
    step = task_of(carlos)
    browser = browser_of(ivan)
    browser.post(f"/tasks/{step.pk}/", {"step": str(step.pk), "evidence": EVIDENCE})

    question = browser.get(f"/tasks/{step.pk}/reopen/", headers=HTMX)
    answer = browser.post(f"/tasks/{step.pk}/reopen/", {"reason": "he is still in the team"})

    step.refresh_from_db()
    assert "Reopen GitHub team northwind/phoenix?" in text_of(question)
    assert answer.status_code == 303
    assert (step.state, step.evidence, step.done_by) == (StepState.WAITING, "", None)
    assert AuditEntry.objects.filter(event_code="PJ-131").count() == 1


def test_what_is_open_is_not_reopened(phoenix, ivan, carlos):
    answer = browser_of(ivan).post(f"/tasks/{task_of(carlos).pk}/reopen/", {"reason": "because I say so"})

    assert answer.status_code == 409


def test_security_may_do_it_s_tasks_and_nobody_else_finds_them(phoenix, sam, paula, aude, carlos):
    step = task_of(carlos)
    narrow = a_person("mina", display_name="Mina Holt")
    a_grant(narrow, Role.IT, population_kind="country", population_value="NO")

    answers = [browser_of(each).get(f"/tasks/{step.pk}/").status_code for each in (sam, paula, aude, narrow)]

    assert answers == [200, 403, 403, 404]


def test_a_task_of_security_is_not_it_s(phoenix, ivan, carlos):
    Step.objects.update(owner_role=Role.SECURITY)

    assert browser_of(ivan).get(f"/tasks/{task_of(carlos).pk}/").status_code == 404
