"""One `up` per data folder: a lock that the kernel releases when its holder dies. Standard library only."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCK_NAME = "up.lock"


class AlreadyRunning(Exception):
    """Another process holds the folder. Carries the address it answers at, empty while it is starting."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


@contextmanager
def held(folder: Path) -> Iterator[IO[str]]:
    """Hold the folder and yield the lock file, in which the holder writes its address.

    Raises AlreadyRunning at once if somebody else does. The file stays: it also marks a folder as ours.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK_NAME).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(file.read().strip()) from None
        note(file, "")
        yield file


def note(file: IO[str], address: str) -> None:
    """Write where we answer, for whoever finds the folder held."""
    file.seek(0)
    file.truncate()
    file.write(address)
    file.flush()
