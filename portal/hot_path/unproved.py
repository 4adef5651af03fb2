"""Callers that proved nothing become entries, behind the answer: nobody waits for the database because of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Final

from django.db import DatabaseError, close_old_connections

from audit.initiators import Door
from audit.record import Target
from sessions_app.doors.unproved import note_unproved
from sessions_app.models import MachineCredential, OAuthClient

logger = logging.getLogger(__name__)

WAITING_AT_MOST: Final = 16

Keep = Callable[[str, str | None], None]


class InBackground:
    """Hands every attempt to one thread. Those that find too many waiting are not kept: it was a flood."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="unproved")
        self._room = BoundedSemaphore(WAITING_AT_MOST)

    def __call__(self, name: str, address: str | None) -> None:
        if self._room.acquire(blocking=False):
            future = self._pool.submit(self._kept, name, address)
            future.add_done_callback(lambda _done: self._room.release())

    def finish(self) -> None:
        """Wait for what is on its way; nothing is taken afterwards."""
        self._pool.shutdown()

    def _kept(self, name: str, address: str | None) -> None:
        close_old_connections()
        try:
            self._keep(name, address)
        except DatabaseError:
            logger.exception("an attempt at introspection could not be recorded")
        finally:
            close_old_connections()


def keep_attempt(name: str, address: str | None) -> None:
    """One entry a minute for each address and whoever exists by this name."""
    note_unproved(door=Door.OAUTH, address=address, claimed=_claimed(name), why="client_not_proved")


def _claimed(name: str) -> Target | None:
    if not name or "\x00" in name:
        return None
    if credential := MachineCredential.objects.filter(prefix=name).first():
        return Target(kind="machine_credential", id=credential.prefix, label=credential.name)
    client = OAuthClient.objects.filter(client_id=name).first()
    return Target(kind="oauth_client", id=client.client_id, label=client.name) if client else None
