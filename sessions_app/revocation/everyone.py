"""The cutoff for everyone: it stands in the markers, so it also reaches people whom nobody knows."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from sessions_app.blacklist.values import Marker
from sessions_app.models import BlacklistState, Issuer
from sessions_app.models.moments import to_milliseconds
from sessions_app.revocation.connections import blacklist_writer


def raise_cutoff(at: datetime) -> None:
    """What began by this moment counts as ended, whoever it belongs to; by the largest clock allowance of any issuer.

    Only ever upwards. Expects the transaction of the decision; the markers say so from the clock's next beat on.
    """
    allowance = Issuer.objects.aggregate(widest=Max("clock_allowance_seconds"))["widest"] or 0
    cutoff = to_milliseconds(at) + allowance * 1000
    BlacklistState.current()
    BlacklistState.objects.filter(pk=1, everyone_cutoff_ms__lt=cutoff).update(everyone_cutoff_ms=cutoff)


def cutoff_ms() -> int:
    """The moment before which everything counts as ended; 0 where it was never ordered."""
    return BlacklistState.objects.filter(pk=1).values_list("everyone_cutoff_ms", flat=True).first() or 0


def is_in_the_markers(at: datetime) -> bool:
    """Whether every marker says so of this moment. Raises BlacklistUnavailable."""
    wanted = to_milliseconds(at)
    return all(
        isinstance(marker, Marker) and marker.everyone_cutoff_ms >= wanted
        for marker in blacklist_writer().read_markers()
    )
