"""The numbers an overview begins with: only of what its reader may open, each with the list that it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.evidence.response_times import percentile
from portal import times
from portal.access import may, projects_for, revocations_for
from portal.presenters.hourly import Hourly, hourly
from portal.presenters.integrity import Integrity
from portal.presenters.projects import SOON, ProjectFilter, ending_soon
from portal.presenters.revocations import SINCE, RevocationFilter
from portal.presenters.session_query import SessionQuery
from portal.roles import May
from sessions_app.models import User
from sessions_app.models.revocations import STUCK_AFTER

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WEEK, MONTH = "7d", "30d"
TARGET_SECONDS = 30
COUNTED_AT_MOST = 5_000
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, kw_only=True)
class Number:
    """One cell of the tally. `url` is the list behind the number, `state` a look of `portal.states` for its line."""

    label: StrOrPromise
    number: str
    url: str
    unit: str = ""
    line: str = ""
    state: str = ""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """One revocation, as far as numbers go. `seconds` is None while it is not cut off."""

    at: datetime
    reason: str
    seconds: float | None


class OverviewNumbers:
    """Asks a fixed number of questions, and reads no more than the newest revocations of a month."""

    def __init__(self, reader: User) -> None:
        self._reader = reader
        self._now = timezone.now()

    @cached_property
    def tally(self) -> list[Number]:
        return [
            *self._of_revocations(),
            *self._of_sessions(),
            *self._of_projects(),
            *self._of_the_trail(),
        ]

    @cached_property
    def hours(self) -> Hourly | None:
        return hourly(((each.at, each.reason) for each in self._decided), now=self._now)

    @property
    def shows_hours(self) -> bool:
        return self._sees_revocations

    @property
    def hours_of(self) -> list[tuple[str, str, int]]:
        """Name, list and number of each colour; no list for what stands for several reasons."""
        series = self.hours.series if self.hours else ()
        return [(each.name, _of_reason(each.reason), each.number) for each in series]

    # --- Revocations ---

    @cached_property
    def _sees_revocations(self) -> bool:
        return may(self._reader, May.SEE_REVOCATIONS)

    @cached_property
    def _decided(self) -> list[Decided]:
        """The newest of the last 30 days."""
        if not self._sees_revocations:
            return []
        since = self._now - SINCE[MONTH][1]
        rows = (
            revocations_for(self._reader)
            .filter(decided_at__gte=since)
            .order_by("-decided_at", "id")
            .values_list("decided_at", "reason", "received_at", "cut_off_at")[: COUNTED_AT_MOST + 1]
        )
        return [
            Decided(at=at, reason=reason, seconds=(cut - got).total_seconds() if cut else None)
            for at, reason, got, cut in rows
        ]

    def _of_revocations(self) -> Iterator[Number]:
        if self._sees_revocations:
            yield self._cut_off_in()
            yield self._cut_off()
            yield self._not_yet()

    def _cut_off_in(self) -> Number:
        took = self._seconds(SINCE[WEEK][1])
        label, url = _("Click to cut off, p95"), _revocations(state="cut-off", since=WEEK)
        if not took:
            return Number(label=label, number=NOTHING, url=url, line=_("nothing in 7 days"))
        half, most = (times.amount((percentile(took, share) or 0) / 1000) for share in (50, 95))
        whole = self._is_whole(SINCE[WEEK][1])
        span = _("7 days") if whole else _("newest %s") % f"{len(took):,}"
        said = _("%(span)s, p50 %(half)s, target %(target)d s")
        line = said % {"span": span, "half": half, "target": TARGET_SECONDS}
        return Number(label=label, number=most.number, unit=most.unit, url=url, line=line)

    def _cut_off(self) -> Number:
        return Number(
            label=_("Cut off in 7 days"),
            number=self._counted(WEEK),
            url=_revocations(state="cut-off", since=WEEK),
            line=_("%s in 30 days") % self._counted(MONTH),
        )

    def _seconds(self, span: timedelta) -> Sequence[int]:
        """Milliseconds of those that were decided this lately and are cut off, sorted."""
        since = self._now - span
        found = (each.seconds for each in self._decided if each.at >= since)
        return sorted(round(seconds * 1000) for seconds in found if seconds is not None)

    def _counted(self, span: str) -> str:
        """Where not all were read, the number does not claim to be all."""
        count = f"{len(self._seconds(SINCE[span][1])):,}"
        return count if self._is_whole(SINCE[span][1]) else f"{count}+"

    def _is_whole(self, span: timedelta) -> bool:
        read = self._decided
        return len(read) <= COUNTED_AT_MOST or read[-1].at < self._now - span

    @cached_property
    def _pending(self) -> tuple[int, datetime | None]:
        found = revocations_for(self._reader).pending().order_by()
        counted = found.aggregate(count=Count("pk"), oldest=Min("decided_at"))
        return counted["count"], counted["oldest"]

    def _not_yet(self) -> Number:
        count, oldest = self._pending
        url = _revocations(state="not-yet")
        if oldest is None:
            return Number(label=_("Not yet cut off"), number="0", url=url, line=_("nothing is open"))
        waited = self._now - oldest
        return Number(
            label=_("Not yet cut off"),
            number=f"{count:,}",
            url=url,
            line=_("oldest waits %s") % times.floored_amount(max(waited.total_seconds(), 0)),
            state="stuck" if waited > STUCK_AFTER else "waiting",
        )

    # --- Sessions, projects, the trail ---

    def _of_sessions(self) -> Iterator[Number]:
        if not may(self._reader, May.SEE_SESSIONS):
            return
        found = SessionQuery(reader=self._reader, line="").sessions().order_by()
        count = found[: COUNTED_AT_MOST + 1].count()
        words = f"{COUNTED_AT_MOST:,}+" if count > COUNTED_AT_MOST else f"{count:,}"
        yield Number(label=_("Open sessions"), number=words, url=reverse("sessions"), line=_("now"))

    def _of_projects(self) -> Iterator[Number]:
        if not may(self._reader, May.SEE_PROJECTS):
            return
        count = ending_soon(projects_for(self._reader, May.SEE_PROJECTS)).count()
        words = ngettext("project ends within 7 days", "projects end within 7 days", count)
        url = reverse("projects") + ProjectFilter(ends=SOON).address()
        yield Number(label=_("Ending soon"), number=f"{count:,}", url=url, line=words)

    def _of_the_trail(self) -> Iterator[Number]:
        if not may(self._reader, May.VERIFY_AUDIT):
            return
        trail = Integrity.now()
        yield Number(
            label=_("Audit entries"),
            number=f"{trail.head.size + trail.waiting:,}",
            url=reverse("audit_verify"),
            line=trail.word,
            state=trail.state,
        )


def _revocations(**wanted: str) -> str:
    return reverse("revocations") + RevocationFilter(**wanted).address()


def _of_reason(reason: str) -> str:
    return _revocations(reason=reason, since="1d") if reason else ""
