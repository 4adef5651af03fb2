"""HR's list: what counts, and every row that does not, by its number."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from audit.evidence.leavers import LARGEST_FILE, Days, NoLeaverFile, read_leavers

NOVEMBER = Days(first=date(2026, 11, 1), last=date(2026, 11, 30))


def read(text: str):
    return read_leavers(text.encode(), NOVEMBER)


def test_a_row_says_who_left_and_when():
    (leaver,) = read("employee_number,name,left_on\nN-00042,Ines Almeida,2026-11-23\n").leavers

    assert (leaver.line, leaver.key, leaver.name) == (2, "employee_number=N-00042", "Ines Almeida")
    assert leaver.left_at == datetime(2026, 11, 24, tzinfo=UTC)


def test_a_moment_counts_as_it_is_and_without_a_zone_as_utc():
    file = read("username,left_on\nines,2026-11-23T18:00:00+02:00\notto,2026-11-23T18:00:00\n")

    assert [leaver.left_at.hour for leaver in file.leavers] == [16, 18]


def test_spreadsheets_write_semicolons_and_a_byte_order_mark():
    (leaver,) = read("\ufeffEmail;Left_on\nines@northwind.example;2026-11-23\n").leavers

    assert leaver.key == "email=ines@northwind.example"


def test_every_row_that_is_wrong_is_named_and_the_rest_counts():
    file = read(
        "username,left_on\n"
        "ines,2026-11-23\n"
        ",2026-11-23\n"
        "otto,yesterday\n"
        "carlos,2026-10-31\n"
        "ines,2026-11-24\n"
        "chen,2026-11-24,more\n"
        "\n"
        "paula\n"
    )

    assert [leaver.key for leaver in file.leavers] == ["username=ines"]
    assert file.bad == (
        (3, "it names nobody"),
        (4, "left_on is no date such as 2026-11-23"),
        (5, "left outside the period"),
        (6, "the same person is in line 2 already"),
        (7, "it has more cells than the first line"),
        (9, "left_on is no date such as 2026-11-23"),
    )


@pytest.mark.parametrize("day", ["2026-11-01", "2026-11-30", "2026-11-30T23:59:59Z"])
def test_both_ends_of_the_period_belong_to_it(day):
    assert len(read(f"username,left_on\nines,{day}\n").leavers) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name,left_on\nInes,2026-11-23\n",
        b"username,name\nines,Ines\n",
        b"username,left_on,left_on\nines,2026-11-23,2026-11-24\n",
        b"\xff\xfe",
        b"username,left_on\n\0,\0\n",
        b'username,left_on\n"ines,2026-11-23\n',
        b"x" * (LARGEST_FILE + 1),
    ],
)
def test_what_is_no_such_file_is_refused_whole(content):
    with pytest.raises(NoLeaverFile):
        read_leavers(content, NOVEMBER)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-11-31", "2026-11-23T25:00"])
def test_a_day_that_does_not_exist_is_a_wrong_row(day):
    assert read(f"username,left_on\nines,{day}\n").leavers == ()
