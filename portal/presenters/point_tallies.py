"""What an enforcement point got for answers: refused, or what enforcing would have refused, by cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.presenters.attempts import CAUSES
from sessions_app.models import EnforcementPoint, PointTally

WEEK = timedelta(days=7)
DAY = timedelta(days=1)

MORE_CAUSES = {
    "": _("allowed"),
    "missing_token": _("no token was sent"),
    "audience": _("the token is for another audience"),
    "expired": _("the token had run out"),
    "unknown_issuer": _("its issuer is not trusted here"),
    "signature": _("its signature is wrong"),
    "malformed": _("it is no token"),
    "project_ended": _("its project has ended"),
}


@dataclass(frozen=True, kw_only=True)
class TallyRow:
    outcome: str
    cause: str
    in_day: int
    in_week: int
    last_at: datetime
    was_enforced: bool


@dataclass(frozen=True, kw_only=True)
class PointPage:
    """A week of one point's answers. `would_refuse` is what was let through only because it observes."""

    point: EnforcementPoint
    would_refuse: list[TallyRow]
    refused: list[TallyRow]
    allowed_in_day: int
    allowed_in_week: int

    @property
    def is_silent(self) -> bool:
        return not (self.would_refuse or self.refused or self.allowed_in_week)


def page_of(point: EnforcementPoint) -> PointPage:
    now = timezone.now()
    rows = _rows(point.tallies.filter(hour__gt=now - WEEK), since=now - DAY)
    not_allowed = [row for row in rows if row.outcome != "allowed"]
    allowed = [row for row in rows if row.outcome == "allowed"]
    return PointPage(
        point=point,
        would_refuse=[row for row in not_allowed if not row.was_enforced],
        refused=[row for row in not_allowed if row.was_enforced],
        allowed_in_day=sum(row.in_day for row in allowed),
        allowed_in_week=sum(row.in_week for row in allowed),
    )


def _rows(tallies: Iterable[PointTally], *, since: datetime) -> list[TallyRow]:
    grouped: dict[tuple[str, str, bool], list[PointTally]] = defaultdict(list)
    for tally in tallies:
        grouped[tally.outcome, tally.cause, tally.was_enforced].append(tally)
    rows = [
        TallyRow(
            outcome=outcome,
            cause=str(MORE_CAUSES.get(cause) or CAUSES.get(cause) or cause),
            in_day=sum(tally.times for tally in found if tally.hour > since),
            in_week=sum(tally.times for tally in found),
            last_at=max(tally.last_at for tally in found),
            was_enforced=was_enforced,
        )
        for (outcome, cause, was_enforced), found in grouped.items()
    ]
    return sorted(rows, key=lambda row: -row.in_week)
