"""The time ruler of a receipt."""

import pytest

from portal.ruler import build_ruler, spot


@pytest.mark.parametrize(("seconds", "percent"), [(0.01, 0), (0.001, 0), (40, 100), (600, 100)])
def test_what_lies_outside_is_put_on_the_end(seconds: float, percent: float) -> None:
    assert spot(seconds).percent == pytest.approx(percent)


def test_ten_times_as_long_is_always_the_same_step() -> None:
    first, second, third = (spot(seconds).percent for seconds in (0.01, 0.1, 1))

    assert second - first == pytest.approx(third - second)


def test_a_name_that_would_touch_the_one_before_is_left_out() -> None:
    ruler = build_ruler(
        cutoff_seconds=0.02,
        marks=[("Okta", 0.9), ("Splunk", 0.6), ("Keycloak", 0.92)],
        open_seconds=None,
        target_seconds=30,
        sentence="…",
    )

    assert [dot.name for dot in ruler.dots] == ["Splunk", "Okta", ""]


def test_nothing_is_green_before_the_cutoff_is_known() -> None:
    ruler = build_ruler(cutoff_seconds=None, marks=[], open_seconds=42, target_seconds=30, sentence="…")

    assert ruler.cutoff is None
    assert ruler.dots == ()
    assert ruler.open_end is not None
    assert ruler.open_end.x == "100.00%"
