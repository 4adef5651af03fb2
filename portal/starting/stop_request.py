"""Being asked to stop: remembered by the signal handler, acted upon at safe points only."""

import signal
import time
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """Somebody pressed Ctrl-C, closed the terminal or sent SIGTERM."""


class StopRequest:
    """Counts the signals. A handler that raised could lose a child that was just being started."""

    def __init__(self) -> None:
        self.times_asked = 0

    def listen(self) -> None:
        """Take over Ctrl-C, SIGTERM and the closing of the terminal."""
        for number in SIGNALS:
            signal.signal(number, self.note)

    def note(self, number: int, frame: FrameType | None) -> None:
        self.times_asked += 1

    def pause(self, seconds: float) -> None:
        """Wait. Raises StopRequested within a tenth of a second of being asked."""
        deadline = time.monotonic() + seconds
        while not self.times_asked and time.monotonic() < deadline:
            time.sleep(min(0.1, max(0.0, deadline - time.monotonic())))
        self.check()

    def check(self) -> None:
        """Raises StopRequested if somebody asked."""
        if self.times_asked:
            raise StopRequested

    def is_urgent(self) -> bool:
        """Whether somebody asked again while we were stopping."""
        return self.times_asked > 1
