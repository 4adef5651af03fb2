"""The report of a project's end: from entries alone, the same after everybody is erased, and checked without us."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.utils import timezone

from audit import verifier
from audit.evidence import project_words as words
from audit.evidence.project_document import document_of, fingerprint_of
from audit.evidence.project_files import Reading, ReportForm, written
from audit.evidence.project_report import ProjectReport, report_of
from audit.models import AuditEntry
from audit.signing import current_fingerprint
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.project_checks import check_now
from sessions_app.changes.project_preview import preview_of
from sessions_app.changes.steps import mark_done, reopen
from sessions_app.models import Membership, Project, ProjectEnding, ProjectResource, Session, Step, User
from sessions_app.personal_data.erasure import erase_person
from sessions_app.scheduled.clock import Clock
from tests.audit.evidence.scenes import a_phoenix, ended, report_on
from tests.factories import a_group, a_person, a_resource, an_application, initiator_of, open_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User) -> Project:
    return a_phoenix(paula)


def for_auditors(**said: object) -> Reading:
    return Reading(**{"made_at": timezone.now(), "to_the_moment": True, **said})


def table_of(report: ProjectReport, **said: object) -> list[dict[str, str]]:
    content = written(report, ReportForm.CSV, for_auditors(**said)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def pack_of(report: ProjectReport, folder: Path) -> Path:
    path = folder / "report.zip"
    path.write_bytes(written(report, ReportForm.ZIP, for_auditors()))
    return path


# --- What it says ---------------------------------------------------------------------------------


def test_before_a_project_has_ended_there_is_none(phoenix):
    assert report_of("phoenix", AuditEntry.objects.all()) is None


def test_it_says_of_each_contractor_what_the_database_has(phoenix, paula, carlos, chen):
    last, other = open_session(carlos), open_session(carlos, last_used_at=timezone.now() - timedelta(days=2))
    ending = ended(phoenix, paula)

    report = report_on(phoenix)

    of = {each.name: each for each in report.contractors}
    target = ending.revocation.targets.get(user=carlos)
    assert (other.last_used_at < last.last_used_at, of["Carlos Vega"].sessions_ended) == (True, 2)
    assert abs(of["Carlos Vega"].last_active_at - last.last_used_at) < timedelta(milliseconds=1)
    assert int(of["Carlos Vega"].cutoff_at.timestamp() * 1000) == target.cutoff_ms
    assert (of["Carlos Vega"].blocks_sign_in, of["Carlos Vega"].keeps) == (True, ())
    assert (of["Chen Wei"].blocks_sign_in, of["Chen Wei"].keeps) == (False, ("atlas",))
    assert {task.name for task in of["Chen Wei"].tasks} == {"northwind/phoenix"}
    assert [task.name for task in report.tasks] == ["deploy-phoenix"]
    assert report.is_finished
    assert report.receipt == ending.revocation.receipt


def test_it_says_who_asked_although_the_clock_ended_it(phoenix, paula):
    ended(phoenix, paula, due_at=timezone.now() + timedelta(hours=1))
    ProjectEnding.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    clock = Clock()
    clock._leads_until = float("inf")

    clock.carry_on()

    report = report_on(phoenix)
    assert (report.asked_by.name, report.ordered_by.kind) == ("Paula Reyes", "clock")
    assert dict(words.end_facts(report))["Asked by"] == "Paula Reyes"


def test_it_says_what_had_changed_since_the_preview(phoenix, paula, otto):
    seen = preview_of(phoenix, by=initiator_of(paula)).as_json()
    a_group("phoenix", otto)

    end_project(phoenix, EndingWish(received_at=timezone.now(), seen=seen), by=initiator_of(paula))

    said = words.news_words(report_on(phoenix))
    assert "came: Otto Berg" in said
    assert "GitHub 3 shown, GitHub 4 found" in said


def test_without_a_change_it_says_so(phoenix, paula):
    ended(phoenix, paula)

    assert words.news_words(report_on(phoenix)) == "nothing"


def test_exceptions_come_first_the_worst_before_the_others(phoenix, paula, ivan, ada, carlos):
    a_group("phoenix", ada)
    erp = an_application("erp", asks="not_at_all", token_seconds=2700)
    open_session(carlos, erp)
    ending = ended(phoenix, paula)
    a_group("phoenix", carlos)
    check_now(ending, by=initiator_of(ivan))

    in_time = words.exceptions_of(report_on(phoenix), at=timezone.now())
    a_day_later = words.exceptions_of(report_on(phoenix), at=timezone.now() + timedelta(hours=25))

    found = [(each.who, each.what.split(":")[0].split(" until")[0]) for each in in_time]
    assert found[0] == ("Later check", "asked for")
    assert ("Ada Lindqvist", "Sessions stay") in found
    assert ("Carlos Vega", "An application that never asks lets a token in") in found
    assert len(found) == 3
    assert {each.what.split(" since")[0] for each in a_day_later[3:]} == {
        "GitHub, deploy key deploy-phoenix: overdue",
        "GitHub, GitHub team northwind/phoenix: overdue",
    }
    assert [each.name for each in report_on(phoenix).contractors][:2] == ["Ada Lindqvist", "Carlos Vega"]


def test_a_task_that_was_done_says_by_whom_and_how_they_know_until_it_is_reopened(
    phoenix, paula, ivan, carlos
):
    ended(phoenix, paula)
    step = Step.objects.get(user=carlos, is_manual=True)
    mark_done([step.pk], evidence="Team page shows four members, Carlos is gone", by=initiator_of(ivan))

    done = line_of(phoenix, step)
    reopen(step, reason="He is back in the team since", by=initiator_of(ivan))
    again = line_of(phoenix, step)

    assert (done.shown, done.by, done.evidence) == (
        words.Shown.SAID,
        "Ivan Petrov",
        "Team page shows four members, Carlos is gone",
    )
    assert AuditEntry.objects.get(pk=done.entry).event_code == "PJ-130"
    assert (again.shown, again.evidence) == (words.Shown.WAITING, "He is back in the team since")


def line_of(project: Project, step: Step) -> words.SystemLine:
    (task,) = [each for each in report_on(project).all_tasks if each.id == str(step.pk)]
    return words.task_line(task)


def test_each_later_check_is_a_line_whether_done_or_planned(phoenix, paula, ivan, carlos):
    ending = ended(phoenix, paula)
    a_group("phoenix", carlos)
    check_now(ending, by=initiator_of(ivan))

    lines = [(words.which_words(each), words.check_words(each)) for each in report_on(phoenix).checks]

    assert [which for which, _said in lines] == [
        "asked for",
        "after 1 hour",
        "after 1 day",
        "after 7 days",
        "after 30 days",
    ]
    assert lines[0][1] == "1 person back in its groups (2 people looked at, 3 tasks open)"
    assert lines[1][1].startswith("due ")


def test_a_project_without_anybody_has_a_report_as_well(paula):
    empty = a_phoenix(paula)
    ended(empty, paula)

    report = report_on(empty)

    assert (report.contractors, report.is_finished) == ((), True)
    assert [row["what"] for row in table_of(report)] == ["deploy key deploy-phoenix"]


# --- It stays what it is --------------------------------------------------------------------------


def test_it_reads_the_same_after_everybody_on_it_is_erased(phoenix, paula, ivan, ada, carlos, chen):
    Membership.objects.filter(user=chen, group__name="atlas").delete()
    open_session(carlos)
    ending = ended(phoenix, paula, note="agreed with Vega")
    check_now(ending, by=initiator_of(ivan))
    task = Step.objects.get(user=carlos, is_manual=True)
    mark_done([task.pk], evidence="Carlos is out of the team", by=initiator_of(ivan))
    before = report_on(phoenix)
    facts, rows = document_of(before), table_of(before)

    erase_person(carlos, reason="asked for it", by=initiator_of(ada))
    erase_person(chen, reason="asked for it", by=initiator_of(ada))

    after = report_on(phoenix)
    assert document_of(after) == facts
    assert {each.name for each in before.contractors} == {"Carlos Vega", "Chen Wei"}
    assert {each.name for each in after.contractors} == {""}
    kept = {(row["person"], row["system"], row["what"]): row for row in table_of(after)}
    for_each = {(row["person"], row["system"], row["what"]): row for row in rows}
    assert [without_names(kept[key]) for key in for_each] == [without_names(row) for row in rows]
    assert "Carlos" not in written(after, ReportForm.CSV, for_auditors()).decode()


def without_names(row: dict[str, str]) -> dict[str, str]:
    """Names, and what somebody typed, go with the person."""
    return {column: value for column, value in row.items() if column not in {"contractor", "evidence"}}


def test_it_asks_no_live_table(phoenix, paula, carlos):
    open_session(carlos)
    ended(phoenix, paula)
    before = document_of(report_on(phoenix))

    Step.objects.all().delete()
    ProjectResource.objects.update(name="something-else")
    Membership.objects.all().delete()
    Session.objects.update(last_used_at=timezone.now() - timedelta(days=9))
    Project.objects.update(name="Something else")

    assert document_of(report_on(phoenix)) == before


def test_a_new_fact_changes_what_would_be_signed(phoenix, paula, ivan):
    ending = ended(phoenix, paula)
    before = fingerprint_of(report_on(phoenix))

    check_now(ending, by=initiator_of(ivan))

    assert fingerprint_of(report_on(phoenix)) != before


def test_the_document_names_nobody_and_says_the_day_of_last_use_only(phoenix, paula, carlos):
    open_session(carlos)
    ended(phoenix, paula, note="agreed with Vega")

    document = document_of(report_on(phoenix)).decode()

    (said,) = [each for each in json.loads(document)["contractors"] if each["person"] == str(carlos.pk)]
    assert len(said["last_active_on"]) == len("2026-11-26")
    assert not any(word in document for word in ("Carlos", "Vega", "Paula", "agreed"))


# --- As files -------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_contractor_and_system(phoenix, paula, carlos):
    session = open_session(carlos)
    ended(phoenix, paula)

    rows = table_of(report_on(phoenix))

    assert [(row["contractor"], row["system"], row["state"]) for row in rows] == [
        ("Carlos Vega", "Blacklist", "confirmed"),
        ("Carlos Vega", "Groups", "taken away"),
        ("Carlos Vega", "GitHub", "to do"),
        ("Chen Wei", "Blacklist", "confirmed"),
        ("Chen Wei", "Groups", "taken away"),
        ("Chen Wei", "GitHub", "to do"),
        ("", "GitHub", "to do"),
    ]
    assert rows[0]["last_active"].startswith(f"{session.last_used_at:%Y-%m-%dT%H:%M}")


def test_the_table_for_others_says_the_day_only(phoenix, paula, carlos):
    session = open_session(carlos)
    ended(phoenix, paula)

    rows = table_of(report_on(phoenix), to_the_moment=False)

    assert rows[0]["last_active"] == session.last_used_at.date().isoformat()


def test_no_cell_starts_a_formula(phoenix, paula):
    a_group("phoenix", a_person("evil", display_name='=HYPERLINK("http://evil.example")'))
    a_resource(phoenix, "okta_group", "@SUM(A1)")

    ended(phoenix, paula)

    rows = table_of(report_on(phoenix))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert any(row["contractor"].startswith("'=HYPERLINK") for row in rows)


def test_the_json_is_exactly_what_is_signed(phoenix, paula):
    ended(phoenix, paula)
    report = report_on(phoenix)

    content = written(report, ReportForm.JSON, for_auditors())

    assert sha256(content).hexdigest() == fingerprint_of(report)


def test_the_pdf_is_tagged(phoenix, paula):
    ended(phoenix, paula)

    content = written(report_on(phoenix), ReportForm.PDF, for_auditors())

    assert content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in content
    assert content.count(b"/S /H2") == 7


def test_the_pack_is_genuine_for_the_script_alone(phoenix, paula, tmp_path):
    ended(phoenix, paula)
    path = pack_of(report_on(phoenix), tmp_path)

    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            verifier.__file__,
            str(path),
            "--key-fingerprint",
            current_fingerprint(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Genuine.\n1 receipts in it, each of them checked.")


@pytest.mark.parametrize("name", ["report.json", "report.csv", "report.pdf", "checks.csv", "manifest.json"])
def test_a_file_of_the_pack_that_was_changed_is_found(name, phoenix, paula, tmp_path):
    ended(phoenix, paula)
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(pack_of(report_on(phoenix), tmp_path)) as archive:
        archive.extractall(folder)
    assert verifier.check_evidence(folder, fingerprint=current_fingerprint()).verdict == "genuine"

    changed = (folder / name).read_bytes().replace(b"e", b"3", 1)
    (folder / name).write_bytes(changed)

    assert verdict_on(folder) == "not intact"


def verdict_on(folder: Path) -> str:
    try:
        return verifier.check_evidence(folder, fingerprint=current_fingerprint()).verdict
    except verifier.Unreadable:
        return "not intact"


def test_the_list_of_the_pack_names_the_report_that_is_signed_off(phoenix, paula, tmp_path):
    ended(phoenix, paula)
    report = report_on(phoenix)

    with zipfile.ZipFile(pack_of(report, tmp_path)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = set(archive.namelist())

    assert manifest["report_sha256"] == manifest["files"]["report.json"]["sha256"] == fingerprint_of(report)
    assert (manifest["project"], manifest["receipt"]) == ("phoenix", report.receipt)
    assert names >= {"README.txt", "report.pdf", "checks.csv", "sign_offs.csv", "verifier.py", "keys.jsonl"}
