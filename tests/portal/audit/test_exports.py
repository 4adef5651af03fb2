"""The trail as a file, from the page: what is filtered, as the reader may see it, and an entry that it was taken."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from audit.exports.jobs import run
from audit.exports.models import ExportJob
from audit.exports.sweeping import expire
from audit.models import AuditEntry
from audit.signing import current_fingerprint
from audit.verifier import check_bundle
from portal.views import audit_exports
from sessions_app.models import Role, RoleGrant, User
from sessions_app.models.roles import PopulationKind
from tests.factories import a_grant, a_person
from tests.portal.audit.test_page import a_termination
from tests.portal.signed_in import HTMX, browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def take(reader: User, line: str = "", form: str = "csv", **more: str) -> HttpResponse:
    return browser_of(reader).post("/audit/exports/", {"q": line, "form": form, **more})


def table(reader: User, line: str = "", **more: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(take(reader, line, **more).getvalue().decode("utf-8-sig"))))


def objects(reader: User, line: str = "", **more: str) -> list[dict[str, Any]]:
    body = take(reader, line, form="jsonl", **more).getvalue().decode()
    return [json.loads(text) for text in body.splitlines()]


def test_a_file_has_exactly_what_the_page_lists(sam: User, hana: User, ivan: User, ines: User):
    a_termination(ines, by=hana)
    a_termination(ines, by=ivan)

    (row,) = table(sam, "actor:hana action:RV")
    (kept,) = objects(sam, "actor:hana action:RV")

    assert (row["initiator"], row["target"], row["code"]) == ("Hana Weiss", "Ines Almeida", "RV-101")
    assert kept["id"] == int(row["id"])


def test_the_file_says_what_it_is_and_is_kept_by_no_cache(sam: User):
    answer = take(sam)
    answer.close()

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    assert answer["Cache-Control"] == "no-store"


def test_taking_a_file_is_an_entry_with_who_what_how_many_and_the_hash(sam: User, hana: User, ines: User):
    a_termination(ines, by=hana)

    body = take(sam, "actor:hana action:RV").getvalue()

    entry = AuditEntry.objects.get(event_code="EX-101")
    assert entry.initiator_id == str(sam.pk)
    assert entry.details["rows"] == 1
    assert entry.details["unsealed"] == 1
    assert entry.details["sha256"] == hashlib.sha256(body).hexdigest()
    assert entry.subjects.get(kind="filter").value == "actor:hana action:RV created:30d"


def test_hr_takes_what_they_did_themselves(hana: User, ivan: User, ines: User):
    a_termination(ines, by=hana)
    a_termination(ines, by=ivan)

    assert {row["initiator"] for row in table(hana)} == {"Hana Weiss"}


def test_a_population_ends_where_it_ends_on_the_page(ines: User, hana: User):
    reader = a_person("nora", display_name="Nora Lund")
    a_grant(reader, Role.IT, population_kind=PopulationKind.COUNTRY, population_value="NO")
    a_termination(ines, by=hana)

    assert "Ines Almeida" not in {row["target"] for row in table(reader)}


def test_the_auditor_gets_half_of_an_address_and_security_all_of_it(
    aude: User, sam: User, hana: User, ines: User
):
    a_termination(ines, by=hana)

    (masked,), (whole,) = table(aude, "actor:hana action:RV"), table(sam, "actor:hana action:RV")

    assert "•" in masked["initiator_address"]
    assert whole["initiator_address"] == "198.51.100.20"


def test_notes_are_in_no_file_unless_ticked_and_then_only_for_whom_they_are(
    aude: User, sam: User, hana: User, ines: User
):
    a_termination(ines, by=hana, note="left on Friday")

    assert "Friday" not in str(table(sam)) + str(objects(hana))
    assert "Friday" in str(table(sam, notes="on"))
    assert "Friday" in str(table(hana, notes="on"))
    assert "Friday" not in str(table(aude, notes="on"))
    assert [entry.details["notes"] for entry in AuditEntry.objects.filter(event_code="EX-101")].count(
        "yes"
    ) == 3


@pytest.mark.parametrize(("line", "form"), [("colour:red", "csv"), ("", "exe"), ("", "")])
def test_what_cannot_be_read_makes_no_file(line: str, form: str, sam: User):
    answer = take(sam, line, form=form)

    assert answer.status_code == 400
    assert not AuditEntry.objects.filter(event_code="EX-101").exists()


def test_the_menu_is_there_for_whom_it_works(sam: User, otto: User):
    assert 'name="form" value="csv"' in browser_of(sam).get("/audit/").content.decode()
    assert take(otto).status_code == 403


def test_a_third_file_at_once_has_to_wait_and_leaves_no_entry(sam: User, aude: User):
    held = [take(sam), take(sam)]

    third = take(sam)

    assert (third.status_code, third["Retry-After"]) == (503, "10")
    assert "Other files are still on their way" in third.content.decode()
    assert AuditEntry.objects.filter(event_code="EX-101").count() == 2
    held.append(take(aude))
    assert [file.getvalue() for file in held].count(b"") == 0


# --- Large ones, in the background ----------------------------------------------------------------


@pytest.fixture
def two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one entry is a large export."""
    monkeypatch.setattr(audit_exports, "DIRECT_ROWS", 1)


def a_large_export(reader: User, hana: User, ines: User, **more: str) -> ExportJob:
    a_termination(ines, by=hana, note="left on Friday")
    a_termination(ines, by=hana)
    answer = take(reader, "actor:hana action:RV", **more)
    assert (answer.status_code, answer["Location"]) == (303, "/audit/exports/")
    return ExportJob.objects.get()


@pytest.mark.usefixtures("two_are_many")
def test_a_large_export_is_written_in_the_background_and_fetched_by_whom_it_is_for(
    sam: User, hana: User, ines: User
):
    job = a_large_export(sam, hana, ines)
    waiting = text_of(browser_of(sam).get("/audit/exports/"))
    assert run(job.pk)

    page = text_of(browser_of(sam).get("/audit/exports/"))
    answer = browser_of(sam).get(f"/audit/exports/{job.pk}/file")

    assert "Waiting" in waiting
    assert f"/audit/exports/{job.pk}/file" in page
    rows = list(csv.DictReader(StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert {row["initiator"] for row in rows} == {"Hana Weiss"}
    assert AuditEntry.objects.get(event_code="EX-101").initiator_id == str(sam.pk)
    assert AuditEntry.objects.get(event_code="EX-102").details["rows"] == 2


@pytest.mark.usefixtures("two_are_many")
def test_the_background_knows_masks_and_notes_as_the_page_does(aude: User, hana: User, ines: User):
    job = a_large_export(aude, hana, ines, notes="on")
    run(job.pk)

    body = browser_of(aude).get(f"/audit/exports/{job.pk}/file").getvalue().decode()

    assert "•" in body
    assert "Friday" not in body
    assert "198.51.100.20" not in body


def test_a_signed_bundle_is_always_written_in_the_background_and_holds_what_its_reader_sees(
    aude: User, hana: User, ines: User, tmp_path: Path
):
    job = a_large_export(aude, hana, ines, form="bundle", notes="on")
    assert run(job.pk)

    answer = browser_of(aude).get(f"/audit/exports/{job.pk}/file")
    path = tmp_path / "export.zip"
    path.write_bytes(answer.getvalue())
    entries = zipfile.ZipFile(path).read("entries.jsonl").decode()

    assert (answer["Content-Type"], answer["Content-Disposition"][-5:]) == ("application/zip", '.zip"')
    assert check_bundle(path, fingerprint=current_fingerprint()).verdict == "genuine"
    assert [word in entries for word in ("Ines Almeida", "198.51.100.20", "Friday")] == [True, False, False]


@pytest.mark.usefixtures("two_are_many")
def test_somebody_elses_export_does_not_exist(sam: User, aude: User, hana: User, ines: User):
    job = a_large_export(sam, hana, ines)
    run(job.pk)
    other = browser_of(aude)

    assert other.get(f"/audit/exports/{job.pk}/file").status_code == 404
    assert other.post(f"/audit/exports/{job.pk}/cancel/").status_code == 404
    assert str(job.pk) not in text_of(other.get("/audit/exports/"))


@pytest.mark.usefixtures("two_are_many")
def test_a_file_whose_time_is_over_is_not_there(sam: User, hana: User, ines: User):
    job = a_large_export(sam, hana, ines)
    run(job.pk)
    ExportJob.objects.update(expires_at=timezone.now())
    expire()

    assert browser_of(sam).get(f"/audit/exports/{job.pk}/file").status_code == 404
    assert "Expired" in text_of(browser_of(sam).get("/audit/exports/"))


@pytest.mark.usefixtures("two_are_many")
def test_a_file_whose_time_is_over_is_not_there_before_it_is_swept_either(sam: User, hana: User, ines: User):
    job = a_large_export(sam, hana, ines)
    run(job.pk)
    ExportJob.objects.update(expires_at=timezone.now())

    assert browser_of(sam).get(f"/audit/exports/{job.pk}/file").status_code == 404
    assert "Expired" in text_of(browser_of(sam).get("/audit/exports/"))


@pytest.mark.usefixtures("two_are_many")
def test_a_role_taken_meanwhile_ends_the_export(sam: User, hana: User, ines: User):
    job = a_large_export(sam, hana, ines)
    RoleGrant.objects.filter(user=sam).update(revoked_at=timezone.now())

    assert not run(job.pk)
    assert ExportJob.objects.get().state == "failed"


@pytest.mark.usefixtures("two_are_many")
def test_a_file_written_by_a_role_that_is_gone_is_not_handed_out(hana: User, sam: User, ines: User):
    """HR may export what HR did, which is not what the file holds."""
    a_termination(ines, by=sam)
    beside = a_grant(hana, Role.AUDITOR)
    job = a_large_export(hana, hana, ines)
    run(job.pk)
    browser = browser_of(hana)
    before = text_of(browser.get("/audit/exports/"))
    RoleGrant.objects.filter(pk=beside.pk).update(revoked_at=timezone.now())

    answer = browser.get(f"/audit/exports/{job.pk}/file")
    after = text_of(browser.get("/audit/exports/"))

    assert f"/audit/exports/{job.pk}/file" in before
    assert (answer.status_code, answer["Location"]) == (303, "/audit/exports/")
    assert f"/audit/exports/{job.pk}/file" not in after
    assert "Your roles have changed since this file was written" in after
    assert not AuditEntry.objects.filter(event_code="EX-102").exists()


@pytest.mark.usefixtures("two_are_many")
def test_a_role_gained_meanwhile_withholds_nothing(sam: User, hana: User, ines: User):
    job = a_large_export(sam, hana, ines)
    run(job.pk)
    a_grant(sam, Role.AUDITOR)

    answer = browser_of(sam).get(f"/audit/exports/{job.pk}/file")

    answer.getvalue()
    assert answer.status_code == 200


@pytest.mark.usefixtures("two_are_many")
def test_one_cancels_ones_own_and_too_many_at_once_are_refused(sam: User, hana: User, ines: User):
    job = a_large_export(sam, hana, ines)
    browser_of(sam).post(f"/audit/exports/{job.pk}/cancel/")
    answers = [take(sam, "action:RV").status_code for _ in range(4)]

    assert ExportJob.objects.get(pk=job.pk).state == "cancelled"
    assert answers == [303] * 4
    assert ExportJob.objects.unfinished().count() == 3


@pytest.mark.usefixtures("two_are_many")
def test_the_list_refreshes_itself_only_while_something_is_under_way(sam: User, hana: User, ines: User):
    job = a_large_export(sam, hana, ines)
    busy = text_of(browser_of(sam).get("/audit/exports/", headers=HTMX))
    run(job.pk)
    idle = text_of(browser_of(sam).get("/audit/exports/", headers=HTMX))

    assert 'hx-trigger="every 1s"' in busy
    assert "hx-trigger" not in idle
