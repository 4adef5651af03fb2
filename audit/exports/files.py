"""Where exported files lie: a folder of their own, for this account only."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings

# The database may lie on the same disk: no export may take the room that decisions need.
LEFT_FREE_BYTES = 512 * 1024 * 1024


def folder() -> Path:
    """Made on first use."""
    path = Path(settings.EXPORTS_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def has_room() -> bool:
    """Whether a large file may grow."""
    return shutil.disk_usage(folder()).free > LEFT_FREE_BYTES


def nameless() -> BinaryIO:
    """A file nobody else can open, which is gone when it is closed, also by a crash."""
    return cast(BinaryIO, tempfile.TemporaryFile(dir=folder()))


def new_file(path: Path) -> BinaryIO:
    """The file, empty, readable by this account only; what was there under its name is replaced."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, "wb")
