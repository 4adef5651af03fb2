"""What an enforcement point got for answers: refused, or what enforcing would have refused, by cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.presenters.attempts import CAUSES
from sessions_app.blacklist.causes import UNAVAILABLE
from sessions_app.models import EnforcementPoint, PointTally
from sessions_app.models.enforcement_points import PointMode

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
    "typ": _("it is a token of another kind"),
    "header": _("its header asks for what is never done"),
    "algorithm": _("its algorithm is not its issuer's"),
    "unknown_key": _("its key is not known"),
    "not_yet_valid": _("it is not valid yet"),
    "lifetime": _("it lives longer than its issuer's tokens may"),
    "too_large": _("it is too large"),
    "claim_type": _("one of its claims is of the wrong kind"),
    "claim_range": _("one of its moments cannot be"),
    "claim_too_long": _("one of its claims is too long"),
    "empty_claim": _("one of its claims is empty"),
    "missing_claim": _("a claim is missing"),
    "duplicate_name": _("it says something twice"),
    "session_too_old": _("its session is older than its issuer's sessions may be"),
    "project_end_date": _("the end of its project cannot be read"),
    "marker_missing": _("the blacklist is not in force yet"),
    "marker_version": _("the blacklist is of another version"),
    "heartbeat_old": _("the blacklist has not been renewed"),
    "heartbeat_ahead": _("this machine's clock is behind"),
    "went_back": _("the blacklist has lost something"),
    "everyone_cutoff": _("it began before everybody's cutoff"),
    "refused_by_gateway": _("its gateway had refused it already"),
    "malformed_entry": _("what stands against it cannot be read"),
}


def cause_words(cause: str) -> str:
    """A cause as a guard names it, for people; one nobody gave words to stays as it is."""
    what, _colon, which = cause.partition(":")
    if cause == UNAVAILABLE:
        return str(_("the blacklist did not answer"))
    if what == UNAVAILABLE:
        return _("the blacklist did not answer (%(cause)s)") % {"cause": which}
    return str(MORE_CAUSES.get(cause) or CAUSES.get(cause) or cause)


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
    def observes(self) -> bool:
        return self.point.mode == PointMode.OBSERVE

    @property
    def would_refuse_in_day(self) -> int:
        return sum(row.in_day for row in self.would_refuse)

    @property
    def would_refuse_in_week(self) -> int:
        return sum(row.in_week for row in self.would_refuse)

    @property
    def refused_in_day(self) -> int:
        return sum(row.in_day for row in self.refused)

    @property
    def refused_in_week(self) -> int:
        return sum(row.in_week for row in self.refused)

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
            cause=cause_words(cause),
            in_day=sum(tally.times for tally in found if tally.hour > since),
            in_week=sum(tally.times for tally in found),
            last_at=max(tally.last_at for tally in found),
            was_enforced=was_enforced,
        )
        for (outcome, cause, was_enforced), found in grouped.items()
    ]
    return sorted(rows, key=lambda row: -row.in_week)
