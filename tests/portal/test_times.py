"""How moments and durations are worded."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.times import amount, clock_time, day_words, exact, relative

NOW = datetime(2026, 11, 23, 14, 2, 11, 380_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.001, "< 0.01 s"),
        (0.02, "0.02 s"),
        (0.0949, "0.09 s"),
        (0.1, "0.1 s"),
        (6.31, "6.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (41 * 60, "41 min"),
        (7 * 3600, "7 h"),
        (3 * 86400, "3 days"),
        (-5, "< 0.01 s"),
    ],
)
def test_a_duration_has_two_decimals_below_a_tenth_one_up_to_a_minute_and_none_after(
    seconds: float, words: str
) -> None:
    assert str(amount(seconds)) == words


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=1), "just now"),
        (timedelta(seconds=12), "12 s ago"),
        (timedelta(seconds=119), "1 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=12), "12 days ago"),
        (timedelta(minutes=-41, seconds=-30), "in 41 min"),
    ],
)
def test_a_relative_time_never_claims_more_than_has_passed(before: timedelta, words: str) -> None:
    assert relative(NOW - before, now=NOW) == words


def test_a_day_is_named_and_gets_its_year_only_when_it_is_another_one() -> None:
    named = [day_words(NOW - timedelta(days=days), now=NOW) for days in (0, 1, 4, 400)]

    assert named == ["today", "yesterday", "19 Nov", "19 Oct 2025"]


def test_exact_times_are_utc_with_milliseconds_wherever_the_moment_came_from() -> None:
    assert exact(NOW) == "2026-11-23 14:02:11.380 UTC"
    assert clock_time(NOW) == "14:02:11.380"
