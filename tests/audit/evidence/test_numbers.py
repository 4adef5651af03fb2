"""Percentiles and samples that anybody can compute again."""

from __future__ import annotations

from hashlib import sha256

from audit.evidence.response_times import percentile, summed_up
from audit.evidence.sampling import drawn


def test_percentiles_are_values_that_were_measured():
    values = list(range(1, 101))

    assert (percentile(values, 50), percentile(values, 95)) == (50, 95)
    assert (percentile([7], 50), percentile([7], 95)) == (7, 7)
    assert (percentile([1, 9], 50), percentile([1, 9], 95)) == (1, 9)
    assert percentile([], 95) is None


def test_bars_hold_every_value_once_and_count_what_was_over_the_target():
    times = summed_up([0, 100, 101, 30_000, 30_001, 60_000, 60_001], still_open=2)

    assert sum(bar.count for bar in times.bars) == times.count == 7
    assert [bar.count for bar in times.bars] == [2, 1, 0, 0, 1, 2, 1]
    assert (times.over_target, times.over_limit, times.open, times.longest) == (3, 1, 2, 60_001)


def test_where_nothing_was_cut_off_there_is_no_number():
    times = summed_up([])

    assert (times.count, times.p50, times.p95, times.longest) == (0, None, None, None)


def test_a_sample_is_the_order_of_a_hash_over_seed_and_key():
    keys = ["username=ines", "username=carlos", "username=otto"]

    by_hand = sorted(keys, key=lambda key: sha256(f"2026-q4|{key}".encode()).hexdigest())

    assert drawn("2026-q4", keys, 2) == by_hand[:2]
    assert drawn("2026-q4", reversed(keys), 2) == by_hand[:2]


def test_another_seed_draws_another_sample():
    keys = [f"employee_number=N-{number:05d}" for number in range(200)]

    assert drawn("a", keys, 25) != drawn("b", keys, 25)
    assert len(drawn("a", keys, 500)) == 200
