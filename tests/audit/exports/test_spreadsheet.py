"""No cell of a file can start a formula, whatever stands in it and whatever separator a spreadsheet is set to."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from audit.exports.spreadsheet import harmless, lines_of

STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
HOSTILE = st.text(alphabet=st.sampled_from("=+-@;,\t\r\n \"'a1\uff1d\uff20"), max_size=12) | st.text(
    max_size=12
)
ROWS = st.lists(st.lists(st.none() | st.integers(0, 99) | HOSTILE, min_size=3, max_size=3), max_size=6)

# The first text of all Unicode takes seconds on a busy machine.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cells_of(text: str) -> list[str]:
    return [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]


def would_be_run(cell: str) -> bool:
    return cell.lstrip(" ").startswith(tuple(STARTS))


@unhurried
@given(ROWS)
def test_no_cell_can_start_a_formula(rows: list[list[object]]):
    assert not [cell for cell in cells_of(lines_of(rows)) if would_be_run(cell)]


@unhurried
@given(ROWS)
def test_no_piece_of_a_cell_can_where_a_program_splits_at_semicolons_or_tabs(rows: list[list[object]]):
    pieces = [piece for cell in cells_of(lines_of(rows)) for piece in re.split(r"[;\t\r\n]", cell)]

    assert not [
        piece for piece in pieces if piece.lstrip(" ").startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
    ]


@unhurried
@given(ROWS)
def test_taking_the_apostrophes_away_gives_back_what_was_kept(rows: list[list[object]]):
    kept = ["" if cell is None else str(cell) for row in rows for cell in row]

    assert [cell.replace("'", "") for cell in cells_of(lines_of(rows))] == [
        cell.replace("'", "") for cell in kept
    ]


@unhurried
@given(st.text(alphabet=st.characters(exclude_characters=f"{STARTS}; '"), max_size=20))
def test_an_ordinary_text_stays_as_it_is(text: str):
    assert harmless(text) == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r", "\n", "\uff1d", "x;=", "x\n@"])
def test_an_apostrophe_stands_before_whatever_could_be_a_formula(start: str):
    assert "'" in harmless(f"{start}1+1")


@pytest.mark.parametrize("between", [";", "; ", ';"', "\t", "\n"])
def test_nor_behind_what_some_spreadsheets_split_at(between: str):
    assert harmless(f"Ines{between}=1+1") == f"Ines{between}'=1+1"
    assert harmless("Ines; Almeida-Costa") == "Ines; Almeida-Costa"


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", ' =HYPERLINK("http://x","y")', "-2+3", "+1"])
def test_a_spreadsheet_library_takes_no_cell_for_a_formula(cell: str):
    sheet = Workbook().active
    sheet.append([cell])
    sheet.append(cells_of(lines_of([[cell, 4, "Ines"]])))

    assert [read.data_type for read in sheet[2]] == ["s", "s", "s"]
    assert sheet["A2"].value == f"'{cell}".replace("' ", " '")
