"""CSV that a spreadsheet opens as it is meant: UTF-8 with its mark, and no cell that could start a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TypeGuard

BYTE_ORDER_MARK = "\ufeff"
STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"
# Where a comma is for decimals, spreadsheets split at semicolons, whatever stands in quotes; some at tabs.
FORMULA = re.compile(rf"(^[ ]*|[;\t\r\n][ \"']*)(?=[{re.escape(STARTS)}])")
WHITE_START = ("\t", "\r", "\n")
SUSPICIOUS_START = frozenset((*STARTS, *WHITE_START, " "))


def harmless(value: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: an apostrophe stands before whatever could be one."""
    told = FORMULA.sub(r"\1'", value)
    return f"'{told}" if told.lstrip(" ").startswith(WHITE_START) else told


def lines_of(rows: Sequence[Sequence[object]]) -> str:
    """Rows as RFC 4180, harmless. Texts are cells as they are, None is an empty one."""
    written = _written(rows)
    if _is_plain(rows, written):
        return written
    return _written([[harmless(cell) if _is_doubtful(cell) else cell for cell in row] for row in rows])


def _is_plain(rows: Sequence[Sequence[object]], written: str) -> bool:
    """Whether no cell can need anything done to it: found out many times as fast as cell by cell."""
    if ";" in written or "\t" in written or not written.count("\n") == written.count("\r") == len(rows):
        return False
    starts = {cell[:1] for column in zip(*rows, strict=True) for cell in set(column) if isinstance(cell, str)}
    return starts.isdisjoint(SUSPICIOUS_START)


def _is_doubtful(cell: object) -> TypeGuard[str]:
    return isinstance(cell, str) and (
        cell[:1] in SUSPICIOUS_START or ";" in cell or "\t" in cell or "\n" in cell or "\r" in cell
    )


def _written(rows: Iterable[Sequence[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
