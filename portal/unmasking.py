"""Showing one entry's masked details to an auditor, once: an entry of its own, which the person concerned can see."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.record import Occurrence, Target, record_many


def note_unmasking(entry: AuditEntry, *, kinds: Collection[str], purpose: str, by: Initiator) -> AuditEntry:
    """Records who saw what of whom and for which purpose, once for each person whose details they are.

    Call it before anything is shown: what could not be recorded must not be seen.
    """
    details = {"entry": entry.pk, "kinds": sorted(set(kinds))}
    target = Target(kind="audit_entry", id=str(entry.pk))
    occurrences = [
        Occurrence(
            target=target,
            person=person,
            receipt=entry.receipt,
            details=details,
            personal={"purpose": purpose},
        )
        for person in _people_behind(entry, kinds) or [None]
    ]
    with transaction.atomic():
        return record_many(Events.DETAILS_UNMASKED, initiator=by, occurrences=occurrences)[0]


def _people_behind(entry: AuditEntry, kinds: Collection[str]) -> list[UUID | None]:
    """Whose values they are; a machine's address is nobody's."""
    owners = {subject.about for subject in entry.subjects.all() if subject.kind in kinds and subject.value}
    people = {_as_uuid(owner) for owner in owners} - {None}
    return sorted(people, key=str)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
