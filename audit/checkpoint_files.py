"""The checkpoints outside the database: one JSON line each, one file a month, only ever appended to."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from audit import checkpoints
from audit.models import Checkpoint
from audit.verifier import canonical

MONTHS = "[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"
LONGEST_LINE = 4096


class CheckpointFiles:
    """Remembers how far this process has written. Nothing is lost with it: the files say where they end."""

    def __init__(self) -> None:
        self._written: int | None = None

    def write_out(self) -> int:
        """Appends what the files lack and makes sure it is on the disk; returns how many. Raises OSError.

        Where the database was set back to before what the files hold, its new checkpoints follow the old ones:
        then two have the same number, which the verifier finds.
        """
        if self._written is None:
            last = checkpoints.latest()
            self._written = min(last_number_written(), last.number if last else 0)
        count = 0
        for checkpoint in checkpoints.after(self._written):
            append(checkpoint)
            self._written = checkpoint.number
            count += 1
        return count


def append(checkpoint: Checkpoint) -> None:
    """One line at the end of its month's file. Half a line, left by a process that was killed, is taken away."""
    folder = Path(settings.AUDIT_CHECKPOINT_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = canonical(checkpoints.record_of(checkpoint)) + b"\n"
    with (folder / f"{checkpoint.taken_at:%Y-%m}.jsonl").open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(_end_of_whole_lines(file))
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def lines_written() -> Iterator[dict[str, Any]]:
    """Every checkpoint in the files, in the order written."""
    for path in files():
        yield from lines_of(path)


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Every checkpoint in one file. A line that is none is left out."""
    with path.open("rb") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def files() -> list[Path]:
    """One for each month, oldest first; none where this machine has no such folder."""
    return sorted(Path(settings.AUDIT_CHECKPOINT_DIR).glob(MONTHS))


def last_number_written() -> int:
    """The number of the last checkpoint in the newest file; 0 where there is none."""
    for path in reversed(files()):
        with path.open("rb") as file:
            file.seek(max(0, _end_of_whole_lines(file) - LONGEST_LINE))
            lines = file.read().split(b"\n")[:-1]
        for line in reversed(lines):
            try:
                return int(json.loads(line)["statement"]["number"])
            except (ValueError, KeyError, TypeError):
                continue
    return 0


def _end_of_whole_lines(file: IO[bytes]) -> int:
    """Where the last complete line ends."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - LONGEST_LINE)
    file.seek(start)
    return start + file.read().rfind(b"\n") + 1
