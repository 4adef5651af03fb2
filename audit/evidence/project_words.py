"""What the report of a project's end says in words, once for its page, its PDF and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.events import Events
from audit.evidence.project_report import (
    DONE,
    NOT_NEEDED,
    Approved,
    Contractor,
    Doer,
    ProjectReport,
    ReportCheck,
    ReportTask,
    SignOff,
)
from audit.evidence.words import moment, seconds
from audit.initiators import InitiatorKind
from audit.presentation import in_words, person_pseudonym

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LATE_AFTER_SECONDS = 600


class Shown(StrEnum):
    """How one line of a system stands."""

    CONFIRMED = "confirmed"
    TAKEN = "taken"
    WAITING = "waiting"
    STAYS = "stays"
    NOT_NEEDED = "not_needed"
    SAID = "said"


STATES: dict[Shown, StrOrPromise] = {
    Shown.CONFIRMED: gettext_lazy("confirmed"),
    Shown.TAKEN: gettext_lazy("taken away"),
    Shown.WAITING: gettext_lazy("to do"),
    Shown.STAYS: gettext_lazy("stays"),
    Shown.NOT_NEEDED: gettext_lazy("not needed"),
    Shown.SAID: gettext_lazy("done, as somebody said"),
}
CAPACITIES: dict[str, StrOrPromise] = {
    "manager": gettext_lazy("project manager"),
    "auditor": gettext_lazy("auditor"),
}
HOW_IT_IS_MADE = gettext_lazy(
    "Put together from entries of the audit trail alone. Names stand beside them and go when people are erased; "
    "what was done, when and by whom stays."
)
BLACKLIST = gettext_lazy("Blacklist")
GROUPS = gettext_lazy("Groups")


@dataclass(frozen=True, kw_only=True)
class SystemLine:
    """What one system says of one contractor, and which entry proves it."""

    system: str
    what: str
    shown: Shown
    at: datetime | None = None
    by: str = ""
    evidence: str = ""
    entry: int | None = None

    @property
    def word(self) -> str:
        return str(STATES[self.shown])


@dataclass(frozen=True, kw_only=True)
class ExceptionLine:
    """`about` is a person's key, empty where it is the whole project."""

    about: str
    who: str
    what: str
    entry: int | None = None


# --- People and who did it ------------------------------------------------------------------------


def person_words(report: ProjectReport, person: str) -> str:
    """By name while it is kept, else by pseudonym."""
    return report.names.get(person) or person_pseudonym(person)


def contractor_words(contractor: Contractor) -> str:
    return contractor.name or person_pseudonym(contractor.person)


def doer_words(doer: Doer) -> str:
    if doer.kind == InitiatorKind.CLOCK:
        return _("the clock")
    return doer.name or person_pseudonym(doer.id)


def sign_in_words(contractor: Contractor) -> str:
    """What became of their sign-in."""
    if contractor.allowed_again_at:
        return _("allowed again %s") % moment(contractor.allowed_again_at)
    if contractor.blocks_sign_in:
        return _("blocked")
    if contractor.keeps:
        return _("goes on: %s") % ", ".join(contractor.keeps)
    return _("not blocked")


def last_active_words(contractor: Contractor, *, to_the_moment: bool) -> str:
    """The day for whoever may not know more."""
    at = contractor.last_active_at
    if at is None:
        return _("never seen")
    return moment(at) if to_the_moment else at.astimezone(UTC).date().isoformat()


# --- Systems --------------------------------------------------------------------------------------


def systems_of(contractor: Contractor, report: ProjectReport) -> list[SystemLine]:
    """Our own first, then each thing outside."""
    lines = [_blacklist(contractor, report)]
    if contractor.groups_left:
        lines.append(
            SystemLine(
                system=str(GROUPS),
                what=", ".join(contractor.groups_left),
                shown=Shown.TAKEN,
                at=report.decided_at,
                entry=contractor.entry,
            )
        )
    return [*lines, *(task_line(task) for task in contractor.tasks)]


def _blacklist(contractor: Contractor, report: ProjectReport) -> SystemLine:
    if contractor.left_out:
        return SystemLine(
            system=str(BLACKLIST),
            what=in_words("why", contractor.left_out),
            shown=Shown.STAYS,
            entry=contractor.entry,
        )
    return SystemLine(
        system=str(BLACKLIST),
        what=_("read back through the guard") if report.is_finished else _("NOT YET CUT OFF"),
        shown=Shown.CONFIRMED if report.is_finished else Shown.WAITING,
        at=report.cut_off_at,
        entry=contractor.entry,
    )


def task_line(task: ReportTask) -> SystemLine:
    """Green is for what was read back: a task that somebody says is done is only said to be."""
    shown = {DONE: Shown.SAID, NOT_NEEDED: Shown.NOT_NEEDED}.get(task.state, Shown.WAITING)
    return SystemLine(
        system=task.system,
        what=f"{in_words('resource', task.kind)} {task.name}",
        shown=shown,
        at=task.changed_at,
        by=doer_words(task.by) if task.by else "",
        evidence=task.evidence,
        entry=task.entry,
    )


# --- Exceptions -----------------------------------------------------------------------------------


def exceptions_of(report: ProjectReport, *, at: datetime) -> list[ExceptionLine]:
    """What an auditor asks about first, the worst first. A task is one once its time was over at this moment."""
    return [*_of_the_whole(report), *_of_people(report), *_of_tasks(report, at)]


def is_overdue(task: ReportTask, at: datetime) -> bool:
    return task.is_open and task.due_at is not None and task.due_at < at


def _of_the_whole(report: ProjectReport) -> Iterator[ExceptionLine]:
    if not report.is_finished:
        yield ExceptionLine(about="", who=report.name, what=_("Not everybody is cut off yet."))
    for check in report.failed_checks:
        said = _("%(which)s: %(found)s") % {"which": which_words(check), "found": check_words(check)}
        yield ExceptionLine(about="", who=_("Later check"), what=said, entry=check.entry)


def _of_people(report: ProjectReport) -> Iterator[ExceptionLine]:
    for each in report.exceptions:
        for what in _why(each):
            yield ExceptionLine(about=each.person, who=contractor_words(each), what=what, entry=each.entry)


def _why(contractor: Contractor) -> Iterator[str]:
    if contractor.left_out:
        yield _("Sessions stay: %s") % in_words("why", contractor.left_out)
    if contractor.cannot_be_cut_before:
        yield _("An application that never asks lets a token in until %s") % moment(
            contractor.cannot_be_cut_before
        )
    if contractor.claims.endswith("F"):
        yield _("A new token still claims what was lost")


def _of_tasks(report: ProjectReport, at: datetime) -> Iterator[ExceptionLine]:
    for task in report.all_tasks:
        if is_overdue(task, at):
            line = task_line(task)
            said = _("%(system)s, %(what)s: overdue since %(due)s")
            yield ExceptionLine(
                about=task.person,
                who=person_words(report, task.person) if task.person else report.name,
                what=said % {"system": line.system, "what": line.what, "due": moment(task.due_at)},
                entry=task.entry,
            )


# --- Later checks ---------------------------------------------------------------------------------


def which_words(check: ReportCheck) -> str:
    return in_words("which", check.which)


def check_words(check: ReportCheck) -> str:
    """What it found; where it has not been done, when it will be."""
    if check.done_at is None:
        return _("due %s") % moment(check.due_at)
    faults = [words for words in (_fault(check.found, key) for key in FAULTS) if words]
    said = ", ".join(faults) if faults else _("nothing was alive or back")
    return f"{said} ({_looked_at(check)})"


FAULTS = ("alive", "not_refused", "claims_accepted", "returned", "newcomers", "tasks_overdue")


def _fault(found: Mapping[str, Any], key: str) -> str:
    count = counted(found, key)
    if not count:
        return ""
    said = {
        "alive": ngettext("sessions of %d person alive", "sessions of %d people alive", count),
        "not_refused": ngettext(
            "%d person missing in the blacklist", "%d people missing in the blacklist", count
        ),
        "claims_accepted": ngettext(
            "tokens of %d person that still name the project would be let in",
            "tokens of %d people that still name the project would be let in",
            count,
        ),
        "returned": ngettext("%d person back in its groups", "%d people back in its groups", count),
        "newcomers": ngettext("%d new person in its groups", "%d new people in its groups", count),
        "tasks_overdue": ngettext("%d task overdue", "%d tasks overdue", count),
    }
    return said[key] % count


def counted(found: Mapping[str, Any], key: str) -> int:
    """How many there were, also where only the first are named."""
    return int(found.get(f"{key}_count", len(found.get(key) or ())))


def _looked_at(check: ReportCheck) -> str:
    people, still_open = int(check.found.get("people", 0)), int(check.found.get("tasks_open", 0))
    parts = [ngettext("%d person looked at", "%d people looked at", people) % people]
    if still_open:
        parts.append(ngettext("%d task open", "%d tasks open", still_open) % still_open)
    if check.late_seconds > LATE_AFTER_SECONDS:
        parts.append(_("%s late") % late_words(check.late_seconds))
    return ", ".join(parts)


def late_words(late_seconds: int) -> str:
    hours = late_seconds // 3600
    if hours >= 48:
        return ngettext("%d day", "%d days", hours // 24) % (hours // 24)
    if hours:
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d minute", "%d minutes", late_seconds // 60) % (late_seconds // 60)


# --- The end itself -------------------------------------------------------------------------------


def end_facts(report: ProjectReport) -> list[tuple[str, str]]:
    """Who asked, who approved, when, and what had changed since they looked."""
    facts = [
        (_("Receipt"), report.receipt),
        (_("Asked by"), doer_words(report.asked_by)),
        (_("Asked"), _stamp_words(report.begun.get("asked_at"))),
        (_("Approved by"), approvals_words(report)),
        (_("Decided"), f"{moment(report.decided_at)}, {doer_words(report.ordered_by)}"),
        (_("Cut off"), moment(report.cut_off_at) if report.cut_off_at else _("NOT YET CUT OFF")),
        (_("How long it took"), seconds(report.milliseconds)),
        (_("Ticket"), report.ticket or "–"),
    ]
    if report.note:
        facts.append((_("Note"), report.note))
    return [*facts, (_("Changed since the preview"), news_words(report))]


def _stamp_words(stamped: object) -> str:
    return moment(datetime.fromisoformat(stamped)) if isinstance(stamped, str) else "–"


def approvals_words(report: ProjectReport) -> str:
    if not report.approvals:
        return _("nobody: no second person was needed")
    return "; ".join(approval_words(each) for each in report.approvals)


def approval_words(each: Approved) -> str:
    said = {
        Events.GLASS_BROKEN.code: _("nobody: %(who)s went alone, %(at)s"),
        Events.GLASS_REVIEWED.code: _("reviewed by %(who)s, %(at)s"),
    }
    return said.get(each.event, "%(who)s, %(at)s") % {"who": doer_words(each.by), "at": moment(each.at)}


def news_words(report: ProjectReport) -> str:
    """People who came and went by name, and every other number before and after."""
    if not report.begun.get("fingerprint") or not report.begun.get("seen"):
        return _("no preview was shown")
    news: Mapping[str, Any] = report.begun.get("news") or {}
    said = [_news_line(report, key, value) for key, value in news.items()]
    return "; ".join(said) if said else _("nothing")


NEWS: dict[str, StrOrPromise] = {
    "came": gettext_lazy("came"),
    "went": gettext_lazy("left"),
    "sessions": gettext_lazy("sessions"),
    "families": gettext_lazy("refresh families"),
    "resources": gettext_lazy("resources"),
    "blocked": gettext_lazy("lose sign-in"),
    "left_out": gettext_lazy("left out"),
    "keeps": gettext_lazy("keep another project"),
    "services": gettext_lazy("service accounts"),
}


def _news_line(report: ProjectReport, key: str, value: Any) -> str:
    label = str(NEWS.get(key, key))
    if isinstance(value, list):
        return f"{label}: {', '.join(person_words(report, each) for each in value)}"
    return _("%(what)s: %(seen)s shown, %(found)s found") % {
        "what": label,
        "seen": _as_number(value["seen"]),
        "found": _as_number(value["found"]),
    }


def _as_number(value: Any) -> str:
    if isinstance(value, dict) and all(isinstance(each, int) for each in value.values()):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "0"
    return str(len(value)) if isinstance(value, list | dict) else str(value)


def capacity_words(sign_off: SignOff) -> str:
    return str(CAPACITIES.get(sign_off.capacity, sign_off.capacity))


def sign_off_words(sign_off: SignOff, *, is_current: bool) -> str:
    """Whether it is what stands here now that was signed."""
    return _("this report") if is_current else _("changed since signed")
