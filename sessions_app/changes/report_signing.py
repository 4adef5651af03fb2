"""Signing off the report of a project's end: its manager and an auditor, two people, each exactly what they saw."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.evidence.project_document import fingerprint_of
from audit.evidence.project_report import ProjectReport, report_of
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import ChangeRefused, ReasonTooShort
from sessions_app.models import Project, User

SHORTEST_NOTE: Final = 3
LONGEST_NOTE: Final = 2000


class Capacity(StrEnum):
    """As what somebody signs."""

    MANAGER = "manager"
    AUDITOR = "auditor"


class ReportChanged(ChangeRefused):
    code = "report_changed"
    sentence = _("The report has changed while you read it. Look at it again; nothing was signed.")


class ReportNotFinished(ChangeRefused):
    code = "report_not_finished"
    sentence = _("Not everybody is cut off yet, so there is nothing to sign.")


class SignedOtherwise(ChangeRefused):
    code = "signed_otherwise"
    sentence = _("You have signed this report as somebody else; two different people must sign.")


class SignedAlready(ChangeRefused):
    code = "signed_already"
    sentence = _("You have signed exactly this report.")


class OwnAccessEnded(ChangeRefused):
    code = "own_access_ended"
    sentence = _("The report is about you, so somebody else must sign it.")


def capacity_of(user: User, project: Project) -> Capacity:
    """The manager and deputies sign as that also where they are auditors too: nobody audits themselves."""
    manages = Project.objects.managed_by(user).filter(pk=project.pk).exists()
    return Capacity.MANAGER if manages else Capacity.AUDITOR


def sign_off(project: Project, *, user: User, seen: str, note: str, by: Initiator) -> AuditEntry:
    """Sign the report whose SHA-256 the signer saw, as an entry of the trail.

    1. Lock the project, so that the two signatures come one after the other. 2. Read the report anew.
    3. Refuse unless it is still the one that was seen, and everybody signs once and as one thing only.

    Whether somebody may sign at all is the door's to ask. Raises the child of ChangeRefused that fits, having stored
    nothing but the refusal.
    """
    if len(note.strip()) < SHORTEST_NOTE:
        raise ReasonTooShort
    try:
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=project.pk)
            report = report_of(project.key, AuditEntry.objects.all())
            capacity = capacity_of(user, project)
            current = fingerprint_of(report) if report else ""
            _refuse(report, user=user, capacity=capacity, seen=seen, current=current)
            assert report is not None
            return record(
                Events.REPORT_SIGNED,
                initiator=by,
                target=Target.of(project, label=project.name),
                receipt=report.receipt,
                project=project.key,
                details={"capacity": capacity.value, "report": seen},
                personal={"note": note.strip()[:LONGEST_NOTE]},
            )
    except ChangeRefused as refusal:
        _record_refusal(project, refusal, by=by)
        raise


def why_not(
    report: ProjectReport | None, *, user: User, capacity: Capacity, fingerprint: str
) -> ChangeRefused | None:
    """Why this person cannot sign the report as it stands, with this SHA-256; None where they can."""
    try:
        _refuse(report, user=user, capacity=capacity, seen=fingerprint, current=fingerprint)
    except ChangeRefused as refusal:
        return refusal
    return None


def _refuse(report: ProjectReport | None, *, user: User, capacity: Capacity, seen: str, current: str) -> None:
    if report is None or not report.is_finished:
        raise ReportNotFinished
    if any(each.person == str(user.pk) for each in report.contractors):
        raise OwnAccessEnded
    own = [each for each in report.sign_offs if each.by.id == str(user.pk)]
    if any(each.capacity != capacity for each in own):
        raise SignedOtherwise
    if current != seen:
        raise ReportChanged
    if any(each.sha256 == seen for each in own):
        raise SignedAlready


def _record_refusal(project: Project, refusal: ChangeRefused, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.REPORT_SIGNED,
            initiator=by,
            target=Target.of(project, label=project.name),
            project=project.key,
            outcome=Outcome.REFUSED,
            details={"why": refusal.code},
        )
