"""What the pack says in words, once for its page, its PDF and its files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.evidence.matching import Kind, MatchRow
from audit.evidence.response_times import Bar, ResponseTimes

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KINDS: dict[Kind, StrOrPromise] = {
    Kind.NEVER_CUT: gettext_lazy("Left but never cut"),
    Kind.LATE: gettext_lazy("Late"),
    Kind.NEVER_LEFT: gettext_lazy("Cut but never left"),
    Kind.IN_BOTH: gettext_lazy("In both, in time"),
}
NO_OUTSIDE_SYSTEMS = gettext_lazy("no outside systems connected")
ABOUT_SETTINGS = gettext_lazy(
    "Every setting that an operator can edit, policies among them, as the trail has it: from the first start on "
    "with the values everybody starts with, each with who changed it last."
)
HOW_MATCHED = gettext_lazy(
    "A leaver's case is the first ending of access for offboarding decided no more than 90 days before they left. It "
    "is in time when it was cut off within the hours allowed after the end of the last day, UTC."
)
HOW_DRAWN = gettext_lazy(
    "Keys are put in the order of SHA-256(seed + '|' + key) in UTF-8, and the first ones are the sample. "
    "Anybody can draw it again."
)


def seconds(milliseconds: int | None) -> str:
    """'0.023 s'; nothing measured is a dash."""
    return "–" if milliseconds is None else f"{milliseconds / 1000:.3f} s"


def moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "–"


def kind_words(row: MatchRow) -> str:
    """With what makes it one."""
    if row.kind is Kind.LATE and row.late_by is not None:
        late = _("not cut off yet") if not row.late_by else _("by %s") % duration(row.late_by)
        return f"{KINDS[row.kind]}, {late}"
    if row.kind is Kind.NEVER_CUT and not row.is_known:
        return _("%s: nobody is known here by these ids") % KINDS[row.kind]
    return str(KINDS[row.kind])


def duration(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}
    if hours:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    minutes = max(1, int(span.total_seconds() // 60))
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def explanation_words(row: MatchRow) -> str:
    """Explained by whom, or open."""
    if not row.is_exception:
        return "–"
    if row.explanation is None:
        return _("open")
    said = row.explanation.text or _("(the text was blanked)")
    return _("%(text)s, %(by)s, %(at)s, entry %(entry)d") % {
        "text": said,
        "by": row.explanation.by,
        "at": moment(row.explanation.at),
        "entry": row.explanation.entry,
    }


def bar_words(bar: Bar) -> str:
    """'0.1 to 1 s', 'over 60 s'."""
    low, high = f"{bar.over_ms / 1000:g}", bar.up_to_ms
    if high is None:
        return _("over %s s") % low
    return (
        _("%(low)s to %(high)s s") % {"low": low, "high": f"{high / 1000:g}"}
        if bar.over_ms
        else _("up to %s s") % f"{high / 1000:g}"
    )


def times_facts(times: ResponseTimes) -> list[tuple[str, str]]:
    return [
        (_("Cut off"), str(times.count)),
        (_("Decided, not cut off"), str(times.open)),
        (_("Half of them within (p50)"), seconds(times.p50)),
        (_("95 of 100 within (p95)"), seconds(times.p95)),
        (_("Longest"), seconds(times.longest)),
        (_("Over 30 s (target)"), str(times.over_target)),
        (_("Over 60 s (limit)"), str(times.over_limit)),
        (_("Confirmed by outside systems"), str(NO_OUTSIDE_SYSTEMS)),
    ]


def times_sentence(times: ResponseTimes) -> str:
    """What the picture shows, for whoever does not see it."""
    if not times.count:
        return _("Nothing was cut off in this period.")
    bars = "; ".join(f"{bar_words(bar)}: {bar.count}" for bar in times.bars)
    return _("How long %(count)d endings of access took: %(bars)s.") % {"count": times.count, "bars": bars}
