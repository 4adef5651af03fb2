"""Every export is an entry itself: who took what, how many rows, and the hash by which the file is known again."""

from __future__ import annotations

from django.db import transaction

from audit.events import Events
from audit.exports.forms import Form
from audit.exports.rows import Selection
from audit.exports.writing import Written
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.record import Target, record


def record_export(
    written: Written, form: Form, *, selection: Selection, line: str, by: Initiator
) -> AuditEntry:
    """Written before the first byte leaves: whoever breaks off the download has taken something all the same."""
    with transaction.atomic():
        return record(
            Events.EXPORTED,
            initiator=by,
            target=Target(kind="audit", id=form.value, label=""),
            details={
                "rows": written.rows,
                "unsealed": written.unsealed,
                "form": form.value,
                "sha256": written.sha256,
                "notes": "yes" if selection.reading.has_notes else "no",
            },
            personal={"filter": line} if line else None,
        )
