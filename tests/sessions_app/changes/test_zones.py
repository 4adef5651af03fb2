"""A local time and the moment it is: also on the two nights of the year on which that is not plain."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from sessions_app.changes.errors import ValuesRefused
from sessions_app.changes.zones import ClockChange, moment_of, offered_zones, zones_of


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_a_time_of_day_is_the_moment_at_which_clocks_there_show_it():
    found = moment_of(date(2026, 11, 30), time(18), "Europe/Madrid")

    assert (found.at, found.change) == (at(2026, 11, 30, 17), ClockChange.NONE)
    assert moment_of(date(2026, 11, 30), time(18), "Asia/Kolkata").at == at(2026, 11, 30, 12, 30)
    assert moment_of(date(2026, 7, 30), time(18), "Europe/Madrid").at == at(2026, 7, 30, 16)


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_a_time_that_clocks_jump_over_is_the_moment_of_the_jump(minute: int):
    found = moment_of(date(2027, 3, 28), time(2, minute), "Europe/Madrid")

    assert (found.at, found.change) == (at(2027, 3, 28, 1), ClockChange.SKIPPED)
    assert f"{found.local:%H:%M}" == "03:00"


def test_where_clocks_jump_by_half_an_hour_the_moment_of_the_jump_is_found_as_well():
    found = moment_of(date(2026, 10, 4), time(2, 10), "Australia/Lord_Howe")

    assert (found.at, found.change) == (at(2026, 10, 3, 15, 30), ClockChange.SKIPPED)


def test_of_a_time_that_comes_twice_the_first_one_counts():
    found = moment_of(date(2026, 10, 25), time(2, 30), "Europe/Madrid")

    assert (found.at, found.change) == (at(2026, 10, 25, 0, 30), ClockChange.TWICE)


def test_a_day_that_a_country_left_out_is_the_moment_of_the_jump():
    assert moment_of(date(2011, 12, 30), time(12), "Pacific/Apia").at == at(2011, 12, 30, 10)


@pytest.mark.parametrize("zone", ["", "Europe/Atlantis", "../../etc/passwd", "europe/madrid\x00"])
def test_a_zone_that_does_not_exist_is_refused(zone: str):
    with pytest.raises(ValuesRefused, match="time_zone"):
        moment_of(date(2026, 11, 30), time(18), zone)


@pytest.mark.parametrize("year", [1, 1900, 9999])
def test_a_year_nobody_means_is_refused(year: int):
    with pytest.raises(ValuesRefused, match="moment"):
        moment_of(date(year, 1, 1), time(12), "Europe/Madrid")


def test_the_zones_of_a_country_are_known_by_its_letters_and_its_name():
    assert zones_of("DE")[0] == "Europe/Berlin"
    assert zones_of("us")[0] == "America/New_York"
    assert zones_of(" Portugal ")[0] == "Europe/Lisbon"
    assert zones_of("Middle-earth") == ()


def test_every_zone_that_is_offered_can_be_used():
    offered = offered_zones()

    assert offered[0] == "UTC"
    assert "Europe/Madrid" in offered
    assert all(moment_of(date(2026, 11, 30), time(18), zone).zone == zone for zone in offered)
