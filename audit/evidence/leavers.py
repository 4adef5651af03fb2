"""The population: leavers as the HR system lists them, read row by row, with the number of every row that is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO

from django.utils.translation import gettext as _

LEFT_ON, NAME = "left_on", "name"
ID_COLUMNS = ("external_id", "employee_number", "email", "username")
LARGEST_FILE, MOST_ROWS = 5 * 1024 * 1024, 50_000
LONGEST_CELL = 300


class NoLeaverFile(Exception):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Leaver:
    """One row. `left_at` is the end of the last day, or the moment where the file gives one. UTC."""

    line: int
    ids: Mapping[str, str]
    name: str
    left_on: str
    left_at: datetime

    @property
    def key(self) -> str:
        """What the row is called for good: its first identifier."""
        column, value = next(iter(self.ids.items()))
        return f"{column}={value}"


@dataclass(frozen=True, kw_only=True)
class LeaverFile:
    """`bad` holds line and reason of every row that is not part of the population."""

    leavers: tuple[Leaver, ...]
    bad: tuple[tuple[int, str], ...]


@dataclass(frozen=True, kw_only=True)
class Days:
    """A period of whole days, both included, in UTC."""

    first: date
    last: date

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.first, time(), tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.last, time(), tzinfo=UTC) + timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first.isoformat()} – {self.last.isoformat()}"


def read_leavers(content: bytes, period: Days) -> LeaverFile:
    """Every row that says who left and when, within the period. Raises NoLeaverFile."""
    leavers: dict[str, Leaver] = {}
    bad: list[tuple[int, str]] = []
    for line, row in _rows(_text(content)):
        leaver, problem = _read(line, row, period)
        if leaver and leaver.key in leavers:
            problem = _("the same person is in line %d already") % leavers[leaver.key].line
        if problem or leaver is None:
            bad.append((line, problem))
            continue
        leavers[leaver.key] = leaver
    return LeaverFile(leavers=tuple(leavers.values()), bad=tuple(bad))


def _text(content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        raise NoLeaverFile(_("The file is larger than %d MB.") % (LARGEST_FILE // 1024 // 1024))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoLeaverFile(_("The file is not UTF-8 text.")) from error
    if "\0" in text:
        raise NoLeaverFile(_("The file is not a CSV file."))
    return text


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    first = text.split("\n", 1)[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _require_columns(header)
        for count, cells in enumerate(reader, start=1):
            if count > MOST_ROWS:
                raise NoLeaverFile(_("The file has more than %d rows.") % MOST_ROWS)
            if any(cell.strip() for cell in cells):
                yield reader.line_num, _named(header, cells)
    except csv.Error as error:
        raise NoLeaverFile(
            _("Line %(line)d is not CSV: %(error)s") % {"line": reader.line_num, "error": error}
        ) from error


def _require_columns(header: list[str]) -> None:
    if LEFT_ON not in header or not set(ID_COLUMNS) & set(header):
        raise NoLeaverFile(
            _("The first line must name the column %(left_on)s and at least one of %(ids)s.")
            % {"left_on": LEFT_ON, "ids": ", ".join(ID_COLUMNS)}
        )
    if len(set(header)) != len(header):
        raise NoLeaverFile(_("A column is named twice."))


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    """Short rows lack their last cells; what stands beyond the header is kept under no name."""
    found = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    if len(cells) > len(header):
        found[""] = "more"
    return found


def _read(line: int, row: dict[str, str], period: Days) -> tuple[Leaver | None, str]:
    """The leaver, or what is wrong with the row."""
    ids = {column: row[column] for column in ID_COLUMNS if row.get(column)}
    if "" in row:
        return None, _("it has more cells than the first line")
    if not ids:
        return None, _("it names nobody")
    if any(len(cell) > LONGEST_CELL for cell in row.values()):
        return None, _("a cell is longer than %d characters") % LONGEST_CELL
    left_at = _moment(row.get(LEFT_ON, ""))
    if left_at is None:
        return None, _("left_on is no date such as 2026-11-23")
    if (left_at - timedelta(microseconds=1)).date() not in period:
        return None, _("left outside the period")
    leaver = Leaver(line=line, ids=ids, name=row.get(NAME, ""), left_on=row[LEFT_ON], left_at=left_at)
    return leaver, ""


def _moment(text: str) -> datetime | None:
    """The end of a day in UTC, or a moment; a moment without a zone is UTC."""
    try:
        if len(text) == len("2026-11-23"):
            return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
