"""The one way a search line is read: `key:value`, free words, "quoted words", and a minus for "not".

Which keys there are, and what they find, is the page's to say; every page that searches reads its line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_LINE = 500
MOST_TERMS = 20
PART = re.compile(r'(?P<minus>-?)(?:(?P<key>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))(?=\s|$)')
HALF_A_PART = re.compile(r"-|[A-Za-z_]+:")
NEEDS_QUOTES = re.compile(r'[\s":]|^-|^$')


class UnreadableQuery(Exception):
    """A line that means nothing. `sentence` names the part and what would be understood; nothing is found for it."""

    def __init__(self, sentence: StrOrPromise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, kw_only=True)
class Term:
    """One part of a line. Without a key it is a free word."""

    value: str
    key: str = ""
    is_negated: bool = False

    @property
    def text(self) -> str:
        """As it is written in a line."""
        value = f'"{self.value}"' if NEEDS_QUOTES.search(self.value) and not self._is_a_moment else self.value
        return f"{'-' if self.is_negated else ''}{f'{self.key}:' if self.key else ''}{value}"

    @property
    def _is_a_moment(self) -> bool:
        """Clock times have colons and no spaces, and are read without quotes after a key."""
        return bool(self.key) and not re.search(r'[\s"]|^$', self.value)


def read_terms(line: str) -> list[Term]:
    """The parts of a line in their order. Raises UnreadableQuery."""
    line = line.replace("\x00", "").strip()
    if len(line) > LONGEST_LINE:
        raise UnreadableQuery(
            _("This search is longer than %d characters. Say it with fewer words.") % LONGEST_LINE
        )
    terms, at = [], 0
    while at < len(line):
        found = PART.match(line, at)
        if found is None:
            raise UnreadableQuery(_unreadable(line[at:]))
        terms.append(_term(found))
        at = found.end() + len(line[found.end() :]) - len(line[found.end() :].lstrip())
    if len(terms) > MOST_TERMS:
        raise UnreadableQuery(_("This search has more than %d parts. Say it with fewer.") % MOST_TERMS)
    return terms


def write_terms(terms: Iterable[Term]) -> str:
    """The line that is read as these terms."""
    return " ".join(term.text for term in terms)


def _term(found: re.Match[str]) -> Term:
    value = found["plain"] if found["quoted"] is None else found["quoted"]
    if not value.strip() or (found["plain"] and not found["key"] and HALF_A_PART.fullmatch(value)):
        raise UnreadableQuery(
            _("“%s” names nothing. Write what to look for directly behind it.") % found[0][:80]
        )
    return Term(key=(found["key"] or "").lower(), value=value, is_negated=bool(found["minus"]))


def _unreadable(rest: str) -> str:
    part = rest.split()[0][:80]
    if rest.count('"') % 2:
        return _('The quotation mark in “%s” is not closed. Write it as key:"two words".') % part
    return _('“%s” cannot be read. A part looks like key:value or key:"two words".') % part
