"""How long it took from the click or call to cut off, for everything ended in a period, against 30 s and 60 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.events import Events
from audit.search import EntryQuerySet

TARGET_MS, LIMIT_MS = 30_000, 60_000
EDGES_MS = (100, 1_000, 5_000, 10_000, TARGET_MS, LIMIT_MS)
DECISIONS = (
    Events.USER_TERMINATED.code,
    Events.SESSION_ENDED.code,
    Events.TOKEN_REVOKED.code,
    Events.SESSIONS_ENDED.code,
)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How many took longer than `over_ms` and at most `up_to_ms`; None is without end."""

    over_ms: int
    up_to_ms: int | None
    count: int


@dataclass(frozen=True, kw_only=True)
class ResponseTimes:
    """Milliseconds; None where nothing was cut off. `open` is how many are decided and not cut off."""

    count: int
    open: int
    p50: int | None
    p95: int | None
    longest: int | None
    over_target: int
    over_limit: int
    bars: tuple[Bar, ...]


def response_times(entries: EntryQuerySet, since: datetime, until: datetime) -> ResponseTimes:
    """Of all decisions of the period, whatever their reason."""
    decided = entries.of_events(*DECISIONS).filter(timestamp__gte=since, timestamp__lt=until)
    receipts = set(decided.values_list("receipt", flat=True))
    # A cutoff may come after the end of the period, for a decision within it.
    cut_off = entries.of_events(Events.CUT_OFF.code).filter(timestamp__gte=since)
    took = {
        receipt: details["milliseconds"]
        for receipt, details in cut_off.values_list("receipt", "additional_data").iterator()
        if receipt in receipts and details and "milliseconds" in details
    }
    return summed_up(sorted(took.values()), still_open=len(receipts - set(took)))


def summed_up(milliseconds: Sequence[int], *, still_open: int = 0) -> ResponseTimes:
    """Of sorted values."""
    edges = (0, *EDGES_MS)
    return ResponseTimes(
        count=len(milliseconds),
        open=still_open,
        p50=percentile(milliseconds, 50),
        p95=percentile(milliseconds, 95),
        longest=milliseconds[-1] if milliseconds else None,
        over_target=sum(1 for each in milliseconds if each > TARGET_MS),
        over_limit=sum(1 for each in milliseconds if each > LIMIT_MS),
        bars=tuple(
            _bar(milliseconds, over, up_to) for over, up_to in zip(edges, (*EDGES_MS, None), strict=True)
        ),
    )


def percentile(milliseconds: Sequence[int], percent: int) -> int | None:
    """By nearest rank: the smallest value that at least so many per cent do not exceed."""
    if not milliseconds:
        return None
    rank = -(-len(milliseconds) * percent // 100)
    return milliseconds[max(rank, 1) - 1]


def _bar(milliseconds: Sequence[int], over: int, up_to: int | None) -> Bar:
    low = over if over else -1  # nothing at all is within the first
    count = sum(1 for each in milliseconds if low < each and (up_to is None or each <= up_to))
    return Bar(over_ms=over, up_to_ms=up_to, count=count)
