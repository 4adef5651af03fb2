"""SQL's answer within a time and a number of threads, where the blacklist gives none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from threading import BoundedSemaphore
from typing import Any, Final, TypeVar

from django.db import close_old_connections

from sessions_app.blacklist.verdict import Subject, Verdict
from sessions_app.revocation.truth import truth
from sessions_app.tokens.opaque import describe_opaque

BUDGET_SECONDS: Final = 0.2
AT_ONCE: Final = 4

Answer = TypeVar("Answer")


class TooSlow(Exception):
    """SQL did not answer in time, or too many are asking already."""


class BoundedTruth:
    """At most `at_once` questions at a time, each within the budget; everybody else is told at once."""

    def __init__(self, *, budget_seconds: float = BUDGET_SECONDS, at_once: int = AT_ONCE) -> None:
        self._budget_seconds = budget_seconds
        self._pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="truth")
        self._room = BoundedSemaphore(at_once)

    def verdict(self, subject: Subject) -> Verdict:
        """Raises TooSlow."""
        return self._within_budget(lambda: truth(subject))

    def opaque(self, token: str) -> dict[str, Any]:
        """What there is to say of one of our own opaque tokens. Raises TooSlow."""
        return self._within_budget(lambda: describe_opaque(token))

    def _within_budget(self, ask: Callable[[], Answer]) -> Answer:
        if not self._room.acquire(blocking=False):
            raise TooSlow
        future = self._pool.submit(_answered, ask)
        # A question that overran keeps its place until it ends, so that slowness cannot pile up.
        future.add_done_callback(lambda _done: self._room.release())
        try:
            return future.result(timeout=self._budget_seconds)
        except TookTooLong as error:
            raise TooSlow from error


def _answered(ask: Callable[[], Answer]) -> Answer:
    close_old_connections()
    try:
        return ask()
    finally:
        close_old_connections()
