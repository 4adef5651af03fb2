"""How much a machine's reports may make in a day: a credential that got lost must not fill the database."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import F
from django.utils import timezone

from audit.initiators import Door, Initiator
from sessions_app.models import ReportQuota

logger = logging.getLogger(__name__)


class Made(StrEnum):
    """What a report can make a row of."""

    SESSION = "session"
    ATTEMPT = "attempt"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Rows a day of one reporter: in all, and about one person (0: not counted by person)."""

    in_all: int
    of_person: int = 0


LIMITS: Final = {
    Made.SESSION: Limit(in_all=100_000, of_person=100),
    Made.ATTEMPT: Limit(in_all=20_000),
    Made.UNMATCHED: Limit(in_all=10_000),
}


def may_make(kind: Made, *, by: Initiator, about: str = "") -> bool:
    """Whether this reporter may make one more row today, which is then counted.

    Guards of our own have verified every token they tell of, and are not limited.
    """
    if by.door is not Door.API:
        return True
    limit = LIMITS[kind]
    if limit.of_person and not _take(kind, by, hashlib.sha256(about.encode()).hexdigest(), limit.of_person):
        return False
    return _take(kind, by, "", limit.in_all)


def _take(kind: Made, by: Initiator, about: str, at_most: int) -> bool:
    """One conditional update decides, so that reports at the same time never get more between them."""
    quota, _is_new = ReportQuota.objects.get_or_create(
        reporter=by.id[:100], kind=kind, about=about, day=timezone.now().date()
    )
    left = ReportQuota.objects.filter(pk=quota.pk, rows__lt=at_most)
    if left.update(rows=F("rows") + 1):
        return True
    logger.info("%s reported more than a day holds (%s); the rest is not kept", by.name or by.id, kind)
    return False
