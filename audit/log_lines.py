"""Entries as JSON lines in a file or on standard output, so that any log shipper can carry them away.

A line is what a link's hash is over, and beside it the link's number and hash and the event's name: no name of a
person, no address and no note, because a log cannot be blanked.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from audit.entry_form import forms_of
from audit.events import of_code
from audit.models import ChainLink, LogPosition
from audit.verifier import canonical

logger = logging.getLogger(__name__)

LINES_AT_ONCE = 500
STANDARD_OUTPUT = "stdout"
OWNER_ONLY = 0o600


def is_wanted() -> bool:
    """Whether this installation writes entries out at all."""
    return bool(settings.AUDIT_LOG)


class LogLines:
    """Writes out what was sealed since the last time, in the order of the chain.

    How far it came is kept in the database, after the lines are on the disk: nothing is left out whatever is
    killed when. A line may then be there twice, with the same number. No action waits for it or fails with it.
    """

    def __init__(self) -> None:
        self._trouble = ""

    def write_out(self, *, seconds: float) -> int:
        """For about so long; returns how many lines. A file that cannot be written is said once, and tried again."""
        until, written = time.monotonic() + seconds, 0
        try:
            while some := write_some():
                written += some
                if time.monotonic() >= until:
                    break
            self._trouble = ""
        except OSError as failure:
            self._say(str(failure))
        return written

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            logger.error("entries are not written to %s: %s", settings.AUDIT_LOG, trouble)
        self._trouble = trouble


def write_some() -> int:
    """The next lines; returns how many, 0 where none is missing. Raises OSError, having moved on by nothing."""
    position, _made = LogPosition.objects.get_or_create(
        destination=settings.AUDIT_LOG, defaults={"number": 0, "written_at": timezone.now()}
    )
    links = list(ChainLink.objects.filter(number__gt=position.number).order_by("number")[:LINES_AT_ONCE])
    if not links:
        return 0
    _append(b"".join(_lines(links)))
    still_there = LogPosition.objects.filter(pk=position.pk, number=position.number)
    still_there.update(number=links[-1].number, written_at=timezone.now())
    return len(links)


def _lines(links: list[ChainLink]) -> list[bytes]:
    forms = forms_of([link.entry_id for link in links])
    return [_line(link, forms[link.entry_id]) for link in links if link.entry_id in forms]


def _line(link: ChainLink, form: dict[str, object]) -> bytes:
    named = {
        "number": link.number,
        "hash": bytes(link.hash).hex(),
        "name": of_code(str(form["event"])).name,
    }
    return canonical({**form, **named}) + b"\n"


def _append(lines: bytes) -> None:
    if settings.AUDIT_LOG == STANDARD_OUTPUT:
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
        return
    # Opened anew each time, so that the file can be moved away by whoever rotates logs.
    descriptor = os.open(settings.AUDIT_LOG, os.O_RDWR | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
    with os.fdopen(descriptor, "ab+", buffering=0) as file:
        _write_whole(file.fileno(), _after_half_a_line(Path(settings.AUDIT_LOG)) + lines)
        os.fsync(file.fileno())


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _after_half_a_line(path: Path) -> bytes:
    """A line that was cut short by a full disk or a kill must not swallow the next one."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return b""
        file.seek(-1, os.SEEK_END)
        return b"" if file.read(1) == b"\n" else b"\n"
