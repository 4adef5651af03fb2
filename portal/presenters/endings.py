"""One ending of a project: its clocks, people by systems, and what is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import times
from portal.access import approvals_for, projects_for, revocations_for
from portal.presenters.ending_scope import Cell, left_out_words, news_words, project_names
from portal.presenters.ending_wizard import both_clocks, project_url
from portal.presenters.filters import AddressFilter
from portal.presenters.outside_tasks import OutsideTasks, outside_tasks_of
from portal.presenters.progress import attempts_words
from portal.presenters.tasks import TaskRow, task_rows
from portal.presenters.words import clean, initiator_name_words, moment_words, name_of, sessions_words
from portal.roles import May
from sessions_app.models import (
    EndingState,
    ProjectEnding,
    Revocation,
    RevocationTarget,
    Step,
    StepKind,
    StepState,
    User,
)
from sessions_app.models.revocations import RevocationState
from sessions_app.models.steps import StepQuerySet
from sessions_app.revocation.leaving import OURS

ROWS = 50
SHOWS: dict[str, Promise] = {
    "open": gettext_lazy("not done yet"),
    "overdue": gettext_lazy("overdue"),
    "failed": gettext_lazy("failed"),
}


@dataclass(frozen=True, kw_only=True)
class EndingFilter(AddressFilter):
    show: str = ""


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """Where one person stands in one system. `kind` is empty where there is nothing to say."""

    kind: str = ""
    word: str = ""


@dataclass(frozen=True, kw_only=True)
class GridRow:
    name: str
    sessions: int
    second: str
    labelled: list[tuple[str, GridCell]]
    """Each with the name of its column."""


def under_way_words(ending: ProjectEnding, *, reader: User) -> str:
    """What a second click says: who was first, and when."""
    who = _("You") if ending.initiator_user_id == reader.pk else asked_by(ending)
    return _("Already under way: %(who)s asked for it at %(when)s UTC. Nothing was ended twice.") % {
        "who": who,
        "when": moment_words(ending.asked_at),
    }


def asked_by(ending: ProjectEnding) -> str:
    return initiator_name_words(ending.initiator_user, ending.initiator_name)


class EndingPage:
    """For a reader who may open it."""

    def __init__(self, ending: ProjectEnding, reader: User, chosen: EndingFilter) -> None:
        self.ending = ending
        self.reader = reader
        self.chosen = chosen
        self.project = ending.project

    # --- Title ---

    @property
    def name(self) -> str:
        return clean(self.project.name)

    @property
    def url(self) -> str:
        return reverse("ending", args=[self.project.key, self.ending.pk])

    @property
    def polled_url(self) -> str:
        return f"{self.url}?{self.chosen.query(page=self.chosen.page)}"

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        return [(self.name, project_url(self.project)), (_("End Project"), "")]

    @property
    def state(self) -> EndingState:
        return EndingState(self.ending.state)

    @property
    def title(self) -> str:
        titles = {
            EndingState.WAITING: _("The end of %s waits for approval"),
            EndingState.SCHEDULED: _("The end of %s is scheduled"),
            EndingState.RUNNING: _("%s is ending"),
            EndingState.DONE: _("%s has ended"),
            EndingState.CANCELLED: _("The end of %s was cancelled"),
            EndingState.LAPSED: _("This end of %s did not take place"),
        }
        return titles[self.state] % self.name

    @property
    def announcement(self) -> str:
        """A milestone, said once by readers."""
        if self.state is EndingState.DONE and not self.open_tasks:
            return _("%s has ended, and every task is done") % self.name
        return self.title

    @property
    def asked_words(self) -> str:
        return _("Asked by %(who)s") % {"who": asked_by(self.ending)}

    @property
    def poll_seconds(self) -> int:
        """How often the page asks again by itself; 0 once there is nothing more to wait for."""
        if self.state is EndingState.RUNNING:
            return 2
        if self.state in {EndingState.WAITING, EndingState.SCHEDULED}:
            return 10
        return 15 if self.state is EndingState.DONE and self.open_tasks else 0

    # --- What waits ---

    @property
    def due_words(self) -> str:
        return both_clocks(self.ending.due_at, self.project)

    @property
    def may_end(self) -> bool:
        return projects_for(self.reader, May.END_PROJECTS).filter(pk=self.project.pk).exists()

    @property
    def may_cancel(self) -> bool:
        return self.state is EndingState.SCHEDULED and self.may_end

    @property
    def may_end_now(self) -> bool:
        return self.may_cancel

    @property
    def may_retry(self) -> bool:
        return self.state is EndingState.RUNNING and self.may_end

    @property
    def why_it_lapsed(self) -> str:
        latest = self.project.latest_ending
        if latest is not None and latest != self.ending:
            return _("Another ending took its place.")
        return _("Nobody approved it. The project goes on.")

    @property
    def latest_url(self) -> str:
        """The ending that took the place of this one."""
        latest = self.project.latest_ending
        if latest is None or latest == self.ending:
            return ""
        return reverse("ending", args=[self.project.key, latest.pk])

    @property
    def approval_url(self) -> str:
        """What it waits for, where the reader may see that."""
        if self.ending.approval_id is None:
            return ""
        if not approvals_for(self.reader).filter(pk=self.ending.approval_id).exists():
            return ""
        return reverse("approval", args=[self.ending.approval_id])

    # --- Clocks ---

    @property
    def revocation(self) -> Revocation | None:
        return self.ending.revocation

    @property
    def is_pending(self) -> bool:
        return self.revocation is not None and self.revocation.cut_off_at is None

    @property
    def cut_off_kind(self) -> str:
        if self.revocation is None or not self.is_pending:
            return "cut_off"
        return "stuck" if self.revocation.state is RevocationState.STUCK else "not_yet_cut_off"

    @property
    def cut_off_word(self) -> str:
        return _("NOT YET CUT OFF") if self.is_pending else ""

    @property
    def seconds(self) -> float | None:
        if self.revocation is None:
            return None
        seconds = self.revocation.seconds_to_cut_off
        return self.revocation.seconds_waiting if seconds is None else seconds

    @property
    def cut_off_line(self) -> SafeString | str:
        if self.revocation is None:
            return ""
        if self.revocation.cut_off_at is None:
            counts = {"done": self.people_ended, "all": self.people_covered}
            return _("%(done)d of %(all)d people carried out") % counts
        at = times.clock_time(self.revocation.cut_off_at)
        return format_html(
            _("since {} UTC, read back through the guard"), format_html("<strong>{}</strong>", at)
        )

    @property
    def trouble(self) -> str:
        """What went wrong last, while it is not cut off."""
        if self.revocation is None or not self.is_pending or not self.revocation.last_error:
            return ""
        return attempts_words(self.revocation)

    @cached_property
    def outside(self) -> OutsideTasks:
        return outside_tasks_of(self.revocation) if self.revocation else OutsideTasks()

    @property
    def tasks_word(self) -> str:
        return self.outside.word if self.outside.total else _("Nothing to remove")

    @property
    def tasks_seconds(self) -> float | None:
        return self.outside.seconds_since(self.revocation.received_at) if self.revocation else None

    @property
    def tasks_line(self) -> str:
        if not self.outside.total:
            return _("No resource outside was declared for this project.")
        if self.open_tasks:
            return _("Removed by people outside Curfew; each says how they know.")
        if self.outside.last_done_at is None:
            return _("Nothing outside had to be removed.")
        at = moment_words(self.outside.last_done_at)
        return _("the last one at %s UTC, on the word of whoever did it") % at

    # --- Numbers ---

    @cached_property
    def _targets(self) -> QuerySet[RevocationTarget]:
        return RevocationTarget.objects.filter(revocation=self.revocation)

    @cached_property
    def _steps(self) -> StepQuerySet:
        steps: StepQuerySet = Step.objects.filter(revocation=self.revocation)
        return steps

    @property
    def _tasks(self) -> StepQuerySet:
        tasks: StepQuerySet = self._steps.filter(is_manual=True)
        return tasks

    @property
    def open_tasks(self) -> int:
        return self.outside.open

    @cached_property
    def people_covered(self) -> int:
        return self._targets.filter(left_out="").count()

    @cached_property
    def people_ended(self) -> int:
        return self._targets.filter(left_out="", ended_at__isnull=False).count()

    @cached_property
    def tally(self) -> list[Cell]:
        assert self.revocation is not None
        left_out = self._targets.exclude(left_out="").count()
        blocked = self._targets.filter(blocks_sign_in=True).count()
        kept = self._targets.exclude(keeps=[]).count()
        done = self.outside.done + self.outside.not_needed
        return [
            Cell(
                label=_("contractors"),
                number=f"{self.people_covered:,}",
                line=_("%d left out") % left_out if left_out else _("nobody left out"),
            ),
            Cell(
                label=_("sessions ended"),
                number=f"{self.revocation.sessions_ended:,}",
                line=self._more_words,
            ),
            Cell(
                label=_("lost sign-in"),
                number=f"{blocked:,}",
                line=_("%d go on elsewhere") % kept if kept else _("nobody goes on elsewhere"),
            ),
            Cell(
                label=_("removals outside"),
                number=f"{done:,}",
                line=_("of %d done") % self.outside.total,
            ),
        ]

    @property
    def _more_words(self) -> str:
        more = self.revocation.more_than_seen if self.revocation else 0
        return _("%d more than was shown") % more if more else ""

    @property
    def news(self) -> list[str]:
        return news_words(self.ending.news)

    # --- Who was left out ---

    @cached_property
    def left_out(self) -> list[tuple[str, str]]:
        targets = self._targets.exclude(left_out="").select_related("user").order_by("user__display_name")
        return [(name_of(each.user), left_out_words(each.left_out)) for each in targets[:ROWS]]

    # --- People by systems ---

    @cached_property
    def systems(self) -> list[str]:
        """Columns beside our own, in order of their names."""
        mine = self._steps.filter(user__isnull=False).exclude(system=OURS)
        return sorted(set(mine.values_list("system", flat=True)))

    @property
    def columns(self) -> list[str]:
        return [_("Tokens"), _("Groups"), *map(clean, self.systems)]

    @property
    def shows(self) -> list[tuple[str, str, bool]]:
        """(words, address, whether it is on)."""
        every = [("", _("everybody")), *((value, str(words)) for value, words in SHOWS.items())]
        return [(words, self.chosen.address(show=value), self._show == value) for value, words in every]

    @property
    def _show(self) -> str:
        return self.chosen.show if self.chosen.show in SHOWS else ""

    @cached_property
    def page(self) -> Page[RevocationTarget]:
        found = self._targets.select_related("user").order_by("user__display_name", "user_id")
        if self._show:
            found = found.filter(self._wanted())
        return Paginator(found, ROWS).get_page(self.chosen.page)

    def _wanted(self) -> Q:
        steps: StepQuerySet = self._steps.filter(user=OuterRef("user"))
        match self._show:
            case "failed":
                return Q(Exists(steps.filter(state=StepState.FAILED)))
            case "overdue":
                return Q(Exists(steps.overdue(timezone.now())))
        still_open = Q(Exists(steps.open()))
        return still_open | Q(ended_at__isnull=True) if not self.is_pending else Q()

    @property
    def query(self) -> str:
        return self.chosen.query()

    @cached_property
    def rows(self) -> list[GridRow]:
        targets = list(self.page.object_list)
        keys = [target.user_id for target in targets]
        steps: dict[tuple[UUID | None, str], list[Step]] = {}
        for step in self._steps.filter(user__in=keys):
            steps.setdefault((step.user_id, step.system), []).append(step)
        names = project_names({key for target in targets for key in target.keeps})
        return [self._row(target, steps, names) for target in targets]

    def _row(
        self,
        target: RevocationTarget,
        steps: dict[tuple[UUID | None, str], list[Step]],
        names: dict[str, str],
    ) -> GridRow:
        keeps = ", ".join(names.get(key, key) for key in target.keeps)
        said = [_("keeps %s") % keeps] if keeps else []
        if target.blocks_sign_in:
            said.append(_("lost sign-in"))
        if target.left_out:
            said.append(left_out_words(target.left_out))
        groups = steps.get((target.user_id, OURS), [])
        cells = [
            self._tokens(target),
            self._groups(target, groups),
            *(cell_of(steps.get((target.user_id, system), [])) for system in self.systems),
        ]
        return GridRow(
            name=name_of(target.user),
            sessions=target.sessions_ended,
            second=", ".join(said),
            labelled=list(zip(self.columns, cells, strict=True)),
        )

    def _tokens(self, target: RevocationTarget) -> GridCell:
        if target.left_out:
            return GridCell(kind="off", word=_("stay"))
        if self.is_pending:
            return GridCell(kind="waiting", word=_("not yet cut off"))
        return GridCell(kind="cut_off", word=_("cut off"))

    def _groups(self, target: RevocationTarget, steps: Sequence[Step]) -> GridCell:
        if any(step.kind == StepKind.LEAVE_GROUPS for step in steps):
            return GridCell(kind="done", word=_("left"))
        if target.ended_at is None:
            return GridCell(kind="waiting", word=_("waiting"))
        return GridCell(kind="not_needed", word=_("kept"))

    # --- Tasks ---

    @cached_property
    def tasks(self) -> list[TaskRow]:
        return task_rows(self._tasks, self.reader)

    # --- Facts ---

    @property
    def receipt_url(self) -> str:
        """Empty for a reader who may not open it."""
        if self.revocation is None:
            return ""
        if not revocations_for(self.reader).filter(pk=self.revocation.pk).exists():
            return ""
        return reverse("receipt", args=[self.revocation.receipt])

    @property
    def facts(self) -> list[tuple[str, SafeString | str]]:
        facts = list(self._moments())
        if self.ending.ticket:
            facts.append((_("Ticket"), clean(self.ending.ticket)))
        if self.ending.note and self.may_end:
            facts.append((_("Note"), clean(self.ending.note, 1000)))
        if self.ending.preview:
            facts.append((_("Shown before"), self._shown_words))
        return facts

    def _moments(self) -> Iterable[tuple[str, SafeString | str]]:
        yield (
            _("Asked"),
            _("%(at)s UTC, %(who)s")
            % {
                "at": moment_words(self.ending.asked_at),
                "who": asked_by(self.ending),
            },
        )
        if self.ending.due_at > self.ending.asked_at:
            yield _("For"), self.due_words
        if self.revocation is not None:
            yield _("Decided"), _("%s UTC") % moment_words(self.revocation.decided_at)
        if self.ending.cancelled_at:
            who = name_of(self.ending.cancelled_by) if self.ending.cancelled_by else _("the shell")
            yield (
                _("Cancelled"),
                _("%(at)s UTC, %(who)s")
                % {
                    "at": moment_words(self.ending.cancelled_at),
                    "who": who,
                },
            )

    @property
    def _shown_words(self) -> str:
        people, sessions = len(self.ending.preview["people"]), self.ending.preview["sessions"]
        counted = ngettext("%(count)d person", "%(count)d people", people) % {"count": people}
        return f"{counted}, {sessions_words(sessions)}"


def cell_of(steps: Sequence[Step]) -> GridCell:
    """Of everything one person has in one system, the worst of it."""
    if not steps:
        return GridCell()
    states = Counter(step.state for step in steps)
    done = states[StepState.DONE] + states[StepState.NOT_NEEDED]
    if any(step.is_overdue for step in steps):
        return GridCell(kind="overdue", word=_("overdue"))
    if states[StepState.FAILED]:
        return GridCell(kind="failed", word=_("failed"))
    if states[StepState.WAITING]:
        word = _("to do") if len(steps) == 1 else _("%(done)d of %(all)d") % {"done": done, "all": len(steps)}
        return GridCell(kind="to_do", word=word)
    if states[StepState.DONE]:
        return GridCell(kind="done", word=_("done"))
    return GridCell(kind="not_needed", word=_("kept"))
