"""Revocations by the hour and by reason, as bars with a table that says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.presenters.words import moment_words
from sessions_app.models.reasons import Reason

HOURS = 24
NAMED = 2
LABEL_EVERY = 6
# Places are in pixels downwards and in per cent across, so that text never stretches.
TOP, BASE, FEET = 12.0, 136.0, 154.0
LEFT, BAR, GAP = 5.0, 2.6, 1.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """One colour: a reason by name, or all others together, which no list can be narrowed to."""

    number: int
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One piece of one bar."""

    series: int
    y: str
    height: str


@dataclass(frozen=True, kw_only=True)
class Hour:
    """`counts` and `names` go by series, in their order; `label` is empty for bars without one."""

    begins_at: datetime
    name: str
    x: str
    middle: str
    label: str
    counts: tuple[int, ...]
    names: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def cells(self) -> list[tuple[str, int]]:
        return list(zip(self.names, self.counts, strict=True))


@dataclass(frozen=True, kw_only=True)
class Line:
    y: str
    text_y: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Hourly:
    """What templates/portal/overview_hours.html draws. `sentence` is the whole of it for whoever does not see it."""

    series: tuple[Series, ...]
    hours: tuple[Hour, ...]
    lines: tuple[Line, ...]
    sentence: str
    label_y: str = f"{FEET:.0f}"
    left: str = f"{LEFT:.2f}%"

    @property
    def rows(self) -> list[Hour]:
        """Of the table: the hours in which something was decided, the newest first."""
        return [hour for hour in reversed(self.hours) if any(hour.counts)]


def hourly(decided: Iterable[tuple[datetime, str]], *, now: datetime) -> Hourly | None:
    """Of (moment, reason), which may be older; None where nothing was decided in these hours, of UTC."""
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    begins = [last - timedelta(hours=back) for back in reversed(range(HOURS))]
    counted: Counter[tuple[datetime, str]] = Counter()
    for moment, reason in decided:
        hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if hour >= begins[0]:
            counted[hour, reason] += 1
    return _drawn(begins, counted) if counted else None


def _drawn(begins: Sequence[datetime], counted: Counter[tuple[datetime, str]]) -> Hourly:
    series = _series(counted)
    named = [each.reason for each in series if each.reason]
    by_hour = [_counts(hour, counted, named, len(series)) for hour in begins]
    top = _round_up(max(sum(counts) for counts in by_hour))
    return Hourly(
        series=series,
        hours=tuple(
            _hour(place, begins_at, counts, name=_name(begins_at, begins[-1]), series=series, top=top)
            for place, (begins_at, counts) in enumerate(zip(begins, by_hour, strict=True))
        ),
        lines=tuple(_line(value, top) for value in (0, top // 2, top)),
        sentence=_sentence(series, by_hour, begins[0]),
    )


def _series(counted: Counter[tuple[datetime, str]]) -> tuple[Series, ...]:
    """The most frequent reasons by name; a single one more too, for it needs no other word."""
    totals: Counter[str] = Counter()
    for (_hour_of, reason), count in counted.items():
        totals[reason] += count
    in_order = sorted(totals, key=lambda reason: (-totals[reason], reason))
    named = in_order if len(in_order) <= NAMED + 1 else in_order[:NAMED]
    found = [
        Series(number=number, name=str(Reason(reason).label), reason=reason)
        for number, reason in enumerate(named, 1)
    ]
    if len(in_order) > len(named):
        found.append(Series(number=NAMED + 1, name=_("Other reasons"), reason=""))
    return tuple(found)


def _counts(
    hour: datetime, counted: Counter[tuple[datetime, str]], named: Sequence[str], width: int
) -> tuple[int, ...]:
    own = [counted[hour, reason] for reason in named]
    rest = sum(count for (at, reason), count in counted.items() if at == hour and reason not in named)
    return tuple([*own, rest][:width])


def _round_up(highest: int) -> int:
    """The top line: even, so that the one in the middle is a whole number."""
    return highest + highest % 2


def _name(hour: datetime, last: datetime) -> str:
    """'11:00', with its day where that is another than the last hour's."""
    day = "" if hour.date() == last.date() else f"{date_format(hour, 'j M')}, "
    return f"{day}{hour:%H:%M}"


def _hour(
    place: int,
    begins_at: datetime,
    counts: Sequence[int],
    *,
    name: str,
    series: Sequence[Series],
    top: int,
) -> Hour:
    step = (100 - LEFT) / HOURS
    x = LEFT + place * step + (step - BAR) / 2
    return Hour(
        begins_at=begins_at,
        name=name,
        x=f"{x:.2f}%",
        middle=f"{x + BAR / 2:.2f}%",
        label=f"{begins_at:%H:%M}" if begins_at.hour % LABEL_EVERY == 0 else "",
        counts=tuple(counts),
        names=tuple(each.name for each in series),
        parts=tuple(_parts(counts, top)),
    )


def _parts(counts: Sequence[int], top: int) -> Iterable[Part]:
    """From the base upwards, a pixel apart."""
    below = BASE
    for series, count in enumerate(counts, 1):
        if count:
            height = (BASE - TOP) * count / top
            below -= height
            yield Part(series=series, y=_pixels(below), height=_pixels(max(height - GAP, 1.0)))


def _line(value: int, top: int) -> Line:
    y = BASE - (BASE - TOP) * value / top
    return Line(y=_pixels(y), text_y=_pixels(y + 4), name=str(value))


def _pixels(place: float) -> str:
    """As the SVG attribute: a point as decimal sign in every language."""
    return f"{place:.2f}"


def _sentence(series: Sequence[Series], by_hour: Sequence[Sequence[int]], since: datetime) -> str:
    totals = [sum(column) for column in zip(*by_hour, strict=True)]
    count = sum(totals)
    said = ngettext(
        "%(count)d revocation since %(since)s UTC: %(reasons)s.",
        "%(count)d revocations since %(since)s UTC: %(reasons)s.",
        count,
    )
    reasons = ", ".join(f"{each.name} {total}" for each, total in zip(series, totals, strict=True))
    return said % {"count": count, "since": moment_words(since), "reasons": reasons}
