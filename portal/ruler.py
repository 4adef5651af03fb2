"""The time ruler of a receipt: seconds after the click as places on a logarithmic line from 10 ms to 40 s."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SHORTEST_SECONDS, LONGEST_SECONDS = 0.01, 40.0
TICKS = (
    (0.01, gettext_lazy("10 ms")),
    (0.1, gettext_lazy("0.1 s")),
    (1.0, gettext_lazy("1 s")),
    (10.0, gettext_lazy("10 s")),
    (30.0, gettext_lazy("30 s")),
)
# Names are drawn above their dots at about this share of a desktop's ruler; two that would touch lose the later one.
PERCENT_PER_CHARACTER = 0.72
GAP_PERCENT = 0.8


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A place on the line, in per cent from its left end; `name` is empty where it would collide."""

    percent: float
    name: str = ""

    @property
    def x(self) -> str:
        """As the SVG attribute: a point as decimal sign in every language."""
        return f"{self.percent:.2f}%"


@dataclass(frozen=True, kw_only=True)
class Ruler:
    """What the picture draws. Without a cutoff nothing on it is green."""

    ticks: tuple[Spot, ...]
    target: Spot | None
    cutoff: Spot | None
    dots: tuple[Spot, ...]
    last: Spot
    open_end: Spot | None
    sentence: str


def build_ruler(
    *,
    cutoff_seconds: float | None,
    marks: Sequence[tuple[str, float]],
    open_seconds: float | None,
    target_seconds: float | None,
    sentence: str,
) -> Ruler:
    """Lay everything out. `marks` are systems that confirmed; `open_seconds` is how long something has been open."""
    in_order = sorted(marks, key=lambda mark: mark[1])
    cutoff = None if cutoff_seconds is None else spot(cutoff_seconds, _("Cut off"))
    named = without_collisions([*([cutoff] if cutoff else []), *(spot(at, name) for name, at in in_order)])
    dots = tuple(named[1:] if cutoff else named)
    return Ruler(
        ticks=tuple(spot(at, str(words)) for at, words in TICKS),
        target=None if target_seconds is None else spot(target_seconds),
        cutoff=cutoff,
        dots=dots,
        last=max([*dots, cutoff or spot(SHORTEST_SECONDS)], key=lambda each: each.percent),
        open_end=None if open_seconds is None else spot(open_seconds),
        sentence=sentence,
    )


def spot(seconds: float, name: str = "") -> Spot:
    """Where this many seconds lie; what is outside the ruler is put on its end."""
    inside = min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
    share = math.log(inside / SHORTEST_SECONDS) / math.log(LONGEST_SECONDS / SHORTEST_SECONDS)
    return Spot(percent=share * 100, name=name)


def without_collisions(spots: Sequence[Spot]) -> list[Spot]:
    """The same spots in order, a name left out where it would touch the one before it."""
    kept: list[Spot] = []
    shown: Spot | None = None
    for each in spots:
        collides = shown is not None and each.percent - shown.percent < _room(shown.name, each.name)
        kept.append(Spot(percent=each.percent) if collides else each)
        shown = shown if collides else each
    return kept


def _room(left: str, right: str) -> float:
    return (len(left) + len(right)) / 2 * PERCENT_PER_CHARACTER + GAP_PERCENT
