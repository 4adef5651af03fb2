"""Times in a search line: where each begins and ends, and what is not one."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from audit.query_moments import Span, read_span
from audit.query_terms import UnreadableQuery

NOW = datetime(2026, 11, 25, 15, 20, 30, tzinfo=UTC)
FIRST, SECOND, SIXTH = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 6))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2026-11-01", Span(since=FIRST, until=SECOND)),
        (">2026-11-01", Span(since=SECOND)),
        (">=2026-11-01", Span(since=FIRST)),
        ("<2026-11-01", Span(until=FIRST)),
        ("<=2026-11-01", Span(until=SECOND)),
        ("2026-11-01..2026-11-05", Span(since=FIRST, until=SIXTH)),
        ("2026-11-02..", Span(since=SECOND)),
        ("..2026-11-01", Span(until=SECOND)),
        ("2026-11-02T02:00+02:00..", Span(since=SECOND)),
        ("1d", Span(since=datetime(2026, 11, 25, tzinfo=UTC))),
        ("<1d", Span(until=datetime(2026, 11, 25, tzinfo=UTC))),
        ("3w", Span(since=datetime(2026, 11, 5, tzinfo=UTC))),
        ("<8h", Span(until=datetime(2026, 11, 25, 7, 20, 30, tzinfo=UTC))),
    ],
)
def test_a_time_is_from_its_first_moment_until_just_before_the_next(text: str, span: Span):
    with patch("django.utils.timezone.now", return_value=NOW):
        assert read_span(text) == span


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "2026-11-01T25:00",
        "9999-12-31",
        "0001-01-01T00:00+14:00",
        "99999w",
        "..",
        ">",
        "2026-11-05..2026-11-01",
        "1d..2d..3d",
        "٧d",
    ],
)
def test_what_is_no_time_is_refused_with_examples(text: str):
    with pytest.raises(UnreadableQuery, match="2026-11-01"):
        read_span(text)


@pytest.mark.parametrize(
    ("text", "whole"),
    [("2026-11-01", True), ("<7d", True), ("<8h", False), ("2026-11-01T14:30", False), ("7d..8h", False)],
)
def test_whether_a_time_asks_for_less_than_a_day_is_known(text: str, whole: bool):
    assert read_span(text).is_in_whole_days is whole
