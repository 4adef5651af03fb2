"""Contractor by contractor and system by system: one page of the people whom an access report is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.evidence import project_words as words
from audit.evidence.project_report import Contractor, ProjectReport
from audit.evidence.project_words import Shown, SystemLine
from portal.access import may
from portal.presenters.filters import AddressFilter, Chosen, Offer, offer
from portal.presenters.words import clean
from portal.roles import May, Reach, reach_of
from sessions_app.models import User

ROWS, LINES_AT_MOST = 50, 300
LONGEST_TEXT = 2000
EXCEPTIONS = "exceptions"
PLACE = "#by-contractor"

# By which look of `portal.states` each line of a system is drawn: green only for what was read back.
LOOKS: dict[Shown, str] = {
    Shown.CONFIRMED: "confirmed",
    Shown.TAKEN: "on",
    Shown.WAITING: "waiting",
    Shown.STAYS: "cannot_be_cut",
    Shown.NOT_NEEDED: "nothing",
    Shown.SAID: "on",
}


@dataclass(frozen=True, kw_only=True)
class ReportFilter(AddressFilter):
    """What the address of the report says."""

    only: str = ""

    @property
    def wants_exceptions(self) -> bool:
        return self.only == EXCEPTIONS

    def address(self, **changes: Any) -> str:
        """Led to the list, which lies far down the page."""
        return super().address(**changes) + PLACE


def sees_moments(reader: User) -> bool:
    """Whether they may know the moment of last use, and not only its day: those who read every report."""
    return reach_of(reader.lasting_roles, May.SEE_PROJECT_REPORTS) == Reach.ALL


@dataclass(frozen=True, kw_only=True)
class ContractorRow:
    """`url` is empty for readers who see no people, `last_active_at` for those who may know the day only."""

    name: str
    url: str
    last_active: str
    last_active_at: datetime | None
    sessions: int
    revoked_at: datetime | None
    sign_in: str
    is_exception: bool
    summary: str
    open_tasks: int


@dataclass(frozen=True, kw_only=True)
class SystemRow:
    """One system of one contractor, or of the whole project, safe to show."""

    who: str
    system: str
    what: str
    kind: str
    word: str
    at: datetime | None
    by: str
    evidence: str
    entry: int | None


class ReportContractors:
    """One page of them: exceptions first, as the report has them. `with_exceptions` are the people's keys."""

    def __init__(
        self,
        report: ProjectReport,
        reader: User,
        chosen: ReportFilter,
        *,
        with_exceptions: Collection[str],
    ) -> None:
        self._report = report
        self._reader = reader
        self.chosen = chosen
        self._with_exceptions = with_exceptions

    @property
    def count(self) -> int:
        return len(self._report.contractors)

    @cached_property
    def page(self) -> Page[Contractor]:
        return Paginator(self._found(), ROWS).get_page(self.chosen.page)

    def _found(self) -> Sequence[Contractor]:
        if not self.chosen.is_narrowed:
            return self._report.contractors
        looked_for = self.chosen.q.casefold().split()
        return [each for each in self._report.contractors if self._fits(each, looked_for)]

    def _fits(self, each: Contractor, looked_for: Sequence[str]) -> bool:
        if self.chosen.wants_exceptions and each.person not in self._with_exceptions:
            return False
        name = words.contractor_words(each).casefold()
        return all(word in name for word in looked_for)

    @property
    def found_words(self) -> str:
        count = self.page.paginator.count
        return ngettext("%d contractor found", "%d contractors found", count) % count

    @property
    def query(self) -> str:
        return self.chosen.query()

    @property
    def everybody_url(self) -> str:
        return reverse("project_report", args=[self._report.project]) + PLACE

    @property
    def has_chips(self) -> bool:
        return self.chosen.is_narrowed or bool(self._with_exceptions)

    @property
    def chips_on(self) -> Iterator[Chosen]:
        if self.chosen.wants_exceptions:
            yield Chosen(key=_("only:"), value=_("with exceptions"), remove_url=self.chosen.address(only=""))

    @property
    def offers(self) -> Iterator[Offer]:
        if self._with_exceptions and not self.chosen.wants_exceptions:
            yield offer(_("Only"), self.chosen, "only", [(EXCEPTIONS, _("Contractors with exceptions"))])

    # --- Contractor by contractor ---

    @cached_property
    def rows(self) -> list[ContractorRow]:
        return [self._row(each) for each in self.page.object_list]

    def _row(self, each: Contractor) -> ContractorRow:
        systems = words.systems_of(each, self._report)
        still_open = sum(line.shown is Shown.WAITING for line in systems)
        return ContractorRow(
            name=clean(words.contractor_words(each)),
            url=reverse("person", args=[each.person]) if self._sees_people else "",
            last_active=words.last_active_words(each, to_the_moment=False),
            last_active_at=each.last_active_at if self._sees_moments else None,
            sessions=each.sessions_ended,
            revoked_at=each.cutoff_at,
            sign_in=clean(words.sign_in_words(each), LONGEST_TEXT),
            is_exception=each.person in self._with_exceptions,
            summary=_systems_words(len(systems), still_open),
            open_tasks=still_open,
        )

    @cached_property
    def _sees_people(self) -> bool:
        return may(self._reader, May.SEE_PEOPLE)

    @cached_property
    def _sees_moments(self) -> bool:
        return sees_moments(self._reader)

    # --- System by system ---

    @property
    def systems(self) -> list[SystemRow]:
        """Of the people on this page; before those of the first what is taken away once, whoever used it."""
        return [_system_row(who, line) for who, line in self._lines[:LINES_AT_MOST]]

    @property
    def systems_not_shown(self) -> int:
        return max(0, len(self._lines) - LINES_AT_MOST)

    @cached_property
    def _lines(self) -> list[tuple[str, SystemLine]]:
        report, begins = self._report, self.page.number == 1 and not self.chosen.is_narrowed
        whole = [(report.name, words.task_line(task)) for task in report.tasks] if begins else []
        return whole + [
            (words.contractor_words(each), line)
            for each in self.page.object_list
            for line in words.systems_of(each, report)
        ]


def _systems_words(count: int, still_open: int) -> str:
    if still_open:
        return _("%(open)d of %(all)d to do") % {"open": still_open, "all": count}
    return ngettext("%d system", "%d systems", count) % count


def _system_row(who: str, line: SystemLine) -> SystemRow:
    return SystemRow(
        who=clean(who),
        system=clean(line.system),
        what=clean(line.what, LONGEST_TEXT),
        kind=LOOKS[line.shown],
        word=line.word,
        at=line.at,
        by=clean(line.by),
        evidence=clean(line.evidence, LONGEST_TEXT),
        entry=line.entry,
    )
