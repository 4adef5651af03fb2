"""What the hot path needs from SQL, kept in memory: asked for on every request, never waited for twice."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connection

logger = logging.getLogger(__name__)

KEPT_SECONDS = 5.0

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The last value SQL gave, renewed by one thread behind the caller's back when it is 5 s old.

    The first look reads at once and raises what SQL raises. Later ones never wait for SQL: while it is
    away the last good value stays, and that is logged once. `read` gets the value before it, or None.
    """

    def __init__(self, name: str, read: Callable[[Value | None], Value]) -> None:
        self._name = name
        self._read = read
        self._lock = threading.Lock()
        self._kept: Value | None = None
        self._read_at = 0.0
        self._is_failing = False

    def __call__(self) -> Value:
        kept = self._kept
        if kept is None:
            with self._lock:
                return self._kept if self._kept is not None else self._renew()
        if time.monotonic() - self._read_at > KEPT_SECONDS and self._lock.acquire(blocking=False):
            self._read_at = time.monotonic()
            self._start_renewing()
        return kept

    def _start_renewing(self) -> None:
        """Hand the lock to a thread. Where none can be started the lock goes back, or nothing would renew again."""
        try:
            threading.Thread(target=self._renew_behind, name=self._name, daemon=True).start()
        except RuntimeError:
            logger.warning("%s could not be read: no thread can be started", self._name)
            self._lock.release()

    def clear(self) -> None:
        """The next look reads again, at once."""
        self._kept = None

    def _renew(self) -> Value:
        self._kept = self._read(self._kept)
        self._read_at = time.monotonic()
        self._is_failing = False
        return self._kept

    def _renew_behind(self) -> None:
        try:
            self._renew()
        except Exception:  # whatever SQL's trouble is, the last good value stays in force
            if not self._is_failing:
                logger.warning("%s could not be read; the last ones stay in force", self._name, exc_info=True)
            self._is_failing = True
        finally:
            connection.close()
            self._lock.release()
