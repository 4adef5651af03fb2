"""Programs that could not prove who they are: a refused attempt is an entry, and guessing fills no trail."""

from __future__ import annotations

import hashlib
from typing import Final

from django.core.cache import cache
from django.db import transaction

from audit.events import Events
from audit.initiators import Door, somebody_unknown
from audit.record import Target, record

RECORDED_EVERY_SECONDS: Final = 60


def note_unproved(*, door: Door, address: str | None, claimed: Target | None, why: str) -> None:
    """One entry a minute for each address and whoever it claims to be; `claimed` exists, or it is None."""
    named = hashlib.sha256(f"{door} {address or ''} {claimed.id if claimed else ''}".encode()).hexdigest()
    key = f"unproved:{named}"
    # Looked up first: adding takes the write lock, and a flood of guesses must not hold up everybody else.
    if cache.get(key) or not cache.add(key, 1, RECORDED_EVERY_SECONDS):
        return
    with transaction.atomic():
        record(
            Events.CALLER_UNPROVED,
            initiator=somebody_unknown(door=door, address=address),
            target=claimed,
            details={"why": why, "door": str(door)},
        )
