"""What the clock does for the trail, over and over: seal, take a checkpoint where one is due, write it out."""

from __future__ import annotations

import logging
import time

from django.core.exceptions import ImproperlyConfigured

from audit import checkpoints
from audit.chain import seal
from audit.checkpoint_files import CheckpointFiles
from audit.errors import UnknownSigningKey

logger = logging.getLogger(__name__)

TOLD_EVERY_SECONDS = 60.0
CANNOT_SIGN = (UnknownSigningKey, ImproperlyConfigured, OSError)


class Sealing:
    """One sealer. It may die at any moment and be started twice: what it did is whole, the rest still waits."""

    def __init__(self) -> None:
        self._files = CheckpointFiles()
        self._told, self._quiet_until = "", 0.0

    def work(self, *, seconds: float) -> int:
        """Seals what waits, for about so long, with every checkpoint that falls due; returns how many."""
        until, sealed = time.monotonic() + seconds, 0
        while now := seal():
            sealed += now
            self._checkpoint_if_due()
            if time.monotonic() >= until:
                break
        self._checkpoint_if_due()
        return sealed

    def _checkpoint_if_due(self) -> None:
        """Sealing goes on where signing or writing fails: the entries are what must not wait."""
        try:
            if checkpoints.is_due():
                checkpoints.take_checkpoint()
            self._files.write_out()
        except CANNOT_SIGN as failure:
            self._tell(f"{type(failure).__name__}: {failure}")

    def _tell(self, failure: str) -> None:
        """The same failure once a minute: it is tried again all the time."""
        now = time.monotonic()
        if failure != self._told or now >= self._quiet_until:
            self._told, self._quiet_until = failure, now + TOLD_EVERY_SECONDS
            logger.error("no checkpoint of the audit trail: %s", failure)
