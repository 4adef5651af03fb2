"""Keeping what HR said: the file as it came, with its hash, its source, its query and its count of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from audit.events import Events
from audit.evidence.leavers import Days, LeaverFile, read_leavers
from audit.initiators import Initiator
from audit.models import LeaverList
from audit.record import Target, record


class ListChanged(Exception):
    """The file that is kept is not the one that was received."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the list came from: the system, and the question that was put to it."""

    source: str
    query: str


def keep_list(
    content: bytes, *, period: Days, origin: Origin, allowed_hours: int, by: Initiator
) -> LeaverList:
    """Raises NoLeaverFile, having kept nothing. Rows that are wrong are named, and the rest counts."""
    file = read_leavers(content, period)
    with transaction.atomic():
        kept = LeaverList.objects.create(
            first_day=period.first,
            last_day=period.last,
            source=origin.source,
            query=origin.query,
            allowed_hours=allowed_hours,
            content=content,
            sha256=sha256(content).hexdigest(),
            rows=len(file.leavers),
            bad_rows=len(file.bad),
            received_at=timezone.now(),
        )
        record(
            Events.LEAVERS_RECEIVED,
            initiator=by,
            target=Target(kind="leaver_list", id=str(kept.pk), label=origin.source),
            details={
                "rows": kept.rows,
                "bad_rows": kept.bad_rows,
                "sha256": kept.sha256,
                "first_day": period.first.isoformat(),
                "last_day": period.last.isoformat(),
                "allowed_hours": allowed_hours,
            },
            personal={"query": origin.query},
        )
    return kept


def period_of(kept: LeaverList) -> Days:
    return Days(first=kept.first_day, last=kept.last_day)


def allowed_by(kept: LeaverList) -> timedelta:
    return timedelta(hours=kept.allowed_hours)


def read_list(kept: LeaverList) -> LeaverFile:
    """The rows once more. Raises ListChanged where the file is not what it was."""
    content = bytes(kept.content)
    if sha256(content).hexdigest() != kept.sha256:
        raise ListChanged
    return read_leavers(content, period_of(kept))
