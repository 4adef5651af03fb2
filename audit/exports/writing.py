"""One file written in one pass: counted and hashed on the way, never in memory as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from audit.exports.forms import Form
from audit.exports.rows import Selection
from audit.exports.writers import WRITERS

Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What is in a file: `unsealed` of its rows had no place in the chain yet."""

    rows: int
    unsealed: int
    size: int
    sha256: str


def nobody_watches(_rows: int) -> None:
    pass


def write(
    selection: Selection, form: Form, out: BinaryIO, *, on_progress: Progress = nobody_watches
) -> Written:
    """Writes all of the selection. `on_progress` is told the rows done after every batch, and may end it by raising."""
    number = selection.columns.index("number")
    digest = hashlib.sha256()
    rows = unsealed = size = 0
    for piece, batch in WRITERS[form](selection):
        out.write(piece)
        digest.update(piece)
        size += len(piece)
        rows += len(batch)
        unsealed += sum(row[number] is None for row in batch)
        on_progress(rows)
    return Written(rows=rows, unsealed=unsealed, size=size, sha256=digest.hexdigest())
