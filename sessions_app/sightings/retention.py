"""What guards saw is not kept for ever: addresses and tallies go after their time (`product.md`, privacy)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from sessions_app.models import Attempt, PointTally, ReportQuota, UnmatchedSighting
from sessions_app.models.moments import database_now

DEFAULT_RETENTION: Final = timedelta(days=90)
# 24 months, for what belongs to a revocation.
REVOCATION_RETENTION: Final = timedelta(days=730)
QUOTA_RETENTION: Final = timedelta(days=7)
AT_ONCE: Final = 5000


def forget_what_is_old() -> int:
    """Returns how many rows were blanked or deleted; a large backlog goes piece by piece, run by run."""
    now = database_now()
    return (
        _blank_addresses(Attempt.objects.exclude(receipt=""), before=now - REVOCATION_RETENTION)
        + _blank_addresses(Attempt.objects.filter(receipt=""), before=now - DEFAULT_RETENTION)
        + _delete(PointTally.objects.filter(hour__lt=now - DEFAULT_RETENTION).order_by("hour"))
        + _delete(
            UnmatchedSighting.objects.filter(last_seen_at__lt=now - DEFAULT_RETENTION).order_by(
                "last_seen_at"
            )
        )
        + _delete(ReportQuota.objects.filter(day__lt=(now - QUOTA_RETENTION).date()).order_by("day"))
    )


def _blank_addresses(attempts: QuerySet[Attempt], *, before: datetime) -> int:
    """The rows stay: when and where it was tried belongs to the receipt. Whence is personal."""
    old = attempts.filter(last_at__lt=before, address__isnull=False)
    ids = list(old.order_by("last_at").values_list("pk", flat=True)[:AT_ONCE])
    return Attempt.objects.filter(pk__in=ids).update(address=None)


def _delete(old: QuerySet[PointTally] | QuerySet[UnmatchedSighting] | QuerySet[ReportQuota]) -> int:
    ids = list(old.values_list("pk", flat=True)[:AT_ONCE])
    return old.model.objects.filter(pk__in=ids).delete()[0]
