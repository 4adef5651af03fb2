"""The canonical bytes of an entry: which fields are hashed, and under which names.

This is for ever: a link's hash is over these bytes. Another form needs another `v`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.expressions import UtcText, UuidText
from audit.models import AuditEntry, AuditSubject
from audit.verifier import canonical

VERSION = 1
SPARSE = 2

COLUMN_OF = {
    "action": "action",
    "actor": "actor_id",
    "changes": "changes",
    "details": "additional_data",
    "door": "door",
    "event": "event_code",
    "id": "id",
    "initiator": "initiator_id",
    "initiator_kind": "initiator_kind",
    "initiator_roles": "initiator_roles",
    "model": "content_type_id",
    "object_id": "object_id",
    "object_pk": "object_pk",
    "outcome": "outcome",
    "person": "person_id",
    "project": "project_key",
    "reason": "reason_code",
    "receipt": "receipt",
    "request": "cid",
    "sessions_ended": "sessions_ended",
    "source": "source",
    "target": "target_id",
    "target_kind": "target_kind",
    "time": "timestamp",
}
NAMES = tuple(COLUMN_OF)
ID = NAMES.index("id")
# What the database itself writes as it is hashed: a million entries leave no time to make objects of it first.
WRITTEN = {"actor": UuidText("actor_id"), "person": UuidText("person_id"), "time": UtcText("timestamp")}
READ = [WRITTEN.get(name, column) for name, column in COLUMN_OF.items()]

Subjects = Mapping[int, list[dict[str, str]]]


def form_of(entry: AuditEntry, subjects: Iterable[AuditSubject]) -> dict[str, Any]:
    """One entry as the object that is hashed. `subjects` in the order of their ids."""
    values = {name: getattr(entry, column) for name, column in COLUMN_OF.items()}
    values |= {"actor": _id(entry.actor_id), "person": _id(entry.person_id), "time": moment(entry.timestamp)}
    return form_of_values(values.values(), [committed(*_parts(subject)) for subject in subjects])


def form_of_values(values: Iterable[Any], personal: list[dict[str, str]]) -> dict[str, Any]:
    """The same from the values of READ, as a query gives them."""
    form = dict(zip(NAMES, values, strict=True))
    form["personal"] = personal
    form["v"] = VERSION
    return form


def body_of(form: dict[str, Any]) -> bytes:
    """The bytes that a link's hash is over."""
    return canonical(form)


def committed(role: str, kind: str, about: str, commitment: str) -> dict[str, str]:
    """What an entry says for ever of one personal value: whose and which, never what."""
    return {"about": about, "commitment": commitment, "kind": kind, "role": role}


def forms_of(entry_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The forms of these entries by their ids, by two queries; entries that are gone are missing."""
    found: defaultdict[int, list[dict[str, str]]] = defaultdict(list)
    for entry_id, *parts in beside(entry_ids).values_list("entry_id", "role", "kind", "about", "commitment"):
        found[entry_id].append(committed(*parts))
    return forms_with(entry_ids, found)


def forms_with(entry_ids: Collection[int], personal: Subjects) -> dict[int, dict[str, Any]]:
    """The same where what stands beside them was already read.

    Only these: one that was committed since, and lies between them, may stand there without its values.
    """
    wanted = frozenset(entry_ids)
    rows = AuditEntry.objects.filter(_among(entry_ids, "pk")).order_by().values_list(*READ)
    return {
        values[ID]: form_of_values(values, personal.get(values[ID], []))
        for values in rows
        if values[ID] in wanted
    }


def beside(entry_ids: Collection[int]) -> QuerySet[AuditSubject]:
    """What stands beside these entries, in the order in which it is committed to."""
    return AuditSubject.objects.filter(_among(entry_ids, "entry_id")).order_by("entry_id", "id")


def _among(entry_ids: Collection[int], column: str) -> Q:
    """By range where they follow each other: a thousand parameters cost more than the rows themselves."""
    if entry_ids and max(entry_ids) - min(entry_ids) < SPARSE * len(entry_ids):
        return Q(**{f"{column}__gte": min(entry_ids), f"{column}__lte": max(entry_ids)})
    return Q(**{f"{column}__in": entry_ids})


def moment(value: datetime) -> str:
    """UTC with microseconds, always of the same length."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _parts(subject: AuditSubject) -> tuple[str, str, str, str]:
    return subject.role, subject.kind, subject.about, subject.commitment


def _id(value: UUID | None) -> str | None:
    return str(value) if value else None
