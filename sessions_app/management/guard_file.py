"""The file a guard elsewhere reads, kept as SQL has it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from threading import Event

from django.db import DatabaseError, close_old_connections

from sessions_app.tokens.profiles import guard_configuration

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 5.0


def guard_file() -> str:
    """What stands in the file."""
    return json.dumps(guard_configuration(), indent=2, sort_keys=True) + "\n"


def keep_written(path: Path, *, stop: Event) -> None:
    """Write the file, and again whenever something in it changes, until told to stop.

    It is replaced by a rename, so nobody reads half of one. While SQL is away it stays as it is.
    """
    while not stop.is_set():
        try:
            close_old_connections()
            _write_if_changed(path, guard_file())
        except (DatabaseError, OSError):
            logger.exception("%s could not be brought up to date", path)
        stop.wait(LOOK_EVERY_SECONDS)


def _write_if_changed(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text)
    draft.replace(path)
