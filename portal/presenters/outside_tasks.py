"""What one decision still needs in other systems: tasks of people, counted, and claimed for nobody but them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import times
from portal.presenters.words import moment_words
from sessions_app.models import ProjectResource, Revocation, Step, StepState
from sessions_app.models.steps import OPEN_STEPS
from sessions_app.revocation.leaving import ends_project

Words = Callable[[datetime], str]
NO_SYSTEMS = gettext_lazy("No outside systems are connected.")


@dataclass(frozen=True, kw_only=True)
class OutsideTasks:
    """`last_done_at` is of those that somebody marked done. `may_grow` while more of them can still be made."""

    open: int = 0
    overdue: int = 0
    done: int = 0
    not_needed: int = 0
    first_due_at: datetime | None = None
    last_done_at: datetime | None = None
    may_grow: bool = False

    @property
    def total(self) -> int:
        return self.open + self.done + self.not_needed

    @property
    def kind(self) -> str:
        """Never a green one: a task is done on somebody's word."""
        if self.overdue:
            return "overdue"
        if self.open:
            return "to_do"
        if self.may_grow:
            return "waiting"
        if self.done:
            return "done"
        return "not_needed" if self.not_needed else "nothing"

    @property
    def word(self) -> str:
        """'3 left'; empty where the usual word of the state says it."""
        if not self.open:
            return ""
        return ngettext("%(count)d left", "%(count)d left", self.open) % {"count": self.open}

    def seconds_since(self, since: datetime) -> float | None:
        """Until the last one was marked done, or how long the open ones have been waiting."""
        if not self.total:
            return None
        until = timezone.now() if self.open else self.last_done_at
        return (until - since).total_seconds() if until else None

    @property
    def sentence(self) -> str:
        """Who removes it and how far they are; that no system is connected only where there is nothing to remove."""
        return self._sentence(lambda at: _("%s UTC") % moment_words(at))

    @property
    def sentence_to_keep(self) -> str:
        """The same for a document, which is read on another day."""
        return self._sentence(times.exact)

    def _sentence(self, words: Words) -> str:
        if self.open:
            return " ".join([self._open_words(words), *self._done_beside])
        if self.may_grow:
            return _("Tasks in other systems are still being made, as people are cut off.")
        if self.done:
            return f"{self._done_words(words)} {_('People confirmed that with evidence, not Curfew.')}"
        return _("Nothing had to be removed in other systems.") if self.not_needed else str(NO_SYSTEMS)

    def _open_words(self, words: Words) -> str:
        counted = ngettext(
            "%(count)d task in other systems is open",
            "%(count)d tasks in other systems are open",
            self.open,
        ) % {"count": self.open}
        if self.first_due_at is None:
            return f"{counted}."
        said = {"open": counted, "at": words(self.first_due_at), "count": self.open}
        if self.overdue:
            return (
                ngettext("%(open)s, was due at %(at)s.", "%(open)s, the first was due at %(at)s.", self.open)
                % said
            )
        return ngettext("%(open)s, due at %(at)s.", "%(open)s, the first is due at %(at)s.", self.open) % said

    @property
    def _done_beside(self) -> list[str]:
        if not self.done:
            return []
        words = ngettext("%(count)d is marked done.", "%(count)d are marked done.", self.done)
        return [words % {"count": self.done}]

    def _done_words(self, words: Words) -> str:
        counted = ngettext(
            "%(count)d task in other systems is done", "%(count)d tasks in other systems are done", self.done
        ) % {"count": self.done}
        if self.last_done_at is None:
            return f"{counted}."
        said = {"done": counted, "at": words(self.last_done_at)}
        return (
            _("%(done)s since %(at)s.") if self.done == 1 else _("%(done)s, the last since %(at)s.")
        ) % said


def outside_tasks_of(revocation: Revocation) -> OutsideTasks:
    """As they stand now, in one look-up."""
    is_open, is_done = Q(state__in=OPEN_STEPS), Q(state=StepState.DONE)
    counted = Step.objects.filter(revocation=revocation, is_manual=True).aggregate(
        open=Count("pk", filter=is_open),
        overdue=Count("pk", filter=is_open & Q(due_at__lt=timezone.now())),
        done=Count("pk", filter=is_done),
        not_needed=Count("pk", filter=Q(state=StepState.NOT_NEEDED)),
        first_due_at=Min("due_at", filter=is_open),
        last_done_at=Max("done_at", filter=is_done),
    )
    return OutsideTasks(**counted, may_grow=_may_grow(revocation))


def _may_grow(revocation: Revocation) -> bool:
    """Each person's tasks are made as they are cut off."""
    if revocation.cut_off_at is not None or not ends_project(revocation):
        return False
    return ProjectResource.objects.filter(project=revocation.project_id).exists()
