"""The answer from SQL, for our own signed-in pages while the blacklist cannot be asked (policy `truth`)."""

from __future__ import annotations

from sessions_app.blacklist.values import Marker
from sessions_app.blacklist.verdict import Subject, Values, Verdict, decide
from sessions_app.models import BlacklistEntry, EntryKind
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation import everyone
from sessions_app.revocation.entries import as_written


def truth(subject: Subject) -> Verdict:
    """What the guard would say if the blacklist held exactly what SQL says, by the guard's own rules.

    Raises DatabaseError where SQL cannot be asked either; the caller must then refuse.
    """
    now_ms = to_milliseconds(database_now())
    rows = BlacklistEntry.objects.unexpired(now_ms).filter(realm__key=subject.realm, person_id=subject.person)
    found = {
        (row.kind, row.ident): as_written(row).value.text().encode() for row in rows.select_related("realm")
    }
    marker = Marker(generation=1, sequence=1, heartbeat_ms=now_ms, everyone_cutoff_ms=everyone.cutoff_ms())
    values = Values(
        marker=marker.text().encode(),
        user=found.get((EntryKind.USER, "")),
        session=found.get((EntryKind.SESSION, subject.sid)) if subject.sid else None,
        token=found.get((EntryKind.TOKEN, subject.token_id)) if subject.token_id else None,
    )
    return decide(subject, values, now_ms, values.high_water)
