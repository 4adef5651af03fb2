"""Whether what was let in may go on: a download, a stream of events, an open connection."""

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import Final

from .verdict import Outcome, Verdict

RECHECK_SECONDS: Final = 10.0

Ask = Callable[[], Verdict]


class AccessEnded(Exception):
    """The access of a running request was ended; whoever still sends for it has to stop.

    It is raised through the server on purpose: most servers then break the response off, where one that
    merely stopped would look complete.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.outcome}: {verdict.cause}")
        self.verdict = verdict


class Continuing:
    """Asks the guard again when `every_seconds` have gone by since it was last asked."""

    def __init__(self, ask: Ask, every_seconds: float) -> None:
        self.ask = ask
        self.every_seconds = every_seconds
        self._due = monotonic() + every_seconds

    def is_due(self) -> bool:
        return monotonic() >= self._due

    def insist(self) -> None:
        """Ask now, and raise AccessEnded unless the answer is ALLOWED."""
        verdict = self.ask()
        self._due = monotonic() + self.every_seconds
        if verdict.outcome is not Outcome.ALLOWED:
            raise AccessEnded(verdict)

    def insist_when_due(self) -> None:
        if self.is_due():
            self.insist()


class Watched:
    """The chunks of a WSGI response. None is passed on when the guard, asked again in time, refuses."""

    def __init__(self, chunks: Iterable[bytes], continuing: Continuing) -> None:
        self._source = chunks
        self._chunks = iter(chunks)
        self._continuing = continuing

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        # Asked after the chunk was made: making it may have taken as long as the application liked.
        chunk = next(self._chunks)
        self._continuing.insist_when_due()
        return chunk

    def close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


def watched(chunks: Iterable[bytes], continuing: Continuing) -> Iterable[bytes]:
    """The same response, watched; one that is complete already is left as it is."""
    return chunks if isinstance(chunks, list | tuple) else Watched(chunks, continuing)
