"""Few files are on their way at once: each keeps a thread of the web process busy for as long as its reader likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock

from django.http import HttpResponse

AT_ONCE = 4  # of the eight threads that `manage.py up` gives a web process: cutting access needs the others
OF_ONE_ASKER = 2


class EveryTurnTaken(Exception):
    """As many files are on their way as may be, of this asker or altogether. Nothing was done."""


class Turns:
    """Who has how many files on their way out of this process."""

    def __init__(self, *, at_once: int, of_one_asker: int) -> None:
        self._at_once, self._of_one_asker = at_once, of_one_asker
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    def during(self, answer: Callable[[], HttpResponse], *, asker: str) -> HttpResponse:
        """What `answer` gives. Where that is a stream, the turn lasts until it was read or its reader is gone.

        Raises EveryTurnTaken before `answer` is called, so that no entry tells of a file nobody got.
        """
        self._take(asker)
        give_back = partial(self._give_back, asker)
        try:
            response = answer()
        except BaseException:
            give_back()
            raise
        if response.streaming:
            response.streaming_content = _UntilClosed(response.streaming_content, give_back)  # type: ignore[attr-defined]  # a stream has it
        else:
            give_back()
        return response

    def _take(self, asker: str) -> None:
        with self._lock:
            if self._taken.total() >= self._at_once or self._taken[asker] >= self._of_one_asker:
                raise EveryTurnTaken
            self._taken[asker] += 1

    def _give_back(self, asker: str) -> None:
        with self._lock:
            self._taken[asker] -= 1
            self._taken += Counter()  # forgets whoever has none


class _UntilClosed:
    """The same pieces; tells once that they were read, or that the server is done with them, even before the first."""

    def __init__(self, pieces: Iterator[bytes], told: Callable[[], None]) -> None:
        self._pieces = pieces
        self._told: Callable[[], None] | None = told

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        told, self._told = self._told, None
        if told:
            told()


TURNS = Turns(at_once=AT_ONCE, of_one_asker=OF_ONE_ASKER)
