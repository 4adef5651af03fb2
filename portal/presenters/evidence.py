"""The evidence of a period as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from audit.evidence import words
from audit.evidence.as_of import Held, Value, roles_at, settings_at
from audit.evidence.matching import MatchRow
from audit.evidence.pack import Matched
from audit.evidence.response_times import LIMIT_MS, TARGET_MS, Bar, ResponseTimes, response_times
from audit.search import EntryQuerySet
from portal.presenters.words import clean
from sessions_app.models import Role

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN_AT_MOST = 200
LONGEST_TEXT = 300
NAMING = ("name", "key", "iss", "client_id")


@dataclass(frozen=True, kw_only=True)
class Tally:
    label: StrOrPromise
    number: int
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class ExceptionLine:
    """One exception, safe to show. `receipt_url` is empty where there is no receipt."""

    key: str
    name: str
    what: str
    left_on: str
    receipt: str
    receipt_url: str
    is_open: bool
    explanation: str


@dataclass(frozen=True, kw_only=True)
class SettingGroup:
    """One thing that operators edit, with its fields; `since` is its newest change."""

    kind: str
    name: str
    since: datetime
    facts: list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class BarLine:
    """`width` is an SVG attribute in per cent of the room for bars."""

    label: str
    count: int
    width: str
    number_at: str
    y: int
    tone: str


class TimesPicture:
    """Bars with their table twin."""

    LEFT, ROOM, LINE = 26.0, 62.0, 28

    def __init__(self, times: ResponseTimes) -> None:
        self.times = times

    @property
    def sentence(self) -> str:
        return words.times_sentence(self.times)

    @property
    def facts(self) -> list[tuple[str, str]]:
        return words.times_facts(self.times)

    @property
    def height(self) -> int:
        return self.LINE * len(self.times.bars)

    @property
    def left(self) -> str:
        return f"{self.LEFT:.2f}%"

    @cached_property
    def bars(self) -> list[BarLine]:
        most = max((bar.count for bar in self.times.bars), default=0) or 1
        return [self._line(number, bar, most) for number, bar in enumerate(self.times.bars)]

    def _line(self, number: int, bar: Bar, most: int) -> BarLine:
        width = self.ROOM * bar.count / most
        return BarLine(
            label=words.bar_words(bar),
            count=bar.count,
            width=f"{width:.2f}%",
            number_at=f"{self.LEFT + width + 1:.2f}%",
            y=number * self.LINE,
            tone="late" if bar.over_ms >= LIMIT_MS else "slow" if bar.over_ms >= TARGET_MS else "fast",
        )


class EvidencePage:
    """What templates/portal/evidence/evidence.html asks for."""

    def __init__(self, found: Matched, entries: EntryQuerySet, as_of: date | None) -> None:
        self.found = found
        self.leavers = found.leavers
        self.as_of = as_of or found.period.last
        self._entries = entries

    @property
    def title(self) -> str:
        return _("Leavers, %s") % self.found.period

    @property
    def url(self) -> str:
        return reverse("evidence", args=[self.leavers.pk])

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        return [
            (_("Audit"), reverse("audit")),
            (_("Evidence"), reverse("evidence_lists")),
            (self.title, ""),
        ]

    @property
    def tally(self) -> list[Tally]:
        return [
            Tally(label=label, number=len(self.found.of(kind)), line=self._open_words(self.found.of(kind)))
            for kind, label in words.KINDS.items()
        ]

    def _open_words(self, rows: Sequence[MatchRow]) -> str:
        if not any(row.is_exception for row in rows):
            return ""
        return _("%d open") % sum(row.is_open for row in rows)

    @property
    def how(self) -> StrOrPromise:
        return words.HOW_MATCHED

    @property
    def how_drawn(self) -> StrOrPromise:
        return words.HOW_DRAWN

    @property
    def about_settings(self) -> StrOrPromise:
        return words.ABOUT_SETTINGS

    @cached_property
    def exceptions(self) -> list[ExceptionLine]:
        return [_line(row) for row in self.found.exceptions[:SHOWN_AT_MOST]]

    @property
    def not_shown(self) -> int:
        """How many more exceptions and wrong rows there are; the pack holds all."""
        return max(0, len(self.found.exceptions) - SHOWN_AT_MOST)

    @property
    def bad(self) -> list[tuple[str, str]]:
        return [(_("Line %d") % line, why) for line, why in self.found.bad[:SHOWN_AT_MOST]]

    @property
    def origin(self) -> list[tuple[str, str]]:
        kept = self.leavers
        return [
            (_("Source"), clean(kept.source, LONGEST_TEXT)),
            (_("Query"), clean(kept.query, LONGEST_TEXT)),
            (_("Rows"), str(kept.rows)),
            (_("Rows that are wrong"), str(kept.bad_rows)),
            (_("Hours allowed"), str(kept.allowed_hours)),
            (_("Received"), words.moment(kept.received_at)),
            (_("SHA-256"), kept.sha256),
        ]

    @cached_property
    def times(self) -> TimesPicture:
        period = self.found.period
        return TimesPicture(response_times(self._entries, period.begins_at, period.ends_at))

    @property
    def _moment(self) -> datetime:
        return datetime.combine(self.as_of, time(), tzinfo=UTC) + timedelta(days=1)

    @cached_property
    def roles(self) -> list[tuple[StrOrPromise, Held]]:
        held = roles_at(self._entries, self._moment)[:SHOWN_AT_MOST]
        return [(_role_words(each.role), each) for each in held]

    @cached_property
    def settings(self) -> list[SettingGroup]:
        """Thing by thing."""
        values = settings_at(self._entries, self._moment)
        groups = groupby(values, key=lambda value: (value.kind, value.id))
        return [_group(kind, key, list(some)) for (kind, key), some in groups][:SHOWN_AT_MOST]


def _line(row: MatchRow) -> ExceptionLine:
    receipt = row.case.receipt if row.case else ""
    return ExceptionLine(
        key=row.key,
        name=clean(row.name),
        what=words.kind_words(row),
        left_on=clean(row.leaver.left_on) if row.leaver else "",
        receipt=receipt,
        receipt_url=reverse("receipt", args=[receipt]) if receipt else "",
        is_open=row.is_open,
        explanation="" if row.is_open else clean(words.explanation_words(row), 2400),
    )


def _group(kind: str, key: str, values: list[Value]) -> SettingGroup:
    named = {value.field: value.value for value in values}
    name = next((named[field] for field in NAMING if named.get(field)), key)
    facts = [(value.field, clean(value.value, LONGEST_TEXT)) for value in values]
    return SettingGroup(
        kind=kind.replace("_", " "), name=clean(name), since=max(value.since for value in values), facts=facts
    )


def _role_words(code: str) -> StrOrPromise:
    return Role(code).label if code in Role.values else code
