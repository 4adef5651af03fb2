"""Long work in many small transactions stands aside while the markers' heartbeat is late: it writes to SQL too.

SQLite has one write lock and no queue for it. Whoever takes it again at once keeps everybody else waiting, and the
one who must not wait is the clock: five seconds without a beat, and every guard refuses everybody.
"""

from __future__ import annotations

import time
from datetime import timedelta

from sessions_app.models import BlacklistState
from sessions_app.models.moments import database_now

LATE = timedelta(seconds=1.5)  # half a beat more than there is between two
GIVEN_UP = timedelta(seconds=5)  # no clock is alive that could be let through
ASIDE_SECONDS = 0.5
LOOK_SECONDS = 0.02


def let_the_clock_beat() -> None:
    """Returns at once unless the heartbeat is late; then once it was made, after half a second at most."""
    until = time.monotonic() + ASIDE_SECONDS
    while _is_late() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def _is_late() -> bool:
    beat_at = BlacklistState.current().beat_at
    return beat_at is not None and LATE < database_now() - beat_at < GIVEN_UP
