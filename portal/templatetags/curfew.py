"""The portal's template words: icons, states, times, ids, and the parts that wrap other content."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django import template
from django.forms import BoundField
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_htmx.middleware import HtmxDetails

from portal import times
from portal.moments import TimesShown, times_of
from portal.ruler import Ruler, build_ruler
from portal.states import LOOKS, Look

register = template.Library()

EMPTY = "–"
TAIL_LENGTH = 3
HASH_HEAD, HASH_TAIL = 4, 4


# --- Icons and states -------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str) -> SafeString:
    """One icon of the sprite, hidden from readers: the word beside it speaks."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def state(kind: str, word: str = "") -> SafeString:
    """A state inside a line or a cell: icon and word without background. `kind` is a key of `portal.states`."""
    return _drawn(LOOKS[kind], word, base="state")


@register.simple_tag
def badge(kind: str, word: str = "") -> SafeString:
    """The same state as a pill, for headings, clocks and panel caps."""
    return _drawn(LOOKS[kind], word, base="badge")


def _drawn(look: Look, word: str, *, base: str) -> SafeString:
    running = " is-running" if look.running else ""
    return format_html(
        '<span class="{} {}--{}{}">{}<span>{}</span></span>',
        base,
        base,
        look.tone,
        running,
        icon(look.icon),
        word or look.word,
    )


# --- Moments and durations --------------------------------------------------------------------------


@register.filter
def ago(moment: datetime | None) -> str:
    """'3 min ago' in a time element whose title is exact; the page's script keeps it fresh."""
    if moment is None:
        return _empty()
    words = times.relative(moment, now=timezone.now())
    return _time(moment, words, marker=SafeString(" data-ago"))


@register.filter
def left(moment: datetime | None) -> str:
    """How long until a moment: '41 min'; an en dash when there is none or it has passed."""
    seconds = (moment - timezone.now()).total_seconds() if moment else 0
    if moment is None or seconds <= 0:
        return _empty()
    return _time(moment, str(times.floored_amount(seconds)))


@register.filter
def day(moment: datetime | None) -> str:
    """'today', 'yesterday' or '19 Nov', with nothing more precise anywhere in the page."""
    if moment is None:
        return _empty()
    words = times.day_words(moment, now=timezone.now())
    return format_html('<time datetime="{}">{}</time>', moment.astimezone(UTC).date().isoformat(), words)


@register.filter
def utc(moment: datetime | None, form: str = "full") -> str:
    """Exact UTC. Forms: full (day, year, milliseconds), row (year only if another), minute, clock."""
    if moment is None:
        return _empty()
    at = moment.astimezone(UTC)
    if form == "clock":
        return _time(moment, times.clock_time(moment))
    if form == "minute":
        return _time(moment, f"{date_format(at, 'j M Y')}, {at:%H:%M} UTC")
    short = form == "row" and at.year == timezone.now().year
    words = format_html(
        '<span class="dim">{}</span> {}',
        date_format(at, "j M" if short else "j M Y"),
        times.clock_time(moment),
    )
    return _time(moment, words)


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime | None) -> str:
    """A moment of a record as the reader wants times: relative, local (the page's script knows the zone), or UTC."""
    match times_of(context.get("request")) if at else TimesShown.UTC:
        case TimesShown.RELATIVE:
            return ago(at)
        case TimesShown.LOCAL if at:
            return _time(at, times.exact(at), marker=SafeString(" data-local-time"))
        case _:
            return utc(at, "row")


@register.filter
def seconds(value: float | timedelta | None) -> str:
    """A duration: '0.02 s', '6.3 s', '41 min'."""
    return EMPTY if value is None else str(times.amount(_as_seconds(value)))


@register.filter
def seconds_number(value: float | timedelta | None) -> str:
    """The number of a duration alone, as the big clocks set it."""
    return EMPTY if value is None else times.amount(_as_seconds(value)).number


@register.filter
def seconds_unit(value: float | timedelta | None) -> str:
    """The unit of a duration alone."""
    return "" if value is None else times.amount(_as_seconds(value)).unit


@register.filter
def whole_number(value: float) -> str:
    """The number of a duration that still runs: decimals that change while one reads say nothing."""
    return times.floored_amount(value).number


@register.filter
def whole_unit(value: float) -> str:
    """The unit of the same."""
    return times.floored_amount(value).unit


def _as_seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def _time(moment: datetime, words: str, *, marker: str = "") -> SafeString:
    stamp = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>', stamp, times.exact(moment), marker, words
    )


def _empty() -> SafeString:
    return render_to_string("components/none.html")


# --- Names and identifiers --------------------------------------------------------------------------


@register.filter
def tail(identifier: object) -> str:
    """The last three characters after an ellipsis: enough to tell two rows apart, useless to steal."""
    text = str(identifier or "")
    return f"…{text[-TAIL_LENGTH:]}" if text else EMPTY


@register.filter
def short_hash(value: object) -> str:
    """A hash with its middle left out, the whole one in the title."""
    text = str(value or "")
    if len(text) <= HASH_HEAD + HASH_TAIL + 1:
        return text or EMPTY
    return format_html('<code title="{}">{}…{}</code>', text, text[:HASH_HEAD], text[-HASH_TAIL:])


@register.filter
def initials(name: object) -> str:
    """First letters of the first and last word that have one; never longer than two characters."""
    firsts = [next((sign for sign in word if _is_letter(sign)), "") for word in str(name or "").split()]
    letters = [sign for sign in firsts if sign]
    if not letters:
        return "?"
    return (letters[0] + (letters[-1] if len(letters) > 1 else "")).upper()[:2]


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] in {"L", "N"}


@register.filter
def without_placeholder(field: BoundField) -> BoundField:
    """The field of somebody else's form without the placeholder that repeats its label."""
    field.field.widget.attrs.pop("placeholder", None)
    return field


@register.filter
def without_help(field: BoundField) -> BoundField:
    """The field without its help text, where that offers something this portal does not have."""
    field.help_text = ""
    return field


# --- Pictures ---------------------------------------------------------------------------------------


@register.inclusion_tag("components/ruler.html")
def time_ruler(
    *,
    cutoff_seconds: float | None,
    marks: Sequence[tuple[str, float]],
    sentence: str,
    open_seconds: float | None = None,
    target_seconds: float | None = None,
) -> dict[str, Ruler]:
    """The time ruler under the clocks; see components/ruler.html."""
    ruler = build_ruler(
        cutoff_seconds=cutoff_seconds,
        marks=marks,
        open_seconds=open_seconds,
        target_seconds=target_seconds,
        sentence=sentence,
    )
    return {"ruler": ruler}


# --- Parts that wrap other content ------------------------------------------------------------------


@register.simple_block_tag(takes_context=True)
def panel(context: Context, content: str, **words: object) -> SafeString:
    """{% panel title=… aside=… %}…{% endpanel %}; variables at the top of components/panel.html."""
    return _part(context, "components/panel.html", content, words)


@register.simple_block_tag(takes_context=True)
def page_head(context: Context, content: str, **words: object) -> SafeString:
    """{% page_head title=… line=… %}buttons{% endpage_head %}; see components/page_head.html."""
    return _part(context, "components/page_head.html", content, words)


@register.simple_block_tag(takes_context=True)
def note(context: Context, content: str, **words: object) -> SafeString:
    """{% note title=… tone=… icon_name=… %}…{% endnote %}; see components/note.html."""
    return _part(context, "components/note.html", content, words)


@register.simple_block_tag(takes_context=True)
def dialog(context: Context, content: str, **words: object) -> SafeString:
    """{% dialog title=… action=… submit=… %}body{% enddialog %}; see components/dialog.html.

    The same words serve the modal (asked for by htmx) and the page of its own (asked for by a link).
    """
    words.setdefault("as_page", not _asked_for_part(context))
    return _part(context, "components/dialog.html", content, words)


def _part(context: Context, name: str, content: str, words: Mapping[str, object]) -> SafeString:
    """Render the part with nothing but its own words, so that a page's variables never leak into it."""
    return render_to_string(name, {**words, "content": content}, request=context.get("request"))


def _asked_for_part(context: Context) -> bool:
    htmx: HtmxDetails | None = getattr(context.get("request"), "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted
