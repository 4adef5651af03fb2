"""The only way in for actions: one entry per action, in the transaction of the action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.columns import checked_texts, initiator_columns, require_transaction
from audit.errors import MissingField, NobodyIsActing
from audit.events import EventKind, Outcome, listed
from audit.initiators import Initiator
from audit.models import AuditEntry, AuditName, AuditSubject
from audit.personal import PersonalValue, person_of, values_beside
from audit.storable import clean_json
from audit.targets import Target

__all__ = ["Occurrence", "Outcome", "Target", "record", "record_many"]

ROWS_AT_ONCE = 2000


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """What one entry says besides its event and its initiator.

    `details` hold codes, ids and whole numbers and stay for ever. Everything that tells who somebody is, or
    that somebody typed, goes into `personal` by kind ("note", "address", "user_agent") and can be blanked.
    `person` is the user concerned; it need not be given where the target is a user. `source` is the outside
    event that led here, as its sender names it.
    """

    target: Target | None = None
    person: UUID | None = None
    reason: str = ""
    receipt: str = ""
    project: str = ""
    sessions_ended: int | None = None
    outcome: Outcome | str | None = None
    details: Mapping[str, Any] | None = None
    personal: Mapping[str, str | None] | None = None
    source: str | None = None

    def person_concerned(self) -> UUID | None:
        return self.person or person_of(self.target)


def record(
    event: EventKind | str,
    *,
    initiator: Initiator,
    target: Target | None = None,
    person: UUID | None = None,
    reason: str = "",
    receipt: str = "",
    project: str = "",
    sessions_ended: int | None = None,
    outcome: Outcome | str | None = None,
    details: Mapping[str, Any] | None = None,
    personal: Mapping[str, str | None] | None = None,
    source: str | None = None,
) -> AuditEntry:
    """Writes the entry of one action; what the fields mean is said at `Occurrence`.

    Raises OutsideTransaction, NobodyIsActing, UnknownEvent, MissingField or NotStorable, and then nothing
    was written: let it roll the action back.
    """
    occurrence = Occurrence(
        target=target,
        person=person,
        reason=reason,
        receipt=receipt,
        project=project,
        sessions_ended=sessions_ended,
        outcome=outcome,
        details=details,
        personal=personal,
        source=source,
    )
    (entry,) = record_many(event, initiator=initiator, occurrences=[occurrence])
    return entry


def record_many(
    event: EventKind | str, *, initiator: Initiator, occurrences: Iterable[Occurrence]
) -> list[AuditEntry]:
    """The same for many targets of one event, in order and with one moment, by two bulk inserts."""
    kind = listed(event)
    if not isinstance(initiator, Initiator):
        raise NobodyIsActing(kind.name)
    require_transaction(kind.name)
    shared = {**initiator_columns(initiator), "timestamp": timezone.now()}
    drafts = [
        (AuditEntry(**shared, **_own_columns(kind, occurrence)), _personal(initiator, occurrence))
        for occurrence in occurrences
    ]
    entries = AuditEntry.objects.bulk_create([entry for entry, _ in drafts], batch_size=ROWS_AT_ONCE)
    AuditSubject.objects.bulk_create(_subjects(drafts), batch_size=ROWS_AT_ONCE)
    AuditName.objects.remember(value for _, values in drafts for value in values)
    return list(entries)


def _own_columns(kind: EventKind, occurrence: Occurrence) -> dict[str, Any]:
    outcome = Outcome(occurrence.outcome or kind.usual)
    target = occurrence.target
    columns = {
        "event_code": kind.code_for(outcome),
        "outcome": outcome.value,
        "target_kind": target.kind if target else "",
        "target_id": target.id if target else "",
        "person_id": occurrence.person_concerned(),
        "reason_code": str(occurrence.reason),
        "receipt": occurrence.receipt,
        "project_key": occurrence.project,
        "sessions_ended": occurrence.sessions_ended,
        "source": occurrence.source or "",
        "additional_data": clean_json(occurrence.details) if occurrence.details else None,
    }
    _require_fields(kind, outcome, occurrence)
    return checked_texts(columns, AuditEntry.longest_texts())


def _require_fields(kind: EventKind, outcome: Outcome, occurrence: Occurrence) -> None:
    missing = [field for field in kind.required_for(outcome) if _given(occurrence, field) in (None, "")]
    if missing:
        raise MissingField(kind.code_for(outcome), missing)


def _given(occurrence: Occurrence, field: str) -> Any:
    """The value of "receipt", "details.role" or "personal.note"; a count of nought is a value."""
    name, _, key = field.partition(".")
    value = getattr(occurrence, name)
    return (value or {}).get(key) if key else value


def _personal(initiator: Initiator, occurrence: Occurrence) -> list[PersonalValue]:
    return values_beside(
        initiator=initiator,
        target=occurrence.target,
        person=occurrence.person_concerned(),
        personal=occurrence.personal,
    )


def _subjects(drafts: list[tuple[AuditEntry, list[PersonalValue]]]) -> Iterator[AuditSubject]:
    for entry, values in drafts:
        yield from (AuditSubject.of(entry, value) for value in values)
