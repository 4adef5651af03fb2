"""Only one clock at a time: a lease in SQL, with a fencing number that grows at every change of holder."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from sessions_app.models import Lease
from sessions_app.models.moments import database_now

LEASE_LASTS = timedelta(seconds=6)


def take_or_renew(name: str, *, holder: str) -> int | None:
    """The fencing number while `holder` has the lease; None while somebody else does.

    Renewing keeps the number; taking over an expired lease raises it, so that a holder who was asleep
    finds every later write refused.
    """
    with transaction.atomic():
        now = database_now()
        lease, _created = Lease.objects.select_for_update().get_or_create(
            name=name, defaults={"expires_at": now, "renewed_at": now}
        )
        if lease.holder != holder and lease.expires_at > now:
            return None
        if lease.holder != holder:
            lease.fence += 1
            lease.holder = holder
        lease.expires_at = now + LEASE_LASTS
        lease.renewed_at = now
        lease.save()
        return lease.fence


def give_back(name: str, *, holder: str) -> None:
    """Let the next clock start at once instead of waiting for the lease to run out."""
    Lease.objects.filter(name=name, holder=holder).update(expires_at=database_now())
