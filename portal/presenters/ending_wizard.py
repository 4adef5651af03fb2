"""End Project, step by step: what is shown at each, and what has changed in kind since it was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.ending_draft import Draft
from portal.presenters.ending_scope import Scope
from portal.presenters.words import clean, initiator_name_words, moment_words, name_of, sessions_words
from sessions_app.changes.blast_radius import Why
from sessions_app.changes.zones import ClockChange, LocalMoment
from sessions_app.models import EndingState, Policy, Project, ProjectEnding, User

WHY_WORDS: dict[Why, Promise] = {
    Why.MANY_PEOPLE: gettext_lazy("%(people)d people are more than the %(alone)d one person may end alone."),
    Why.SHARE_OF_STAFF: gettext_lazy("%(people)d people are more than %(percent)d %% of everybody."),
    Why.MANY_SESSIONS: gettext_lazy("%(sessions)d sessions are more than one person may end alone."),
    Why.PRIVILEGED: gettext_lazy("An Admin or a member of Security is among them."),
    Why.EVERYONE: gettext_lazy("It is about everyone."),
    Why.BEYOND_LIMIT: gettext_lazy("It is beyond the limit of the policy."),
}


class Step(StrEnum):
    """In this order; the value is the last part of the address."""

    SCOPE = "scope"
    WHEN = "when"
    WHY = "why"
    END = "end"


@dataclass(frozen=True, kw_only=True)
class StepMark:
    """One of the four bars on top."""

    number: int
    word: str
    is_current: bool
    url: str
    """Where it can be gone back to; empty for steps still to come."""


class Wizard:
    """Ending one project, for one reader, from what they have seen and typed so far."""

    def __init__(self, project: Project, reader: User, draft: Draft, step: Step, *, page: str = "") -> None:
        self.project = project
        self.reader = reader
        self.draft = draft
        self.step = step
        self.scope = Scope(project, draft.seen, page=page)

    @property
    def name(self) -> str:
        return clean(self.project.name)

    @property
    def title(self) -> str:
        titles = {
            Step.SCOPE: _("What ends with %s"),
            Step.WHEN: _("When does %s end?"),
            Step.WHY: _("Why does %s end?"),
        }
        return titles[self.step] % self.name if self.step in titles else self.question

    @property
    def question(self) -> str:
        words = {
            True: _("End the project %s now?"),
            False: _("Schedule the end of %s?"),
        }
        return words[self.is_now] % self.name

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        return [(self.name, self.project_url), (_("End Project"), "")]

    @property
    def project_url(self) -> str:
        return project_url(self.project)

    @property
    def marks(self) -> list[StepMark]:
        last = _("Approval") if self.draft.second_person else _("Check and end")
        words = {Step.SCOPE: _("Scope"), Step.WHEN: _("When"), Step.WHY: _("Reason"), Step.END: last}
        order = list(Step)
        return [
            StepMark(
                number=number,
                word=words[step],
                is_current=step is self.step,
                url=self.url_of(step) if order.index(step) < order.index(self.step) else "",
            )
            for number, step in enumerate(order, start=1)
        ]

    def url_of(self, step: Step) -> str:
        if step is Step.SCOPE:
            return reverse("end_project", args=[self.project.key])
        return reverse("end_project_step", args=[self.project.key, step])

    @property
    def url(self) -> str:
        return self.url_of(self.step)

    @property
    def next_step(self) -> Step:
        order = list(Step)
        return order[order.index(self.step) + 1]

    @property
    def next_words(self) -> str:
        words = {Step.SCOPE: _("Next: when"), Step.WHEN: _("Next: reason"), Step.WHY: _("Next: check")}
        return words[self.step]

    @property
    def back_url(self) -> str:
        order = list(Step)
        return self.url_of(order[order.index(self.step) - 1]) if self.step is not Step.SCOPE else ""

    # --- The record beside it ---

    @property
    def recorded_as(self) -> str:
        roles = ", ".join(sorted(str(role.label) for role in self.reader.roles))
        return _("Recorded as %(name)s, %(roles)s") % {"name": name_of(self.reader), "roles": roles}

    @property
    def why_second_person(self) -> list[str]:
        policy = Policy.current()
        numbers = {
            "people": self.scope.people,
            "alone": policy.people_alone,
            "percent": policy.staff_percent_alone,
            "sessions": self.draft.seen["sessions"],
        }
        return [str(WHY_WORDS[Why(why)]) % numbers for why in self.draft.second_person]

    @property
    def approval_minutes(self) -> int:
        return Policy.current().approval_minutes

    # --- When ---

    moment: LocalMoment | None = None
    """Set by the view from what was typed; None is now."""

    @property
    def is_now(self) -> bool:
        return self.moment is None

    @property
    def when_words(self) -> str:
        if self.moment is None:
            return _("Now")
        return both_clocks(self.moment.at, self.project)

    @property
    def clock_change_words(self) -> str:
        """What a change of the clocks did to what was typed; empty on every other day."""
        change = self.moment.change if self.moment else ClockChange.NONE
        words = {
            ClockChange.NONE: "",
            ClockChange.SKIPPED: _("Clocks jump over the time that was typed; this is the moment they do."),
            ClockChange.TWICE: _(
                "This time exists twice on that day, because clocks are put back. It is the first."
            ),
        }
        return words[change]

    @property
    def own_end_words(self) -> str:
        return both_clocks(self.project.ends_at, self.project)

    @cached_property
    def scheduled(self) -> ProjectEnding | None:
        """One that waits for its moment; an ending for now takes its place."""
        return self.project.endings.filter(state=EndingState.SCHEDULED).first()

    @property
    def scheduled_words(self) -> str:
        if self.scheduled is None:
            return ""
        return _("%(who)s has scheduled its end for %(when)s. Ending it now takes the place of that.") % {
            "who": initiator_name_words(self.scheduled.initiator_user, self.scheduled.initiator_name),
            "when": both_clocks(self.scheduled.due_at, self.project),
        }

    # --- The last question ---

    @property
    def submit(self) -> str:
        """Verb and count."""
        if self.draft.second_person:
            return _("Ask for approval")
        if not self.is_now:
            return _("Schedule the end of %s") % self.name
        people = self.scope.people
        if not people:
            return _("End project %s") % self.name
        return ngettext("End project for %(count)d person", "End project for %(count)d people", people) % {
            "count": people
        }

    @property
    def lead(self) -> str:
        final = _("Ended sessions stay dead: this cannot be undone.")
        if not self.is_now:
            final = _("Until then it can be cancelled. What has changed by then is on the receipt.")
        counts = _("%(people)s, %(sessions)s.") % {
            "people": ngettext("%(count)d person", "%(count)d people", self.scope.people)
            % {"count": self.scope.people},
            "sessions": sessions_words(self.draft.seen["sessions"]),
        }
        return f"{counts} {final}"

    @property
    def ticket(self) -> str:
        return clean(self.draft.why.get("ticket", ""))

    @property
    def note(self) -> str:
        return self.draft.why.get("note", "")


def project_url(project: Project) -> str:
    """Where the project is shown."""
    return reverse("project", args=[project.key])


def both_clocks(at: datetime, project: Project) -> str:
    """'30 Nov 2026, 18:00 Europe/Madrid (17:00 UTC)'."""
    local = at.astimezone(ZoneInfo(project.time_zone))
    there = f"{date_format(local, 'j M Y')}, {local:%H:%M} {project.time_zone}"
    return (
        there
        if project.time_zone == "UTC"
        else _("%(there)s (%(utc)s UTC)")
        % {
            "there": there,
            "utc": moment_words(at),
        }
    )


def changes_in_kind(shown: Draft, now: Draft) -> list[str]:
    """What makes it another deed than the one that was looked at; numbers alone never do."""
    changes = []
    if now.privileged > shown.privileged:
        changes.append(_("An Admin or a member of Security is among them now."))
    if now.second_person and not shown.second_person:
        changes.append(_("It has become more than one person may end alone."))
    if shown.second_person and not now.second_person:
        changes.append(_("It takes no second person any more: this click ends it."))
    return changes
