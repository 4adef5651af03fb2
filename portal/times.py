"""How the portal words moments and durations; the page's script refreshes relative times with the same words."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86400
SHORTEST_SHOWN_SECONDS = 0.005
NOW_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A duration as two words, because clocks set the number and its unit in different sizes."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}"


def amount(seconds: float) -> Amount:
    """Two decimals below a tenth of a second, one up to a minute, then whole minutes, hours and days."""
    seconds = max(seconds, 0.0)
    if seconds < SHORTEST_SHOWN_SECONDS:
        return Amount(number="< 0.01", unit=_("s"))
    if round(seconds, 2) < 0.1:
        return Amount(number=f"{seconds:.2f}", unit=_("s"))
    if round(seconds, 1) < MINUTE:
        return Amount(number=f"{seconds:.1f}", unit=_("s"))
    return whole_amount(seconds)


def whole_amount(seconds: float) -> Amount:
    """Without decimals, rounded to the nearest, in the largest unit that leaves at least one."""
    if round(seconds) < MINUTE:
        return Amount(number=str(round(seconds)), unit=_("s"))
    if round(seconds / MINUTE) < 60:
        return Amount(number=str(round(seconds / MINUTE)), unit=_("min"))
    if round(seconds / HOUR) < 48:
        return Amount(number=str(round(seconds / HOUR)), unit=_("h"))
    days = round(seconds / DAY)
    return Amount(number=str(days), unit=ngettext("day", "days", days))


def relative(moment: datetime, *, now: datetime) -> str:
    """'3 min ago', 'in 41 min', 'just now'; never more precise than its largest unit."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < NOW_SECONDS:
        return _("just now")
    span = floored_amount(abs(seconds))
    return _("%(span)s ago") % {"span": span} if seconds > 0 else _("in %(span)s") % {"span": span}


def floored_amount(seconds: float) -> Amount:
    """Like `whole_amount`, rounded down: something 119 s old is '1 min ago', not two."""
    if seconds < MINUTE:
        return Amount(number=str(int(seconds)), unit=_("s"))
    if seconds < HOUR:
        return Amount(number=str(int(seconds // MINUTE)), unit=_("min"))
    if seconds < DAY:
        return Amount(number=str(int(seconds // HOUR)), unit=_("h"))
    days = int(seconds // DAY)
    return Amount(number=str(days), unit=ngettext("day", "days", days))


def day_words(moment: datetime, *, now: datetime) -> str:
    """'today', 'yesterday', '19 Nov', and the year only when it is another one. Days are UTC days."""
    day, today = moment.astimezone(UTC).date(), now.astimezone(UTC).date()
    if day == today:
        return _("today")
    if day == today - timedelta(days=1):
        return _("yesterday")
    return date_format(day, "j M" if day.year == today.year else "j M Y")


def exact(moment: datetime) -> str:
    """ISO-like UTC with milliseconds, for titles and copies."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{_milliseconds(moment)} UTC"


def clock_time(moment: datetime) -> str:
    """The time of day in UTC with milliseconds."""
    return f"{moment.astimezone(UTC):%H:%M:%S}.{_milliseconds(moment)}"


def _milliseconds(moment: datetime) -> str:
    return f"{moment.microsecond // 1000:03d}"
