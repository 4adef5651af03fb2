"""Who held which Role, and what every setting was, at any moment: replayed from the trail, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from audit.events import Events
from audit.evidence.cases import initiator_of, label_of
from audit.models import AuditEntry
from audit.personal import SubjectRole
from audit.search import EntryQuerySet


@dataclass(frozen=True, kw_only=True)
class Held:
    """One role of one person."""

    person: str
    name: str
    role: str
    population: str
    since: datetime
    until: str
    by: str
    entry: int


@dataclass(frozen=True, kw_only=True)
class Value:
    """One field of one thing that operators edit; secrets and personal fields are `***` in the trail itself."""

    kind: str
    id: str
    field: str
    value: str
    since: datetime
    by: str
    entry: int


def roles_at(entries: EntryQuerySet, moment: datetime) -> list[Held]:
    """By role and name. A role that ended by its own date had ended, whether the clock noted it or not."""
    told = entries.of_events(
        Events.ROLE_GRANTED.code, Events.ROLE_REVOKED.code, Events.ROLE_EXPIRED.code
    ).filter(timestamp__lte=moment)
    held: dict[str, Held] = {}
    for entry in told.prefetch_related("subjects").order_by("timestamp", "id"):
        grant = str(entry.details.get("grant", entry.pk))
        if entry.event_code == Events.ROLE_GRANTED.code:
            held[grant] = _held(entry)
        else:
            held.pop(grant, None)
    return sorted(
        (each for each in held.values() if not _is_over(each, moment)),
        key=lambda each: (each.role, each.name, each.person),
    )


def _held(entry: AuditEntry) -> Held:
    details = entry.details
    population = details.get("population") or details.get("population_kind") or ""
    return Held(
        person=entry.target_id,
        name=label_of(entry, SubjectRole.TARGET, "label"),
        role=str(details.get("role", "")),
        population=str(population),
        since=entry.timestamp,
        until=str(details.get("until") or ""),
        by=initiator_of(entry),
        entry=entry.pk,
    )


def _is_over(held: Held, moment: datetime) -> bool:
    until = parse_datetime(held.until) if held.until else None
    return until is not None and until <= moment


def settings_at(entries: EntryQuerySet, moment: datetime) -> list[Value]:
    """By kind, thing and field. What was set before its changes were recorded is not there."""
    told = entries.of_events(
        Events.FIELDS_CREATED.code, Events.FIELDS_CHANGED.code, Events.FIELDS_DELETED.code
    ).filter(timestamp__lte=moment)
    values: dict[tuple[str, str, str], Value] = {}
    for entry in told.prefetch_related("subjects").order_by("timestamp", "id"):
        of = (entry.target_kind, entry.target_id)
        if entry.event_code == Events.FIELDS_DELETED.code:
            values = {place: value for place, value in values.items() if place[:2] != of}
        else:
            values |= {(*of, field): _value(entry, field, change) for field, change in _changes(entry)}
    return [values[place] for place in sorted(values)]


def _changes(entry: AuditEntry) -> list[tuple[str, list[object]]]:
    changes = entry.changes or {}
    return [(field, change) for field, change in changes.items() if isinstance(change, list) and change]


def _value(entry: AuditEntry, field: str, change: list[object]) -> Value:
    return Value(
        kind=entry.target_kind,
        id=entry.target_id,
        field=field,
        value=str(change[-1]),
        since=entry.timestamp,
        by=initiator_of(entry),
        entry=entry.pk,
    )
