"""Every minute: does the blacklist still hold everything SQL says? What is missing is rewritten and recorded."""

from __future__ import annotations

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import record
from sessions_app.models import BlacklistEntry, BlacklistState
from sessions_app.models.moments import database_now
from sessions_app.revocation.connections import blacklist_writer
from sessions_app.revocation.entries import as_written
from sessions_app.revocation.rebuild import missing_of, unexpired_chunks


def reconcile(*, by: Initiator) -> int:
    """Repair drift; returns how many entries had to be rewritten. Raises BlacklistUnavailable.

    Only entries that had been read back count as drift; the others are on their way anyway. While the gate is shut
    there is nothing to compare: it opens only after a complete rebuild.
    """
    if not BlacklistState.current().is_gate_open:
        return 0
    drifted: list[BlacklistEntry] = []
    for chunk in unexpired_chunks():
        published = [entry for entry in chunk if entry.published_revision >= entry.revision]
        absent = missing_of(published)
        blacklist_writer().publish([as_written(entry) for entry in absent])
        drifted += absent
    with transaction.atomic():
        if drifted:
            _record_drift(drifted, by=by)
        BlacklistState.objects.filter(pk=1).update(reconciled_at=database_now())
    return len(drifted)


def _record_drift(drifted: list[BlacklistEntry], *, by: Initiator) -> None:
    receipts = sorted({entry.receipt for entry in drifted})
    record(
        Events.BLACKLIST_DRIFT,
        initiator=by,
        details={
            "entries": len(drifted),
            "receipts": receipts[:50],
            "kinds": sorted({e.kind for e in drifted}),
        },
    )
