"""The report of a project's end as the document that is signed off: ids, codes and moments, never a name.

Erasing people takes names and notes from beside the entries and changes none of this, so neither the document nor
its SHA-256 ever changes by it. What does change it is a new fact: a task done, a later check, sign-in allowed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from audit.canonical import canonical_bytes
from audit.evidence.project_report import (
    Approved,
    Contractor,
    Doer,
    ProjectReport,
    ReportCheck,
    ReportTask,
)
from audit.receipts import stamp

FORMAT = "curfew-project-report/1"


def document_of(report: ProjectReport) -> bytes:
    """The canonical bytes (RFC 8785) of everything that is signed off: these, and nothing else."""
    return canonical_bytes(_facts(report))


def fingerprint_of(report: ProjectReport) -> str:
    """SHA-256 of the document, 64 hexadecimal digits."""
    return sha256(document_of(report)).hexdigest()


def _facts(report: ProjectReport) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "project": report.project,
        "receipt": report.receipt,
        "end": {
            "asked_by": _doer(report.asked_by),
            "ordered_by": _doer(report.ordered_by),
            "decided_at": stamp(report.decided_at),
            "cut_off_at": stamp(report.cut_off_at),
            "milliseconds_to_cut_off": report.milliseconds,
            "ticket": report.ticket,
            **_begun(report.begun),
        },
        "approvals": [_approved(each) for each in report.approvals],
        "contractors": [_contractor(each) for each in sorted(report.contractors, key=_key)],
        "tasks": [_task(task) for task in sorted(report.all_tasks, key=lambda task: task.id)],
        "checks": [_check(check) for check in report.checks],
    }


BEGUN = (
    "asked_at",
    "due_at",
    "approval",
    "manager",
    "ends_at",
    "time_zone",
    "groups",
    "fingerprint",
    "seen",
    "news",
)


def _begun(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: said.get(key) for key in BEGUN}


def _key(contractor: Contractor) -> str:
    return contractor.person


def _contractor(each: Contractor) -> dict[str, Any]:
    """The day of last use only: whoever signs need not read more, and all sign the same."""
    return {
        "person": each.person,
        "last_active_on": _day(each.last_active_at),
        "sessions_ended": each.sessions_ended,
        "revoked_at": stamp(each.cutoff_at),
        "left_out": each.left_out or None,
        "blocks_sign_in": each.blocks_sign_in,
        "keeps_projects": list(each.keeps),
        "groups_left": list(each.groups_left),
        "cannot_be_cut_before": stamp(each.cannot_be_cut_before),
        "sign_in_allowed_again_at": stamp(each.allowed_again_at),
        "next_token": each.claims or None,
        "entry": each.entry,
    }


def _task(task: ReportTask) -> dict[str, Any]:
    return {
        "task": task.id,
        "person": task.person or None,
        "system": task.system,
        "kind": task.kind,
        "name": task.name,
        "state": task.state,
        "due_at": stamp(task.due_at),
        "said_at": stamp(task.changed_at),
        "said_by": _doer(task.by) if task.by else None,
        "entry": task.entry,
    }


def _check(check: ReportCheck) -> dict[str, Any]:
    return {
        "which": check.which,
        "due_at": stamp(check.due_at),
        "done_at": stamp(check.done_at),
        "late_seconds": check.late_seconds,
        "worst": check.why or None,
        "found": dict(check.found),
        "by": _doer(check.by) if check.by else None,
        "asked_by": check.asked_by or None,
        "entry": check.entry,
    }


def _approved(each: Approved) -> dict[str, Any]:
    return {"event": each.event, "by": _doer(each.by), "at": stamp(each.at), "entry": each.entry}


def _doer(doer: Doer) -> dict[str, str]:
    return {"kind": doer.kind, "id": doer.id}


def _day(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).date().isoformat() if moment else None
