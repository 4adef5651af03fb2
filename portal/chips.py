"""Filters as chips: each choice is a link, so the address is the whole state and works without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True, kw_only=True)
class ChipOn:
    """A filter that is on; components/chip_on.html draws it."""

    key: str
    value: str
    remove_url: str


@dataclass(frozen=True, kw_only=True)
class ChipOffer:
    """A filter that can be chosen; components/chip_offer.html draws it."""

    word: str
    choices: list[tuple[str, str, bool]]


@dataclass(frozen=True)
class Address:
    """The filters of a page as its address keeps them; changing one forgets the place in the list."""

    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        return urlencode(self.chosen)

    def hidden(self, *but: str) -> list[tuple[str, str]]:
        """What a small form beside the chips must carry along."""
        return [(name, value) for name, value in self.chosen.items() if name not in but]

    def plus(self, name: str, value: str) -> str:
        """This page with one filter more, or another value of it."""
        return f"?{urlencode({**self.chosen, name: value})}"

    def minus(self, name: str) -> str:
        """This page without one filter; never an empty link, which would keep them all."""
        left = {key: value for key, value in self.chosen.items() if key != name}
        return f"?{urlencode(left)}" if left else "."

    def on(self, name: str, key: str, value: str) -> ChipOn:
        return ChipOn(key=key, value=value, remove_url=self.minus(name))

    def offer(self, name: str, word: str, choices: Iterable[tuple[str, str]]) -> ChipOffer:
        now = self.chosen.get(name)
        return ChipOffer(
            word=word, choices=[(words, self.plus(name, value), value == now) for value, words in choices]
        )
