"""How a project, its end and what is known of it are worded, for the list, the page and the file."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import times
from portal.presenters.words import clean
from sessions_app.changes.zones import ClockChange, LocalMoment
from sessions_app.models import Project, ProjectState

SOON_DAYS = 7

STATES = {
    ProjectState.PLANNED: "project_planned",
    ProjectState.RUNNING: "project_running",
    ProjectState.ENDING: "project_ending",
    ProjectState.ENDED: "project_ended",
    ProjectState.ENDED_WITH_EXCEPTIONS: "project_exceptions",
}


def name_of_project(project: Project) -> str:
    return clean(project.name) or project.key


def in_zone(moment: datetime, zone: str) -> str:
    """'30 Nov 2026, 18:00 Europe/Madrid'; UTC where the zone is no longer known to this machine."""
    try:
        local, name = moment.astimezone(ZoneInfo(zone)), zone
    except (ZoneInfoNotFoundError, ValueError):
        local, name = moment.astimezone(ZoneInfo("UTC")), "UTC"
    return f"{date_format(local, 'j M Y')}, {local:%H:%M} {name}"


def in_utc(moment: datetime) -> str:
    return in_zone(moment, "UTC")


def in_both(moment: datetime, zone: str) -> str:
    """In the zone, and in UTC in brackets where that is not the same."""
    return in_zone(moment, zone) if zone == "UTC" else f"{in_zone(moment, zone)} ({in_utc(moment)})"


def countdown(project: Project) -> str:
    """'7 days left', 'since 3 h': how long until its end, or since it ended."""
    now = timezone.now()
    if project.ended_at is not None:
        return times.relative(project.ended_at, now=now)
    seconds = (project.ends_at - now).total_seconds()
    if seconds <= 0:
        return _("its end has come")
    return _("%(span)s left") % {"span": times.floored_amount(seconds)}


def is_soon(project: Project) -> bool:
    """Whether it ends within a week and has not yet."""
    seconds = (project.ends_at - timezone.now()).total_seconds()
    return project.ended_at is None and seconds < SOON_DAYS * times.DAY


def clock_change_words(moment: LocalMoment) -> str:
    """What had to be decided about a time that clocks in the zone skip or show twice; empty where nothing had."""
    shown = {"shown": in_both(moment.at, moment.zone)}
    match moment.change:
        case ClockChange.SKIPPED:
            return _("Clocks there go forward over that time. It was taken as %(shown)s.") % shown
        case ClockChange.TWICE:
            return _("Clocks there show that time twice that day. The first was taken: %(shown)s.") % shown
        case _:
            return ""


def days_words(days: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def age_words(day: date | None) -> str:
    """'412 days'; empty where nobody said when."""
    return days_words(max(0, (timezone.now().date() - day).days)) if day else ""
