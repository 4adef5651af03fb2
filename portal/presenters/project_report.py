"""The access report of a project that ended, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.evidence import project_words as words
from audit.evidence.project_document import fingerprint_of
from audit.evidence.project_files import ReportForm
from audit.evidence.project_report import ProjectReport, ReportCheck, SignOff
from audit.signing import grouped
from portal.access import may, projects_for, revocations_for
from portal.presenters.project_words import name_of_project
from portal.presenters.report_contractors import EXCEPTIONS, LONGEST_TEXT, ReportContractors, ReportFilter
from portal.presenters.words import clean
from portal.roles import May, Reach, reach_of
from sessions_app.changes.report_signing import capacity_of, why_not
from sessions_app.models import Project, User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN_AT_MOST = 100


@dataclass(frozen=True, kw_only=True)
class Tally:
    label: StrOrPromise
    number: int
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class ExceptionRow:
    who: str
    what: str
    entry: int | None


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """`kind` is a look: nothing is green before it was done."""

    which: str
    kind: str
    word: str
    at: datetime | None
    said: str
    entry: int | None


@dataclass(frozen=True, kw_only=True)
class SignOffRow:
    capacity: str
    who: str
    at: datetime
    is_current: bool
    note: str
    sha256: str
    entry: int


class ReportPage:
    """What templates/portal/projects/report.html asks for. `report` is None while the project has not ended."""

    def __init__(
        self, project: Project, report: ProjectReport | None, reader: User, chosen: ReportFilter
    ) -> None:
        self.project = project
        self.report = report
        self._reader = reader
        self._chosen = chosen

    @property
    def name(self) -> str:
        return name_of_project(self.project)

    @property
    def title(self) -> str:
        return _("Access report: %s") % self.name

    @property
    def project_url(self) -> str:
        return reverse("project", args=[self.project.key])

    @property
    def how(self) -> StrOrPromise:
        return words.HOW_IT_IS_MADE

    @property
    def files(self) -> list[tuple[str, str]]:
        """Name and address of each form."""
        return [
            (form.value.upper(), reverse("project_report_file", args=[self.project.key, form.value]))
            for form in (ReportForm.PDF, ReportForm.CSV, ReportForm.JSON)
        ]

    @property
    def pack_url(self) -> str:
        return reverse("project_report_file", args=[self.project.key, ReportForm.ZIP.value])

    @property
    def is_finished(self) -> bool:
        return self.report is not None and self.report.is_finished

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of exactly what is shown, and signed."""
        return fingerprint_of(self.report) if self.report else ""

    @property
    def fingerprint_words(self) -> str:
        return grouped(self.fingerprint)

    # --- What it says ---

    @property
    def tally(self) -> list[Tally]:
        report = self._whole
        exceptions, tasks = self._all_exceptions, report.all_tasks
        still_open = sum(task.is_open for task in tasks)
        done = sum(check.done_at is not None for check in report.checks)
        return [
            Tally(label=_("Contractors"), number=len(report.contractors)),
            Tally(label=_("Sessions ended"), number=report.sessions_ended),
            Tally(label=_("Exceptions"), number=len(exceptions)),
            Tally(label=_("Tasks to do"), number=still_open, line=_("of %d") % len(tasks)),
            Tally(label=_("Later checks"), number=done, line=_("of %d") % len(report.checks)),
        ]

    @property
    def _whole(self) -> ProjectReport:
        assert self.report is not None
        return self.report

    @cached_property
    def _all_exceptions(self) -> list[words.ExceptionLine]:
        return words.exceptions_of(self._whole, at=timezone.now())

    @property
    def exceptions(self) -> list[ExceptionRow]:
        return [
            ExceptionRow(who=clean(each.who), what=clean(each.what, LONGEST_TEXT), entry=each.entry)
            for each in self._all_exceptions[:SHOWN_AT_MOST]
        ]

    @property
    def exceptions_not_shown(self) -> int:
        return max(0, len(self._all_exceptions) - SHOWN_AT_MOST)

    @property
    def exceptions_url(self) -> str:
        """The people behind them, page by page."""
        return reverse("project_report", args=[self.project.key]) + ReportFilter(only=EXCEPTIONS).address()

    @cached_property
    def by_contractor(self) -> ReportContractors:
        about = {each.about for each in self._all_exceptions if each.about}
        return ReportContractors(self._whole, self._reader, self._chosen, with_exceptions=about)

    @property
    def checks(self) -> list[CheckRow]:
        return [_check_row(each) for each in self._whole.checks]

    @property
    def end(self) -> list[tuple[str, str]]:
        return [(label, clean(value, LONGEST_TEXT)) for label, value in words.end_facts(self._whole)]

    @cached_property
    def receipt_url(self) -> str:
        """Empty for readers who may not open the receipt."""
        if not may(self._reader, May.SEE_REVOCATIONS):
            return ""
        opened = revocations_for(self._reader).filter(receipt=self._whole.receipt).exists()
        return reverse("receipt", args=[self._whole.receipt]) if opened else ""

    @cached_property
    def opens_entries(self) -> bool:
        """Whether the numbers of entries lead somewhere: only for whoever reads all of the trail."""
        return reach_of(self._reader.lasting_roles, May.SEE_AUDIT) == Reach.ALL

    # --- What can be done here ---

    @property
    def may_check(self) -> bool:
        return may(self._reader, May.CHECK_PROJECTS) and self._reaches(May.CHECK_PROJECTS)

    @property
    def may_sign(self) -> bool:
        return may(self._reader, May.SIGN_OFF_REPORT) and self._reaches(May.SIGN_OFF_REPORT)

    def _reaches(self, right: May) -> bool:
        return projects_for(self._reader, right).filter(pk=self.project.pk).exists()

    @cached_property
    def why_not_signed(self) -> str:
        """Why the reader cannot sign it as it stands; empty where they can."""
        capacity = capacity_of(self._reader, self.project)
        refusal = why_not(self.report, user=self._reader, capacity=capacity, fingerprint=self.fingerprint)
        return str(refusal) if refusal else ""

    @property
    def signs_as(self) -> StrOrPromise:
        return words.CAPACITIES[capacity_of(self._reader, self.project)]

    @property
    def sign_offs(self) -> list[SignOffRow]:
        """Newest first."""
        return [self._sign_off_row(each) for each in reversed(self._whole.sign_offs)]

    def _sign_off_row(self, each: SignOff) -> SignOffRow:
        return SignOffRow(
            capacity=words.capacity_words(each),
            who=clean(words.doer_words(each.by)),
            at=each.at,
            is_current=each.sha256 == self.fingerprint,
            note=clean(each.note, LONGEST_TEXT),
            sha256=each.sha256,
            entry=each.entry,
        )

    @property
    def still_to_sign(self) -> list[StrOrPromise]:
        """As what nobody has signed exactly this yet."""
        signed = {each.capacity for each in self._whole.sign_offs if each.sha256 == self.fingerprint}
        return [label for capacity, label in words.CAPACITIES.items() if capacity not in signed]


def _check_row(check: ReportCheck) -> CheckRow:
    if check.done_at is None:
        kind, word = "waiting", _("planned")
    elif check.why:
        kind, word = "failed", _("found something")
    else:
        kind, word = "confirmed", _("clean")
    return CheckRow(
        which=words.which_words(check),
        kind=kind,
        word=word,
        at=check.done_at or check.due_at,
        said=words.check_words(check),
        entry=check.entry,
    )
