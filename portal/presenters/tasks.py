"""Manual tasks as people work through them: one row for each resource of one revocation, overdue first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import may, steps_for
from portal.presenters.filters import AddressFilter
from portal.presenters.words import clean, moment_words, name_of
from portal.roles import May
from sessions_app.models import ResourceKind, Role, Step, StepState, User
from sessions_app.models.steps import OPEN_STEPS

ROWS = 50
PEOPLE = 50
NAMED_AT_MOST = 3


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """The steps of one resource: how many are done, for whom, whose task it is, until when."""

    what: str
    system: str
    whom: str
    project: str
    owner: str
    due_at: datetime | None
    done: int
    total: int
    kind: str
    word: str
    url: str
    """Where it is worked on; empty for readers whose task it is not."""
    receipt: str

    @property
    def is_open(self) -> bool:
        return self.done < self.total


def task_rows(steps: QuerySet[Step], reader: User) -> list[TaskRow]:
    """Those to be done first come first: overdue, then by due date, then what is done."""
    return rows_of(groups_of(steps), reader)


def groups_of(steps: QuerySet[Step]) -> list[list[Step]]:
    """Steps of one revocation and one resource belong together."""
    groups: dict[tuple[object, str], list[Step]] = {}
    related = steps.select_related("user", "revocation__project")
    for step in related.order_by("due_at", "system", "key"):
        groups.setdefault((step.revocation_id, resource_key(step)), []).append(step)
    return sorted(groups.values(), key=_urgency)


def resource_key(step: Step) -> str:
    """The part of a step's key that names the resource; the rest names the person."""
    return step.key.partition(":")[0]


def rows_of(groups: Iterable[Sequence[Step]], reader: User) -> list[TaskRow]:
    found = list(groups)
    may_do = may(reader, May.DO_TASKS)
    return [_row(steps, reader, may_do=may_do) for steps in found]


def _urgency(steps: Sequence[Step]) -> tuple[bool, datetime]:
    is_done = not any(step.state in OPEN_STEPS for step in steps)
    return (is_done, min((step.due_at for step in steps if step.due_at), default=timezone.now()))


def _row(steps: Sequence[Step], reader: User, *, may_do: bool) -> TaskRow:
    first = steps[0]
    open_steps = [step for step in steps if step.state in OPEN_STEPS]
    project = first.revocation.project
    kind, word = _state(steps, open_steps)
    return TaskRow(
        what=resource_words(first),
        system=clean(first.system),
        whom=whom_words(steps),
        project=clean(project.name) if project else "",
        owner=str(Role(first.owner_role).label),
        due_at=first.due_at,
        done=len(steps) - len(open_steps),
        total=len(steps),
        kind=kind,
        word=word,
        url=reverse("task", args=[first.pk]) if may_do and is_theirs(first, reader) else "",
        receipt=first.revocation.receipt,
    )


def _state(steps: Sequence[Step], open_steps: Sequence[Step]) -> tuple[str, str]:
    if not open_steps:
        is_kept = all(step.state == StepState.NOT_NEEDED for step in steps)
        return ("not_needed", "") if is_kept else ("done", "")
    left = ngettext("%(count)d left", "%(count)d left", len(open_steps)) % {"count": len(open_steps)}
    if any(step.state == StepState.FAILED for step in open_steps):
        return "failed", left
    return ("overdue", _("overdue, %s") % left) if any(s.is_overdue for s in open_steps) else ("to_do", left)


def is_theirs(step: Step, reader: User) -> bool:
    """A task is for the role that owns it; Security may do everybody's."""
    return bool({Role(step.owner_role), Role.SECURITY} & reader.lasting_roles)


def resource_words(step: Step) -> str:
    """'GitHub team northwind/phoenix-api'."""
    kind, name = step.what.get("kind", ""), clean(step.what.get("name", ""))
    return f"{ResourceKind(kind).label} {name}" if kind in ResourceKind.values else name


def whom_words(steps: Sequence[Step]) -> str:
    people = [step.user for step in steps if step.user]
    if not people:
        return _("the whole of it")
    if len(people) <= NAMED_AT_MOST:
        return ", ".join(name_of(user) for user in people)
    return ngettext("%(count)d person", "%(count)d people", len(people)) % {"count": len(people)}


# --- The list of tasks, and one of them -----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TaskFilter(AddressFilter):
    show: str = ""


class TasksPage:
    """Open tasks of the reader's roles, overdue first; `show=all` has the others' and those that are done too."""

    def __init__(self, reader: User, chosen: TaskFilter) -> None:
        self.reader = reader
        self.chosen = chosen

    @property
    def shows_all(self) -> bool:
        return self.chosen.show == "all"

    @cached_property
    def _groups(self) -> list[list[Step]]:
        steps = steps_for(self.reader)
        return groups_of(steps if self.shows_all else steps.open())

    @cached_property
    def page(self) -> Page[list[Step]]:
        return Paginator(self._groups, ROWS).get_page(self.chosen.page)

    @property
    def rows(self) -> list[TaskRow]:
        return rows_of(self.page.object_list, self.reader)

    @property
    def query(self) -> str:
        return self.chosen.query()

    @cached_property
    def overdue(self) -> int:
        return steps_for(self.reader).overdue(timezone.now()).count()

    @cached_property
    def open(self) -> int:
        return steps_for(self.reader).open().count()

    @property
    def line(self) -> str:
        counts = ngettext("%(count)d open task", "%(count)d open tasks", self.open) % {"count": self.open}
        late = ngettext("%(count)d is overdue.", "%(count)d are overdue.", self.overdue)
        return f"{counts}. {late % {'count': self.overdue} if self.overdue else _('None is overdue.')}"

    @property
    def tabs(self) -> list[tuple[str, str, int | None, bool]]:
        return [
            (_("Open"), reverse("tasks"), self.open, not self.shows_all),
            (_("All"), f"{reverse('tasks')}?show=all", None, self.shows_all),
        ]


@dataclass(frozen=True, kw_only=True)
class PersonTask:
    """One person's part of a task, or the whole of it."""

    step: Step
    name: str
    kind: str
    word: str
    second: str
    reopen_url: str

    @property
    def is_open(self) -> bool:
        return self.step.state in OPEN_STEPS


class TaskPage:
    """Everything that is to be taken away of one resource, for one revocation."""

    def __init__(self, step: Step, reader: User, *, page: str = "") -> None:
        self.step = step
        self.reader = reader
        self._page = page

    @property
    def url(self) -> str:
        return reverse("task", args=[self.step.pk])

    @property
    def title(self) -> str:
        return resource_words(self.step)

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        return [(_("Tasks"), reverse("tasks")), (self.title, "")]

    @property
    def line(self) -> str:
        project = self.step.revocation.project
        if project is None:
            return self.step.revocation.receipt
        return _("To be removed because %s ended.") % clean(project.name)

    @cached_property
    def steps(self) -> list[Step]:
        """All of them, in order of names."""
        prefix = f"{resource_key(self.step)}:"
        same = Step.objects.filter(
            revocation=self.step.revocation_id, key__startswith=prefix, is_manual=True
        ).select_related("user", "done_by")
        return sorted(same, key=lambda step: name_of(step.user) if step.user else "")

    @property
    def open_steps(self) -> list[Step]:
        return [step for step in self.steps if step.state in OPEN_STEPS]

    @cached_property
    def page(self) -> Page[Step]:
        return Paginator(self.steps, PEOPLE).get_page(self._page)

    @property
    def rows(self) -> list[PersonTask]:
        return [_person_task(step) for step in self.page.object_list]

    @property
    def is_of_the_whole(self) -> bool:
        return self.step.user_id is None

    @property
    def due_at(self) -> datetime | None:
        return self.step.due_at

    @property
    def owner(self) -> str:
        return str(Role(self.step.owner_role).label)

    @property
    def submit_all(self) -> str:
        count = len(self.open_steps)
        return ngettext("Mark %(count)d as done", "Mark all %(count)d as done", count) % {"count": count}


def _person_task(step: Step) -> PersonTask:
    kind = {StepState.DONE: "done", StepState.NOT_NEEDED: "not_needed", StepState.FAILED: "failed"}
    shown = "overdue" if step.is_overdue else kind.get(StepState(step.state), "to_do")
    return PersonTask(
        step=step,
        name=name_of(step.user) if step.user else _("the whole of it"),
        kind=shown,
        word="",
        second=_done_words(step),
        reopen_url=reverse("task_reopen", args=[step.pk]) if step.state == StepState.DONE else "",
    )


def _done_words(step: Step) -> str:
    if step.state == StepState.NOT_NEEDED:
        return _("another running project gives it too")
    if step.done_at is None:
        return ""
    who = name_of(step.done_by) if step.done_by else _("the shell")
    return _("%(at)s UTC, %(who)s: %(evidence)s") % {
        "at": moment_words(step.done_at),
        "who": who,
        "evidence": clean(step.evidence, 300),
    }
