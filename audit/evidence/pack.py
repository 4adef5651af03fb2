"""The evidence of one period, put together: from HR's list, the trail and the signed receipts, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from audit.evidence.as_of import Held, Value, roles_at, settings_at
from audit.evidence.cases import AT_ONCE, leaver_cases
from audit.evidence.leavers import Days, Leaver
from audit.evidence.lists import allowed_by, period_of, read_list
from audit.evidence.matching import EARLY, Kind, MatchRow, explanations_of, match
from audit.evidence.response_times import ResponseTimes, response_times
from audit.evidence.sampling import drawn
from audit.models import LeaverList, ReceiptVersion
from audit.search import EntryQuerySet

MOST_SAMPLED = 60


@dataclass(frozen=True, kw_only=True)
class Matched:
    """The match of one list, as it stands now."""

    leavers: LeaverList
    period: Days
    rows: Sequence[MatchRow]
    bad: Sequence[tuple[int, str]]

    def of(self, kind: Kind) -> list[MatchRow]:
        return [row for row in self.rows if row.kind is kind]

    @property
    def exceptions(self) -> list[MatchRow]:
        return [row for row in self.rows if row.is_exception]

    @property
    def open(self) -> list[MatchRow]:
        return [row for row in self.rows if row.is_open]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What decides the sample."""

    seed: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Everything that goes into the archive. `roles` and `settings` are as of the end of `as_of`."""

    matched: Matched
    draw: Draw
    sample: Sequence[MatchRow]
    times: ResponseTimes
    as_of: date
    roles: Sequence[Held]
    settings: Sequence[Value]
    receipts: Sequence[ReceiptVersion]
    not_sealed: int
    made_at: datetime


def matched(kept: LeaverList, *, entries: EntryQuerySet, people: Mapping[str, str]) -> Matched:
    """Raises ListChanged. `people` says which person the key of a leaver is; `entries` are all of the trail."""
    period, file = period_of(kept), read_list(kept)
    cases = leaver_cases(entries, period.begins_at - EARLY, timezone.now())
    rows = match(
        file.leavers,
        cases,
        people=people,
        began_at=period.begins_at,
        ended_at=period.ends_at,
        allowed=allowed_by(kept),
        explanations=explanations_of(entries, kept),
    )
    return Matched(leavers=kept, period=period, rows=rows, bad=file.bad)


def leavers_of(kept: LeaverList) -> tuple[Leaver, ...]:
    """Whom somebody must look up before the match. Raises ListChanged."""
    return read_list(kept).leavers


def assembled(found: Matched, *, entries: EntryQuerySet, draw: Draw, as_of: date) -> Pack:
    """The sample is drawn from the population, never from what Curfew knows."""
    population = {row.key: row for row in found.rows if row.leaver}
    sample = [population[key] for key in drawn(draw.seed, population, min(draw.size, MOST_SAMPLED))]
    moment = datetime.combine(as_of, time(), tzinfo=UTC) + timedelta(days=1)
    period = found.period
    within = entries.filter(timestamp__gte=period.begins_at, timestamp__lt=period.ends_at)
    return Pack(
        matched=found,
        draw=draw,
        sample=sample,
        times=response_times(entries, period.begins_at, period.ends_at),
        as_of=as_of,
        roles=roles_at(entries, moment),
        settings=settings_at(entries, moment),
        receipts=_receipts_of([*found.exceptions, *sample]),
        not_sealed=within.filter(link=None).count(),
        made_at=timezone.now(),
    )


def _receipts_of(rows: Sequence[MatchRow]) -> list[ReceiptVersion]:
    """The newest signed version of each receipt concerned."""
    numbers = list(dict.fromkeys(row.case.receipt for row in rows if row.case))
    newest: dict[str, ReceiptVersion] = {}
    for start in range(0, len(numbers), AT_ONCE):
        some = ReceiptVersion.objects.filter(receipt__in=numbers[start : start + AT_ONCE])
        newest |= {version.receipt: version for version in some.order_by("number")}
    return [newest[number] for number in numbers if number in newest]
