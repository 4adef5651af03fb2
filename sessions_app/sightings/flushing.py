"""From a guard of this process to SQL, once a second, by one thread that no check ever waits for."""

from __future__ import annotations

import logging
import os
import threading
import time

from django.db import close_old_connections

from sessions_app.blacklist.observations import Observation, ObservationBuffer
from sessions_app.sightings.observed import keep_observations, the_guard

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
AT_ONCE = 2000


class Flusher:
    """One per process. The thread starts with the first observation, and anew in a process that was forked."""

    def __init__(self, buffer: ObservationBuffer | None = None) -> None:
        self.buffer = buffer or ObservationBuffer()
        self._started_in = 0
        self._is_failing = False
        self._starting = threading.Lock()

    def note(self, observation: Observation) -> None:
        """Never raises, never waits."""
        self.buffer.add(observation)
        if self._started_in != os.getpid():
            self._start()

    def flush(self) -> None:
        """Keep what waits. Where SQL is away it goes on waiting, as far as there is room."""
        batch = self.buffer.take(AT_ONCE)
        if not batch:
            return
        try:
            keep_observations(batch, by=the_guard())
            self._is_failing = False
        except Exception:  # whatever SQL's trouble is, the guard goes on and so does this
            if not self._is_failing:
                logger.warning("what guards saw cannot be kept; it waits", exc_info=True)
            self._is_failing = True
            self.buffer.put_back(batch)
        if dropped := self.buffer.dropped():
            logger.warning("%d observations of guards were dropped: too many waited", dropped)

    def _start(self) -> None:
        with self._starting:
            if self._started_in == os.getpid():
                return
            self._started_in = os.getpid()
        try:
            threading.Thread(target=self._run, name="observations", daemon=True).start()
        except RuntimeError:
            logger.warning("no thread can be started to keep what guards saw")
            self._started_in = 0

    def _run(self) -> None:
        while True:
            time.sleep(EVERY_SECONDS)
            try:
                self.flush()
            finally:
                close_old_connections()


_flusher = Flusher()


def note_observation(observation: Observation) -> None:
    """What the hot path of this process saw."""
    _flusher.note(observation)
