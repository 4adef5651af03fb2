"""An auditor from outside: a stretch of the trail, a scope, no other page, and an end that comes by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from audit.events import Events
from audit.exports.forms import Form
from audit.exports.jobs import ask, run
from audit.exports.models import ExportJob
from audit.initiators import the_shell
from audit.models import AuditEntry
from audit.record import Target, record
from portal.audit_scope import entries_for
from sessions_app.models import Role, User
from tests.factories import a_grant, a_person, initiator_of
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

FIRST_QUARTER = {
    "entries_from": datetime(2026, 1, 1, tzinfo=UTC),
    "entries_until": datetime(2026, 4, 1, tzinfo=UTC),
}


def an_entry(at: str, about: User, *, project: str = "", by: User | None = None) -> AuditEntry:
    with time_machine.travel(at, tick=False), transaction.atomic():
        return record(
            Events.PERSON_CHANGED,
            initiator=initiator_of(by) if by else the_shell(),
            target=Target.of(about, label=about.display_name),
            project=project,
        )


def an_outsider(**grant: Any) -> User:
    outsider = a_person("odile", display_name="Odile Marchand")
    a_grant(outsider, Role.AUDITOR, expires_at=timezone.now() + timedelta(days=7), **FIRST_QUARTER, **grant)
    return outsider


def test_exactly_the_period_is_read(ines: User):
    an_entry("2025-12-31T23:59:59.999Z", ines)
    first = an_entry("2026-01-01T00:00:00Z", ines)
    last = an_entry("2026-03-31T23:59:59.999Z", ines)
    an_entry("2026-04-01T00:00:00Z", ines)

    assert list(entries_for(an_outsider())) == [first, last]


def test_an_entry_outside_the_period_does_not_exist_by_id(ines: User):
    outside = an_entry("2026-05-01T12:00:00Z", ines)

    assert browser_of(an_outsider()).get(f"/audit/{outside.pk}/").status_code == 404


def test_a_population_narrows_the_period_further(ines: User, carlos: User):
    an_entry("2026-02-01T12:00:00Z", ines)
    spanish = an_entry("2026-02-01T12:00:00Z", carlos)

    outsider = an_outsider(population_kind="country", population_value=carlos.country)

    assert list(entries_for(outsider)) == [spanish]


def test_a_project_is_its_entries_and_those_about_its_people(ines: User, otto: User):
    about_project = an_entry("2026-02-01T12:00:00Z", otto, project="phoenix")
    an_entry("2026-02-02T12:00:00Z", ines, project="atlas")

    outsider = an_outsider(population_kind="project", population_value="phoenix")

    assert list(entries_for(outsider)) == [about_project]


def test_the_page_says_which_period_it_is_and_shows_it_without_asking_for_a_time(ines: User):
    an_entry("2026-02-01T12:00:00Z", ines)

    page = text_of(browser_of(an_outsider()).get("/audit/"))

    assert "Your role opens a period of the trail" in page
    assert "Ines Almeida" in page
    assert f"/people/{ines.pk}/" not in page


@pytest.mark.parametrize(
    "address",
    ["/people/", "/sessions/", "/revocations/", "/settings/", "/settings/roles/", "/people/{ines}/"],
)
def test_no_other_page_opens(address: str, ines: User):
    assert browser_of(an_outsider()).get(address.format(ines=ines.pk)).status_code == 403


def test_details_are_masked_and_unmasked_as_for_every_auditor(ines: User, hana: User):
    entry = an_entry("2026-02-01T12:00:00Z", ines, by=hana)
    browser = browser_of(an_outsider())

    assert "198.51.100.20" not in text_of(browser.get(f"/audit/{entry.pk}/"))
    shown = browser.post(f"/audit/{entry.pk}/unmask/", {"purpose": "sample 7 of the audit"})
    assert "198.51.100.20" in text_of(shown)


def test_it_ends_by_itself(ines: User):
    outsider = an_outsider()
    browser = browser_of(outsider)
    assert browser.get("/audit/").status_code == 200

    outsider.role_grants.update(expires_at=timezone.now())

    assert browser.get("/audit/").status_code == 403


def test_a_lasting_role_beside_it_reads_as_before(ines: User, sam: User):
    a_grant(sam, Role.AUDITOR, expires_at=timezone.now() + timedelta(days=7), **FIRST_QUARTER)
    recent = an_entry("2026-05-01T12:00:00Z", ines)

    assert recent in entries_for(sam)


def test_an_export_holds_the_period_and_nothing_else(ines: User):
    inside = an_entry("2026-02-01T12:00:00Z", ines)
    an_entry("2026-05-01T12:00:00Z", ines)
    asked = {"q": "target:ines created:any", "form": "jsonl"}

    file = browser_of(an_outsider()).post("/audit/exports/", asked).getvalue().decode()

    assert [json.loads(line)["id"] for line in file.splitlines()] == [inside.pk]


# --- In the background ----------------------------------------------------------------------------


def asked_in_the_background(outsider: User) -> ExportJob:
    return ask(Form.JSON_LINES, line="target:ines created:any", with_notes=False, by=initiator_of(outsider))


def test_a_job_holds_the_period_and_nothing_else(ines: User):
    inside = an_entry("2026-02-01T12:00:00Z", ines)
    an_entry("2026-05-01T12:00:00Z", ines)
    outsider = an_outsider()
    job = asked_in_the_background(outsider)

    assert run(job.pk)
    file = browser_of(outsider).get(f"/audit/exports/{job.pk}/file").getvalue().decode()

    assert [json.loads(line)["id"] for line in file.splitlines()] == [inside.pk]


def test_a_job_that_was_asked_for_before_the_end_is_not_carried_out_after_it(ines: User):
    outsider = an_outsider()
    job = asked_in_the_background(outsider)
    outsider.role_grants.update(expires_at=timezone.now())

    assert not run(job.pk)
    assert not AuditEntry.objects.filter(event_code="EX-101").exists()


def test_a_file_that_was_written_before_the_end_is_not_fetched_after_it(ines: User):
    outsider = an_outsider()
    browser = browser_of(outsider)
    job = asked_in_the_background(outsider)
    run(job.pk)
    outsider.role_grants.update(expires_at=timezone.now())

    assert browser.get(f"/audit/exports/{job.pk}/file").status_code == 403


def test_nor_by_a_role_for_another_period(ines: User):
    outsider = an_outsider()
    job = asked_in_the_background(outsider)
    run(job.pk)
    outsider.role_grants.update(expires_at=timezone.now())
    next_quarter = {"entries_from": FIRST_QUARTER["entries_until"], "entries_until": timezone.now()}
    a_grant(outsider, Role.AUDITOR, expires_at=timezone.now() + timedelta(days=7), **next_quarter)

    answer = browser_of(outsider).get(f"/audit/exports/{job.pk}/file")

    assert (answer.status_code, answer["Location"]) == (303, "/audit/exports/")
    assert not AuditEntry.objects.filter(event_code="EX-102").exists()
