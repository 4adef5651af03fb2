"""Filters that live in the address: what was chosen, what can be chosen, and the addresses between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from django.http import QueryDict

LONGEST_VALUE = 200


class Choice(NamedTuple):
    """A line of a filter's menu, in the order components/chip_offer.html unpacks it."""

    words: str
    address: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A filter that can be chosen."""

    word: str
    choices: list[Choice]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A filter that is on."""

    key: str
    value: str
    remove_url: str


@dataclass(frozen=True, kw_only=True)
class AddressFilter:
    """The base of a page's filters: every field is one text of the query, empty where it is off."""

    q: str = ""
    page: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """From an address anybody may have typed: cut, without NUL (no column could hold it), never refused."""
        values = {field.name: _plain(query.get(field.name, "")) for field in fields(cls)}
        return cls(**values)

    def query(self, **changes: Any) -> str:
        """The query that says the same, with these fields changed. A changed filter begins at page one."""
        changed = replace(self, **{"page": "", **changes})
        values = ((field.name, getattr(changed, field.name)) for field in fields(changed))
        return urlencode([(name, value) for name, value in values if value])

    def address(self, **changes: Any) -> str:
        return "?" + self.query(**changes)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the search form must carry along so that searching keeps the other filters."""
        kept = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, value) for name, value in kept if value and name not in {"q", "page"}]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or [name for name, _ in self.hidden if name != "sort"])


def _plain(value: str | None) -> str:
    return (value or "").replace("\x00", "").strip()[:LONGEST_VALUE]


def offer(word: str, chosen: AddressFilter, name: str, values: Iterable[tuple[str, str]]) -> Offer:
    """A menu of (value, words) for one field of the filter."""
    current = getattr(chosen, name)
    return Offer(
        word=word,
        choices=[Choice(words, chosen.address(**{name: value}), value == current) for value, words in values],
    )
