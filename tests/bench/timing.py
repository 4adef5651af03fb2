"""Timing by interleaved rounds: what is compared takes turns, so that a noisy neighbour hits all of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Times:
    """Microseconds of many single calls. `best` is the median of the quietest round."""

    all_of_them: list[float]
    round_medians: list[float]

    @property
    def p50(self) -> float:
        return quantile(self.all_of_them, 0.50)

    @property
    def p99(self) -> float:
        return quantile(self.all_of_them, 0.99)

    @property
    def best(self) -> float:
        return min(self.round_medians)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def in_turns(
    candidates: Mapping[str, Callable[[int], object]], *, rounds: int, calls: int
) -> dict[str, Times]:
    """Call each candidate `calls` times in each round, in turn; each call gets a number that grows."""
    taken: dict[str, list[list[float]]] = {name: [] for name in candidates}
    for turn in range(rounds + 1):
        for name, call in candidates.items():
            measured = _one_round(call, start=turn * calls, calls=calls)
            if turn:  # the first round warms up connections and caches
                taken[name].append(measured)
    return {
        name: Times(
            all_of_them=[value for one in per_round for value in one],
            round_medians=[median(one) for one in per_round],
        )
        for name, per_round in taken.items()
    }


def _one_round(call: Callable[[int], object], *, start: int, calls: int) -> list[float]:
    gc.collect()
    measured = []
    for number in range(start, start + calls):
        began = time.perf_counter_ns()
        call(number)
        measured.append((time.perf_counter_ns() - began) / 1000)
    return measured
