"""Bars by the hour: every decision is in exactly one of them, and the sentence and the table say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.presenters.hourly import BASE, TOP, hourly

NOW = datetime(2026, 11, 26, 11, 20, tzinfo=UTC)


def at(hours_ago: float, reason: str = "offboarding") -> tuple[datetime, str]:
    return NOW - timedelta(hours=hours_ago), reason


def test_without_a_decision_there_is_no_picture():
    assert hourly([], now=NOW) is None
    assert hourly([at(24)], now=NOW) is None


def test_every_decision_is_counted_in_its_own_hour():
    drawn = hourly([at(0), at(0.3), at(0.4), at(23.3)], now=NOW)

    counts = {hour.name: sum(hour.counts) for hour in drawn.hours if sum(hour.counts)}
    assert (len(drawn.hours), counts) == (24, {"11:00": 2, "10:00": 1, "25 Nov, 12:00": 1})
    assert [hour.name for hour in drawn.rows] == ["11:00", "10:00", "25 Nov, 12:00"]


def test_two_reasons_have_a_colour_of_their_own_and_the_rest_share_the_third():
    decided = [
        *[at(1)] * 3,
        *[at(1, "role_change")] * 2,
        at(1, "lost_device"),
        at(2, "user_request"),
    ]

    drawn = hourly(decided, now=NOW)

    assert [each.reason for each in drawn.series] == ["offboarding", "role_change", ""]
    assert [hour.counts for hour in drawn.rows] == [(3, 2, 1), (0, 0, 1)]
    assert drawn.rows[0].cells == [("Offboarding", 3), ("Role change", 2), ("Other reasons", 1)]


def test_three_reasons_are_all_named():
    drawn = hourly([at(1), at(1, "role_change"), at(1, "lost_device")], now=NOW)

    assert [each.reason for each in drawn.series] == ["lost_device", "offboarding", "role_change"]


def test_bars_stand_on_the_base_and_the_highest_reaches_the_top_line():
    drawn = hourly([*[at(1)] * 3, at(1, "role_change"), at(2)], now=NOW)

    highest, lower = drawn.rows
    assert [line.name for line in drawn.lines] == ["0", "2", "4"]
    assert [float(part.y) for part in highest.parts] == [BASE - 0.75 * (BASE - TOP), TOP]
    assert float(lower.parts[0].y) == BASE - 0.25 * (BASE - TOP)


def test_the_sentence_says_what_the_bars_show():
    drawn = hourly([*[at(1)] * 2, at(3, "role_change")], now=NOW)

    assert drawn.sentence.startswith("3 revocations since ")
    assert drawn.sentence.endswith("12:00 UTC: Offboarding 2, Role change 1.")
