"""The filters of the sessions page: the line in the address, the chips it is made of, the menus that write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.query_terms import LONGEST_LINE, Term, write_terms
from portal.access import may
from portal.presenters.filters import Choice, Chosen, Offer
from portal.presenters.session_query import STATES, SessionQuery
from portal.presenters.words import clean
from portal.roles import May
from sessions_app.models import Application, Session, User

STATE_WORDS = {"ended": gettext_lazy("ended"), "any": gettext_lazy("open and ended")}
BEGAN = {
    "24h": gettext_lazy("in the last day"),
    "168h": gettext_lazy("in the last 7 days"),
    "720h": gettext_lazy("in the last 30 days"),
}
USED_DAYS = {
    "<1d": gettext_lazy("not used today"),
    "<7d": gettext_lazy("not for 7 days"),
    "<30d": gettext_lazy("not for 30 days"),
}
USED_HOURS = {"<1h": gettext_lazy("not for 1 hour"), "<8h": gettext_lazy("not for 8 hours")}
PEOPLE = {"privileged": gettext_lazy("privileged")}
CHIP_WORDS: Mapping[str, Mapping[str, Promise]] = {
    "is": {**STATE_WORDS, **PEOPLE},
    "began": BEGAN,
    "used": {**USED_DAYS, **USED_HOURS},
}
OFFERED_AT_MOST = 40

# Addresses given out before there was one line for everything.
OLD_VALUES = {
    "state": {"ended": "is:ended", "all": "is:any"},
    "began": {"1": "began:24h", "7": "began:168h", "30": "began:720h"},
    "idle": {value.removeprefix("<"): f"used:{value}" for value in (*USED_DAYS, *USED_HOURS)},
}


@dataclass(frozen=True, kw_only=True)
class SessionQuestion:
    """One reader's line, what it finds, and the lines one click away from it."""

    reader: User
    line: str

    @classmethod
    def read(cls, reader: User, query: QueryDict) -> SessionQuestion:
        """From an address anybody may have typed. One longer than a line may be is kept, to be refused."""
        line = " ".join(query.get("q", "").replace("\x00", "").split())[: LONGEST_LINE + 1]
        return cls(reader=reader, line=" ".join(filter(None, [line, *_old_parts(query)])))

    @cached_property
    def query(self) -> SessionQuery:
        return SessionQuery(reader=self.reader, line=self.line)

    @property
    def problem(self) -> str:
        return self.query.problem

    def sessions(self) -> QuerySet[Session]:
        return self.query.sessions()

    @property
    def sees_origin(self) -> bool:
        return may(self.reader, May.SEE_SESSION_ORIGIN)

    @property
    def encoded(self) -> str:
        """The query of an address that asks the same."""
        return urlencode({"q": self.line}) if self.line else ""

    @property
    def chips_on(self) -> list[Chosen]:
        if self.problem:
            return []
        terms = self.query.terms
        return [_chip(term, without=[other for other in terms if other is not term]) for term in terms]

    @property
    def offers(self) -> list[Offer]:
        """A menu per key that is not asked for yet; each line adds one part."""
        if self.problem:
            return []
        used = {**USED_HOURS, **USED_DAYS} if self.sees_origin else USED_DAYS
        asked = {term.key if term.key != "is" else _kind_of_is(term) for term in self.query.terms}
        menus: list[tuple[str, str, str, list[tuple[str, str]]]] = [
            ("app", "app", _("Application"), _applications()),
            ("state", "is", _("State"), _choices(STATE_WORDS)),
            ("began", "began", _("Began"), _choices(BEGAN)),
            ("used", "used", _("Last used"), _choices(used)),
            ("privileged", "is", _("People"), _choices(PEOPLE)),
        ]
        return [
            Offer(word=word, choices=list(self._choices_of(key, values)))
            for kind, key, word, values in menus
            if values and kind not in asked
        ]

    def _choices_of(self, key: str, values: list[tuple[str, str]]) -> Iterator[Choice]:
        for value, words in values:
            line = write_terms([*self.query.terms, Term(key=key, value=value)])
            yield Choice(words, f"?{urlencode({'q': line})}", is_current=False)


def _chip(term: Term, *, without: list[Term]) -> Chosen:
    words = str(CHIP_WORDS.get(term.key, {}).get(term.value, clean(term.value)))
    rest = write_terms(without)
    key = f"{term.key}:" if term.key else _("person:")
    return Chosen(
        key=_("not %s") % key if term.is_negated else key,
        value=words,
        remove_url="?" + (urlencode({"q": rest}) if rest else ""),
    )


def _kind_of_is(term: Term) -> str:
    return "state" if term.value.lower() in STATES else term.value.lower()


def _old_parts(query: QueryDict) -> Iterator[str]:
    for name, known in OLD_VALUES.items():
        part = known.get(query.get(name, ""), "")
        if part:
            yield part
    for name, key in (("app", "app"), ("address_is", "address")):
        value = query.get(name, "").replace("\x00", "").replace('"', "").strip()[:200]
        if value:
            yield Term(key=key, value=value).text


def _applications() -> list[tuple[str, str]]:
    found = Application.objects.values_list("key", "name")[:OFFERED_AT_MOST]
    return [(key, clean(name)) for key, name in found]


def _choices(words: Mapping[str, Promise]) -> list[tuple[str, str]]:
    return [(value, str(text)) for value, text in words.items()]
