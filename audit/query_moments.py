"""Times in a search line: a day, a moment, longer ago or later, a range, and so long ago.

2026-11-01 · 2026-11-01T14:30 · >2026-11-01 · <=2026-11-01 · 2026-11-01..2026-11-05 · 7d · <8h. All in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.query_terms import UnreadableQuery

WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[Tt](?P<clock>\d\d:\d\d)(?P<seconds>:\d\d)?(?P<zone>[Zz]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
AGO = re.compile(r"(?P<amount>[0-9]{1,4})(?P<unit>[mhdw])")
UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
IN_DAYS = ("d", "w")


@dataclass(frozen=True, kw_only=True)
class Span:
    """From `since` until just before `until`; None is without end."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_in_whole_days(self) -> bool:
        """Whether it asks nothing finer than a day of UTC."""
        return all(edge is None or edge == _midnight(edge) for edge in (self.since, self.until))


def read_span(text: str) -> Span:
    """Raises UnreadableQuery.

    So long ago means from then on: 7d is the last seven days, today among them, counted from midnight; with <,
    it means before then. > and < with a day leave that day out.
    """
    try:
        return _span(text)
    except (ValueError, OverflowError) as error:
        raise UnreadableQuery(
            _(
                "“%s” is not a time. Write 2026-11-01, 2026-11-01T14:30, >2026-11-01, 2026-11-01..2026-11-05, 7d or 8h."
            )
            % text[:80]
        ) from error


def _span(text: str) -> Span:
    if ".." in text:
        first, last = text.split("..", 1)
        if not first and not last:
            raise ValueError
        ordered = Span(since=_start(first) if first else None, until=_end(last) if last else None)
        if ordered.since and ordered.until and ordered.since > ordered.until:
            raise ValueError
        return ordered
    found = re.fullmatch(r"(?P<sign>[<>]=?)?(?P<value>.+)", text)
    if found is None:
        raise ValueError
    return _compared(found["sign"] or "", found["value"])


def _compared(sign: str, value: str) -> Span:
    match sign:
        case ">":
            return Span(since=_end(value))
        case ">=":
            return Span(since=_start(value))
        case "<":
            return Span(until=_start(value))
        case "<=":
            return Span(until=_end(value))
        case _ if AGO.fullmatch(value):
            return Span(since=_start(value))
        case _:
            return Span(since=_start(value), until=_end(value))


def _start(value: str) -> datetime:
    return _edges(value)[0]


def _end(value: str) -> datetime:
    return _edges(value)[1]


def _edges(value: str) -> tuple[datetime, datetime]:
    """The first moment of what was written, and the first one after it."""
    ago = AGO.fullmatch(value)
    if ago:
        then = _so_long_ago(int(ago["amount"]), ago["unit"])
        return then, then
    written = WRITTEN.fullmatch(value)
    if written is None:
        raise ValueError(value)
    text = f"{written['day']}T{written['clock'] or '00:00'}{written['seconds'] or ''}{written['zone'] or 'Z'}"
    start = datetime.fromisoformat(text.upper()).astimezone(UTC)
    return start, start + _grain(written)


def _grain(written: re.Match[str]) -> timedelta:
    if written["seconds"]:
        return timedelta(seconds=1)
    return timedelta(minutes=1) if written["clock"] else timedelta(days=1)


def _so_long_ago(amount: int, unit: str) -> datetime:
    """Days are counted from midnight UTC, so that asking twice does not narrow a day down to a minute."""
    now = timezone.now().astimezone(UTC)
    if unit not in IN_DAYS:
        return now - amount * UNITS[unit]
    return _midnight(now) - amount * UNITS[unit] + (UNITS["d"] if amount else timedelta())


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
