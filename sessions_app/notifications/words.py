"""What waits for somebody, in words: a short one for a subject or a heading, and a sentence with its moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_app.changes.texts import shown
from sessions_app.models import WaitingKind
from sessions_app.notifications.waiting import Waiting

LONGEST_NAME: Final = 100


def moment_in(at: datetime, zone: str) -> str:
    """'Fri 27 Nov 2026, 18:00 Europe/Lisbon (18:00 UTC)'; the day in UTC only where it is another one."""
    there, utc = at.astimezone(ZoneInfo(zone)), at.astimezone(UTC)
    if zone == "UTC":
        return f"{date_format(utc, 'D j M Y')}, {utc:%H:%M} UTC"
    in_utc = f"{utc:%H:%M}" if utc.date() == there.date() else f"{date_format(utc, 'j M')}, {utc:%H:%M}"
    return f"{date_format(there, 'D j M Y')}, {there:%H:%M} {zone} ({in_utc} UTC)"


def title_of(waiting: Waiting) -> str:
    """Without anybody's name: it is also the subject of a mail, which others may read over a shoulder."""
    return _TITLES[waiting.kind](waiting)


def sentence_of(waiting: Waiting) -> str:
    """The title with the moment that matters."""
    words = _MOMENTS[waiting.kind](waiting) if waiting.at else ""
    return f"{title_of(waiting)}. {words}".strip() if words else f"{title_of(waiting)}."


def _name(waiting: Waiting) -> str:
    return shown(waiting.name, limit=LONGEST_NAME)


def _project_ends(waiting: Waiting) -> str:
    name = _name(waiting)
    if waiting.days <= 0:
        return _("Project %s ends today") % name
    words = ngettext(
        "Project %(name)s ends in %(days)d day", "Project %(name)s ends in %(days)d days", waiting.days
    )
    return words % {"name": name, "days": waiting.days}


def _tasks(waiting: Waiting) -> str:
    late = ngettext("%(count)d task is overdue", "%(count)d tasks are overdue", waiting.count)
    to_do = ngettext("%(count)d task to do by hand", "%(count)d tasks to do by hand", waiting.count)
    words = (late if waiting.is_late else to_do) % {"count": waiting.count}
    return _("%(tasks)s: %(name)s") % {"tasks": words, "name": _name(waiting)} if waiting.name else words


def _approval(waiting: Waiting) -> str:
    words = ngettext(
        "A second person is needed: %(count)d person concerned",
        "A second person is needed: %(count)d people concerned",
        waiting.count,
    ) % {"count": waiting.count}
    return f"{words}, {_name(waiting)}" if waiting.name else words


def _review(waiting: Waiting) -> str:
    words = _("Something was done alone and has to be reviewed")
    return f"{words}: {_name(waiting)}" if waiting.name else words


def _wrong_person(_waiting: Waiting) -> str:
    return _("Somebody’s access may have been ended by mistake")


def _findings(waiting: Waiting) -> str:
    return _("A later check of project %s found something alive or back") % _name(waiting)


def _leave_today(waiting: Waiting) -> str:
    return ngettext(
        "The access of %(count)d person ends by itself today",
        "The access of %(count)d people ends by itself today",
        waiting.count,
    ) % {"count": waiting.count}


def _stuck(_waiting: Waiting) -> str:
    return _("Somebody should have left and still has access")


_TITLES: Final[dict[WaitingKind, Callable[[Waiting], str]]] = {
    WaitingKind.PROJECT_ENDS: _project_ends,
    WaitingKind.TASKS: _tasks,
    WaitingKind.APPROVAL: _approval,
    WaitingKind.WRONG_PERSON: _wrong_person,
    WaitingKind.REVIEW: _review,
    WaitingKind.FINDINGS: _findings,
    WaitingKind.LEAVES_TODAY: _leave_today,
    WaitingKind.LEAVING_STUCK: _stuck,
}


def _at(waiting: Waiting) -> str:
    return moment_in(waiting.at, waiting.zone) if waiting.at else ""


_MOMENTS: Final[dict[WaitingKind, Callable[[Waiting], str]]] = {
    WaitingKind.PROJECT_ENDS: lambda waiting: _("It ends %s.") % _at(waiting),
    WaitingKind.TASKS: lambda waiting: _("Due %s.") % _at(waiting),
    WaitingKind.APPROVAL: lambda waiting: _("It waits until %s.") % _at(waiting),
    WaitingKind.WRONG_PERSON: lambda waiting: _("Said %s.") % _at(waiting),
    WaitingKind.REVIEW: lambda waiting: _("Due %s.") % _at(waiting),
    WaitingKind.FINDINGS: lambda waiting: _("Checked %s.") % _at(waiting),
    WaitingKind.LEAVES_TODAY: _at,
    WaitingKind.LEAVING_STUCK: lambda waiting: _("The moment was %s.") % _at(waiting),
}
