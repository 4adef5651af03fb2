"""Small words that several pages share: names safe to show, moments and days, counts of sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import times
from sessions_app.changes.texts import shown
from sessions_app.models import Revocation, User

LONGEST_NAME = 120


def name_of(user: User) -> str:
    """The display name on one line, without characters that hide or turn the text around them."""
    return shown(user.display_name, limit=LONGEST_NAME) or shown(user.username, limit=LONGEST_NAME)


def first_name_of(user: User) -> str:
    return name_of(user).split()[0]


def clean(text: str, limit: int = LONGEST_NAME) -> str:
    """Any other text from outside, made safe to read in the same way."""
    return shown(text, limit=limit)


def initiator_words(revocation: Revocation) -> str:
    """Who ordered it, by the name they have now; a machine or the shell by the name it had then."""
    return initiator_name_words(revocation.initiator_user, revocation.initiator_name)


def initiator_name_words(user: User | None, name_then: str) -> str:
    """The same of anything else that somebody asked for."""
    return name_of(user) if user else clean(name_then) or _("the clock")


def moment_words(moment: datetime) -> str:
    """'14:43' today, '24 Nov, 14:43' on another day; UTC."""
    at = moment.astimezone(UTC)
    if at.date() == timezone.now().astimezone(UTC).date():
        return f"{at:%H:%M}"
    return f"{date_format(at, 'j M')}, {at:%H:%M}"


def last_day_words(day: date | None) -> str:
    """'today', 'yesterday', '30 Nov'; empty where no last day is known."""
    if day is None:
        return ""
    return times.day_words(datetime.combine(day, time(12), tzinfo=UTC), now=timezone.now())


def is_today(day: date | None) -> bool:
    return day is not None and day == timezone.now().astimezone(UTC).date()


def sessions_words(count: int) -> str:
    return ngettext("%(count)d session", "%(count)d sessions", count) % {"count": count}
