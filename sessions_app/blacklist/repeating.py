"""Work that one thread of a process repeats in the background."""

import logging
import os
from collections.abc import Callable
from threading import Event, Lock, Thread

logger = logging.getLogger(__name__)


class Repeating:
    """Does `work` again and again, `pause()` seconds apart, from the first `ensure` on until `stop`.

    One daemon thread per process: a process that was forked starts its own. `work` handles its own failures;
    what it raises all the same is logged and changes nothing.
    """

    def __init__(self, work: Callable[[], None], *, pause: Callable[[], float], name: str) -> None:
        self._work = work
        self._pause = pause
        self._name = name
        self._started_in = 0
        self._starting = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def ensure(self) -> None:
        """Start the thread where there is none yet. Never raises, never waits for the work."""
        if self._started_in != os.getpid():
            self._start()

    def stop(self, *, timeout_seconds: float) -> None:
        """Wait for what is being done, and do no more."""
        self._stop.set()
        if self._thread is not None and self._started_in == os.getpid():
            self._thread.join(timeout_seconds)

    def _start(self) -> None:
        # A process forked at the wrong moment finds the lock taken by a thread it does not have.
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._started_in == os.getpid() or self._stop.is_set():
                return
            thread = Thread(target=self._run, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                logger.warning("no thread can be started for %s", self._name)
                return
            self._thread, self._started_in = thread, os.getpid()
        finally:
            self._starting.release()

    def _run(self) -> None:
        while not self._stop.wait(self._pause()):
            try:
                self._work()
            except Exception:
                logger.exception("%s failed", self._name)
