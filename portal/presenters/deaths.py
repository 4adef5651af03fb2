"""How sessions die, in words: for one row, and for everything an order would end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import times
from portal.presenters.words import clean, moment_words, sessions_words
from sessions_app.models import Application, AsksHow
from sessions_app.revocation.coverage import Coverage, Death, SessionFate

# Shorter than the settings say it: a row of a table has to hold it.
WAYS = {
    AsksHow.GUARD: gettext_lazy("guard"),
    AsksHow.VERDICT: gettext_lazy("gateway"),
    AsksHow.INTROSPECTION: gettext_lazy("introspection"),
}


@dataclass(frozen=True, kw_only=True)
class DeathWords:
    """A forecast for one session: a key of `portal.states`, its word, and how we know."""

    kind: str
    word: str
    second: str


def death_words(fate: SessionFate) -> DeathWords:
    """'At once, asks us on every request', 'Within 30 s', or 'Cannot be cut, ends by itself at 14:43'."""
    if fate.death is Death.ENDS_BY_ITSELF:
        return DeathWords(kind="cannot_be_cut", word=_("Cannot be cut"), second=_ends_by_itself(fate))
    if not fate.at_once:
        return DeathWords(
            kind="at_once", word=_("At once"), second=_("wherever it asks us; no application is known")
        )
    if fate.cache_seconds:
        return DeathWords(
            kind="at_once", word=within(fate.cache_seconds), second=remembers_words(fate.at_once)
        )
    return DeathWords(kind="at_once", word=_("At once"), second=asks_words(fate.at_once))


def within(cache_seconds: int) -> str:
    return _("Within %d s") % cache_seconds


def asks_words(applications: Iterable[Application]) -> str:
    return _("asks us on every request (%s)") % _ways(applications)


def remembers_words(applications: Iterable[Application]) -> str:
    return _("asks us (%s), may remember the answer") % _ways(applications)


def _ways(applications: Iterable[Application]) -> str:
    return ", ".join(dict.fromkeys(str(WAYS[AsksHow(application.asks)]) for application in applications))


def _ends_by_itself(fate: SessionFate) -> str:
    until = moment_words(fate.lives_until) if fate.lives_until else ""
    if not fate.at_once:
        return _("ends by itself at %s") % until
    words = _("%(names)s ends by itself at %(until)s, the rest at once")
    return words % {"names": names_of(fate.by_itself), "until": until}


def names_of(applications: Iterable[Application]) -> str:
    return ", ".join(clean(application.name) for application in applications)


# --- What an order on one person would do ---------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """One line of the list in the dialog; the fields are those of components/consequences.html."""

    kind: str
    what: str
    count: str
    strong: str = ""


def consequences_of(coverage: Coverage) -> list[Consequence]:
    """What ends at once, what within a declared time, what nobody can cut and until when."""
    lines = [*_at_once(coverage), *_cannot_be_cut(coverage)]
    return lines or [_nothing_known()]


def _nothing_known() -> Consequence:
    return Consequence(
        kind="at_once",
        what=_("No session is known to be open. Any that nobody reported ends too, wherever it asks us."),
        count="",
    )


def _at_once(coverage: Coverage) -> Iterable[Consequence]:
    prompt = [fate for fate in coverage.at_once if fate.at_once and not fate.cache_seconds]
    delayed = [fate for fate in coverage.at_once if fate.cache_seconds]
    unplaced = [fate for fate in coverage.at_once if not fate.at_once]
    if prompt:
        count = _("%s, at once") % sessions_words(len(prompt))
        yield Consequence(kind="at_once", what=_applications_of(prompt), count=count)
    if delayed:
        longest = max(fate.cache_seconds for fate in delayed)
        count = _("%(sessions)s, within %(seconds)d s") % {
            "sessions": sessions_words(len(delayed)),
            "seconds": longest,
        }
        yield Consequence(kind="at_once", what=_applications_of(delayed), count=count)
    if unplaced:
        count = _("%s, wherever it asks us") % sessions_words(len(unplaced))
        yield Consequence(kind="at_once", what=_("No known application"), count=count)


def _applications_of(fates: Iterable[SessionFate]) -> str:
    named = {application.pk: application for fate in fates for application in fate.at_once}
    return names_of(sorted(named.values(), key=lambda application: application.name))


def _cannot_be_cut(coverage: Coverage) -> Iterable[Consequence]:
    longest: dict[str, datetime] = {}
    counts: dict[str, int] = {}
    for fate in coverage.by_itself:
        for application in fate.by_itself:
            until = fate.lives_until or timezone.now()
            longest[application.name] = max(until, longest.get(application.name, until))
            counts[application.name] = counts.get(application.name, 0) + 1
    for name in sorted(longest):
        yield Consequence(
            kind="cannot_be_cut",
            strong=_("%s cannot be cut.") % clean(name),
            what=works_until(longest[name]),
            count=sessions_words(counts[name]),
        )


def works_until(until: datetime) -> str:
    """'Its token works until 14:43, 41 min from now.'"""
    left = times.floored_amount(max((until - timezone.now()).total_seconds(), 0))
    return _("Its token works until %(until)s UTC, %(left)s from now.") % {
        "until": moment_words(until),
        "left": left,
    }
