"""From a guard of this process to SQL, once a second, by one thread that no check ever waits for."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, close_old_connections

from sessions_app.blacklist.observations import Observation, ObservationBuffer
from sessions_app.blacklist.repeating import Repeating
from sessions_app.sightings.observed import keep_observations, the_guard

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
AT_ONCE = 2000


class Flusher:
    """One per process. The thread starts with the first observation, and anew in a process that was forked."""

    def __init__(self, buffer: ObservationBuffer | None = None) -> None:
        self.buffer = buffer or ObservationBuffer()
        self._is_failing = False
        self._repeating = Repeating(self._flush_all, pause=lambda: EVERY_SECONDS, name="observations")

    def note(self, observation: Observation) -> None:
        """Never raises, never waits."""
        self.buffer.add(observation)
        self._repeating.ensure()

    def flush(self) -> bool:
        """Keep what waits; False where it goes on waiting, as far as there is room, because SQL is away."""
        batch = self.buffer.take(AT_ONCE)
        try:
            if batch:
                keep_observations(batch, by=the_guard())
            self._is_failing = False
        except (OperationalError, InterfaceError):
            if not self._is_failing:
                logger.warning("what guards saw cannot be kept; it waits", exc_info=True)
            self._is_failing = True
            self.buffer.put_back(batch)
        except Exception:  # it would fail again for ever, and hold up everything behind it
            logger.exception("%d observations of guards could not be kept", len(batch))
        if dropped := self.buffer.dropped():
            logger.warning("%d observations of guards were dropped: too many waited", dropped)
        return not self._is_failing

    def _flush_all(self) -> None:
        try:
            while self.flush() and len(self.buffer) >= AT_ONCE:
                pass
        finally:
            close_old_connections()


_flusher = Flusher()


def note_observation(observation: Observation) -> None:
    """What the hot path of this process saw."""
    _flusher.note(observation)
