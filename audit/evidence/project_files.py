"""The report of a project's end as files: JSON, CSV, PDF, and all as one pack that is checked without us."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from audit import verifier
from audit.events import Events
from audit.evidence import project_words as words
from audit.evidence.project_document import document_of, fingerprint_of
from audit.evidence.project_pdf import as_pdf
from audit.evidence.project_report import Contractor, ProjectReport
from audit.evidence.signed_pack import sign_manifest
from audit.exports.spreadsheet import BYTE_ORDER_MARK, lines_of
from audit.initiators import Initiator
from audit.models import AuditEntry, ReceiptVersion
from audit.proofs import key_lines
from audit.receipts import signed, stamp
from audit.record import Target, record
from audit.signing import current_fingerprint
from audit.verifier import EVIDENCE_FORMAT, KEYS, canonical

READ_ME = """Access report of a project that ended.

report.json     what is signed off: ids, codes and moments. Its SHA-256 is the one of the sign-offs
report.pdf      to read, with names: exceptions first, then everybody, system by system
report.csv      the same as a table, one line for each contractor and system
checks.csv      the later checks
sign_offs.csv   who signed which report, and their notes
receipts/       the newest signed version of the receipt
verifier.py     checks all of it without Curfew, with Python 3.11 or newer:

    python3 verifier.py THIS_FOLDER_OR_ZIP --key-fingerprint FINGERPRINT

Take the fingerprint from elsewhere: it stands on every receipt and on the pages of the trail.
"""


class ReportForm(StrEnum):
    """The value ends the file's name."""

    JSON = "json"
    CSV = "csv"
    PDF = "pdf"
    ZIP = "zip"

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self]


CONTENT_TYPES = {
    ReportForm.JSON: "application/json",
    ReportForm.CSV: "text/csv; charset=utf-8",
    ReportForm.PDF: "application/pdf",
    ReportForm.ZIP: "application/zip",
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """For whom it is made, and when. `to_the_moment` is for whoever may know when exactly somebody was active."""

    made_at: datetime
    to_the_moment: bool


def written(report: ProjectReport, form: ReportForm, reading: Reading) -> bytes:
    """The file. Raises UnknownSigningKey where a pack cannot be signed."""
    match form:
        case ReportForm.JSON:
            return document_of(report)
        case ReportForm.CSV:
            return _report_csv(report, reading)
        case ReportForm.PDF:
            return as_pdf(report, made_at=reading.made_at, to_the_moment=reading.to_the_moment)
        case ReportForm.ZIP:
            return _pack(report, reading)


def record_taken(
    report: ProjectReport, form: ReportForm, content: bytes, *, of: Target, by: Initiator
) -> AuditEntry:
    """The entry of a file, before its first byte leaves."""
    with transaction.atomic():
        return record(
            Events.REPORT_TAKEN,
            initiator=by,
            target=of,
            receipt=report.receipt,
            project=report.project,
            details={
                "form": form.value,
                "sha256": sha256(content).hexdigest(),
                "report": fingerprint_of(report),
                "people": len(report.contractors),
            },
        )


# --- Tables ---------------------------------------------------------------------------------------

COLUMNS = (
    "contractor",
    "person",
    "exception",
    "last_active",
    "sessions_ended",
    "revoked_at",
    "sign_in",
    "keeps_projects",
    "system",
    "what",
    "state",
    "confirmed_at",
    "by",
    "evidence",
    "entry",
)
CHECK_COLUMNS = ("which", "due_at", "done_at", "late_seconds", "result", "entry")
SIGN_OFF_COLUMNS = ("as", "who", "person", "at", "report_sha256", "is_this_report", "note", "entry")


def _csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    return (BYTE_ORDER_MARK + lines_of([list(columns), *rows])).encode()


def _report_csv(report: ProjectReport, reading: Reading) -> bytes:
    """One line for each contractor and system, and for what was taken away as a whole."""
    rows = [row for each in report.contractors for row in _contractor_rows(each, report, reading)]
    nobody: list[object] = [None] * 8
    rows += [[*nobody, *_system_cells(words.task_line(task))] for task in report.tasks]
    return _csv(COLUMNS, rows)


def _contractor_rows(each: Contractor, report: ProjectReport, reading: Reading) -> Iterator[list[object]]:
    about: list[object] = [
        words.contractor_words(each),
        each.person,
        "yes" if _is_exception(each, reading) else "no",
        _last_active(each, reading),
        each.sessions_ended,
        stamp(each.cutoff_at),
        words.sign_in_words(each),
        ", ".join(each.keeps) or None,
    ]
    for line in words.systems_of(each, report):
        yield [*about, *_system_cells(line)]


def _is_exception(each: Contractor, reading: Reading) -> bool:
    return each.is_exception or any(words.is_overdue(task, reading.made_at) for task in each.tasks)


def _last_active(each: Contractor, reading: Reading) -> str | None:
    if each.last_active_at is None:
        return None
    if reading.to_the_moment:
        return stamp(each.last_active_at)
    return each.last_active_at.astimezone(UTC).date().isoformat()


def _system_cells(line: words.SystemLine) -> list[object]:
    return [
        line.system,
        line.what,
        line.word,
        stamp(line.at),
        line.by or None,
        line.evidence or None,
        line.entry,
    ]


def _checks_csv(report: ProjectReport) -> bytes:
    return _csv(
        CHECK_COLUMNS,
        [
            [
                words.which_words(each),
                stamp(each.due_at),
                stamp(each.done_at),
                each.late_seconds if each.done_at else None,
                words.check_words(each),
                each.entry,
            ]
            for each in report.checks
        ],
    )


def _sign_offs_csv(report: ProjectReport) -> bytes:
    current = fingerprint_of(report)
    return _csv(
        SIGN_OFF_COLUMNS,
        [
            [
                words.capacity_words(each),
                words.doer_words(each.by),
                each.by.id,
                stamp(each.at),
                each.sha256,
                "yes" if each.sha256 == current else "no",
                each.note or None,
                each.entry,
            ]
            for each in report.sign_offs
        ],
    )


# --- The pack -------------------------------------------------------------------------------------


def _pack(report: ProjectReport, reading: Reading) -> bytes:
    file = BytesIO()
    listed: dict[str, Any] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(report, reading):
            archive.writestr(name, content)
            listed[name] = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
        sign_manifest(archive, _manifest(report, reading, listed))
    return file.getvalue()


def _files(report: ProjectReport, reading: Reading) -> Iterator[tuple[str, bytes]]:
    current_fingerprint()  # before anything is written: whether it can be signed, and the keys complete
    yield "README.txt", READ_ME.encode()
    for form in (ReportForm.JSON, ReportForm.CSV, ReportForm.PDF):
        yield f"report.{form}", written(report, form, reading)
    yield "checks.csv", _checks_csv(report)
    yield "sign_offs.csv", _sign_offs_csv(report)
    newest = ReceiptVersion.objects.of(report.receipt).last()
    if newest:
        name = f"{verifier.RECEIPTS}{newest.receipt}-v{newest.number}.json"
        yield name, json.dumps(signed(newest), ensure_ascii=False, indent=1).encode()
    yield KEYS, b"".join(key_lines())
    yield "verifier.py", Path(verifier.__file__).read_bytes()


def _manifest(report: ProjectReport, reading: Reading, listed: Mapping[str, Any]) -> bytes:
    """Of the evidence packs' own format, so that every verifier that is out already can check it."""
    day = report.decided_at.astimezone(UTC).date().isoformat()
    manifest = {
        "format": EVIDENCE_FORMAT,
        "installation": settings.CURFEW_ENV,
        "made_at": stamp(reading.made_at),
        "period": {"first_day": day, "last_day": reading.made_at.astimezone(UTC).date().isoformat()},
        "project": report.project,
        "receipt": report.receipt,
        "report_sha256": fingerprint_of(report),
        "files": dict(listed),
    }
    return canonical(manifest) + b"\n"
