"""The filters of the audit page: the line in the address, the chips it is made of, the menus that write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.events import Outcome
from audit.query import ANY_TIME, AuditQuery, reason_code
from audit.query_terms import LONGEST_LINE, Term, write_terms
from audit.search import EntryQuerySet, Page
from portal.access import may, people_for
from portal.audit_scope import entries_for, period_of
from portal.presenters.audit_words import GROUPS, TITLES
from portal.presenters.filters import LONGEST_VALUE, Choice, Chosen, Offer
from portal.presenters.words import clean, name_of
from portal.roles import May
from sessions_app.audit_questions import problem_of
from sessions_app.models import User
from sessions_app.models.reasons import Reason

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

USUAL_WINDOW = "30d"
# Whoever asks for one of these knows what they look for, however long ago it was.
EXACT = ("receipt", "request")
WINDOWS: Mapping[str, StrOrPromise] = {
    "24h": gettext_lazy("in the last day"),
    "7d": gettext_lazy("last 7 days"),
    USUAL_WINDOW: gettext_lazy("last 30 days"),
    "90d": gettext_lazy("last 90 days"),
    "366d": gettext_lazy("last 366 days"),
    ANY_TIME: gettext_lazy("any time"),
}
# Fields of the small form, and addresses given out before there was one line for everything.
FIELDS = {
    "event": "action",
    "actor": "actor",
    "person": "target",
    "target": "target",
    "reason": "reason",
    "project": "project",
    "receipt": "receipt",
}


@dataclass(frozen=True, kw_only=True)
class AuditQuestion:
    """One reader's line, what it finds, and the lines one click away from it."""

    reader: User
    line: str

    @classmethod
    def read(cls, reader: User, query: QueryDict) -> AuditQuestion:
        """From an address anybody may have typed. One longer than a line may be is kept, to be refused."""
        line = " ".join(query.get("q", "").replace("\x00", "").split())[: LONGEST_LINE + 1]
        return cls(reader=reader, line=" ".join(filter(None, [line, *_field_parts(query)])))

    @cached_property
    def typed(self) -> AuditQuery:
        return AuditQuery(line=self.line)

    @cached_property
    def query(self) -> AuditQuery:
        """With the window of time that holds where the line names none: what exactly is shown."""
        if not self.window or self.typed.problem:
            return self.typed
        return AuditQuery(line=write_terms([*self.typed.terms, Term(key="created", value=self.window)]))

    @property
    def window(self) -> str:
        """The window that was not asked for; empty where the line says when, or names one thing exactly."""
        keys = {term.key for term in self.typed.terms if not term.is_negated}
        if keys & {"created", *EXACT}:
            return ""
        return ANY_TIME if self.period else USUAL_WINDOW

    @cached_property
    def period(self) -> tuple[datetime | None, datetime | None] | None:
        """The stretch of the trail that is all this reader's role opens, however the line asks."""
        return period_of(self.reader)

    @cached_property
    def problem(self) -> str:
        """Why this question has no answer, as a sentence."""
        return problem_of(self.typed)

    def page(self, *, after: str | None, size: int) -> Page:
        """Newest first, within reach; nothing where the question itself is wrong. Raises BadCursor."""
        return self.query.page(self._reach, after=after, size=size)

    def entries(self) -> EntryQuerySet:
        """All of what the pages show, for files."""
        return self.query.entries(self._reach.prefetch_related(None))

    @property
    def _reach(self) -> EntryQuerySet:
        entries = entries_for(self.reader).with_subjects()
        return entries.none() if self.problem else entries

    # --- The address ---

    @property
    def encoded(self) -> str:
        """The query of an address that asks the same."""
        return _encoded(self.line)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.line)

    @property
    def any_time_url(self) -> str:
        """The same without end, for a window in which nothing was found."""
        others = [term for term in self.typed.terms if term.key != "created"]
        return "?" + _encoded(write_terms([*others, Term(key="created", value=ANY_TIME)]))

    @property
    def asks_any_time(self) -> bool:
        return not any(term.key == "created" for term in self.query.terms) or any(
            term.key == "created" and term.value.lower() == ANY_TIME for term in self.query.terms
        )

    # --- Chips ---

    @property
    def chips_on(self) -> list[Chosen]:
        if self.problem:
            return []
        terms = self.typed.terms
        chips = [self._chip(term, [other for other in terms if other is not term]) for term in terms]
        return [*self._window_chip(), *chips]

    def _window_chip(self) -> Iterator[Chosen]:
        if self.window:
            yield Chosen(key=_("created:"), value=str(WINDOWS[self.window]), remove_url=self.any_time_url)

    def _chip(self, term: Term, others: list[Term]) -> Chosen:
        key = f"{term.key}:" if term.key else _("anything:")
        return Chosen(
            key=_("not %s") % key if term.is_negated else key,
            value=str(self._words_of(term)),
            remove_url="?" + _encoded(write_terms(others)),
        )

    def _words_of(self, term: Term) -> StrOrPromise:
        match term.key:
            case "created":
                return WINDOWS.get(term.value.lower(), clean(term.value))
            case "action":
                return {**GROUPS, **TITLES}.get(term.value.upper(), clean(term.value))
            case "reason":
                return dict(Reason.choices).get(reason_code(term.value), clean(term.value))
            case "actor" | "target":
                return self._name_behind(term.value)
            case _:
                return clean(term.value)

    def _name_behind(self, value: str) -> str:
        """A person's name instead of their id, where the reader may know it."""
        if not _is_uuid(value) or not may(self.reader, May.SEE_PEOPLE):
            return clean(value)
        person = people_for(self.reader, May.SEE_PEOPLE).filter(pk=UUID(value)).first()
        return name_of(person) if person else clean(value)

    # --- Menus ---

    @property
    def offers(self) -> list[Offer]:
        """A menu per key that is not asked for yet; each line adds one part."""
        if self.problem:
            return []
        asked = {term.key for term in self.typed.terms}
        menus: list[tuple[str, str, Mapping[str, StrOrPromise]]] = [
            ("created", _("Time"), WINDOWS),
            ("action", _("Action"), GROUPS),
            ("reason", _("Reason"), {str(code): words for code, words in Reason.choices}),
            ("outcome", _("Outcome"), {str(code): words for code, words in Outcome.choices}),
        ]
        return [
            Offer(word=word, choices=[self._choice(key, value, words) for value, words in values.items()])
            for key, word, values in menus
            if key not in asked
        ]

    def _choice(self, key: str, value: str, words: StrOrPromise) -> Choice:
        line = write_terms([*self.typed.terms, Term(key=key, value=value)])
        return Choice(str(words), "?" + _encoded(line), is_current=False)


def _field_parts(query: QueryDict) -> Iterator[str]:
    for name, key in FIELDS.items():
        value = " ".join(query.get(name, "").replace("\x00", "").replace('"', "").split())[:LONGEST_VALUE]
        if value:
            yield Term(key=key, value=value).text


def _encoded(line: str) -> str:
    return urlencode({"q": line}) if line else ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
