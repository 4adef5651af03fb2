"""One file written in one pass: counted and hashed on the way, never in memory as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from audit.bundle import Progress, nobody_watches, write_bundle
from audit.exports.forms import Form
from audit.exports.rows import Selection
from audit.exports.writers import WRITERS


@dataclass(frozen=True, kw_only=True)
class Written:
    """What is in a file: `unsealed` of its rows had no place in the chain yet."""

    rows: int
    unsealed: int
    size: int
    sha256: str


def write(
    selection: Selection, form: Form, out: BinaryIO, *, on_progress: Progress = nobody_watches
) -> Written:
    """Writes all of the selection. `on_progress` is told the rows done again and again, and may end it by raising.

    Raises UnknownSigningKey for a bundle that cannot be signed.
    """
    file = _Hashing(out)
    if form is Form.BUNDLE:
        rows, unsealed = _write_bundle(selection, file, on_progress)
    else:
        rows, unsealed = _write_rows(selection, form, file, on_progress)
    return Written(rows=rows, unsealed=unsealed, size=file.size, sha256=file.digest.hexdigest())


class _Hashing:
    """A file that can only be written to, from beginning to end."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, piece: bytes) -> int:
        self.digest.update(piece)
        self.size += len(piece)
        return self._out.write(piece)

    def flush(self) -> None:
        self._out.flush()


def _write_rows(selection: Selection, form: Form, file: _Hashing, on_progress: Progress) -> tuple[int, int]:
    number = selection.columns.index("number")
    rows = unsealed = 0
    for piece, batch in WRITERS[form](selection):
        file.write(piece)
        rows += len(batch)
        unsealed += sum(row[number] is None for row in batch)
        on_progress(rows)
    return rows, unsealed


def _write_bundle(selection: Selection, file: _Hashing, on_progress: Progress) -> tuple[int, int]:
    written = write_bundle(
        cast(IO[bytes], file),  # all of a file that a zip needs
        entries=selection.entries,
        shows=selection.reading.shows,
        about={"notes": selection.reading.has_notes},
        on_progress=on_progress,
    )
    return written.entries, written.unsealed
