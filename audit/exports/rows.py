"""Entries as flat rows of texts, a few thousand at a time, newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Any

from django.db.models import F, Max, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable

from audit.events import of_code
from audit.exports.reading import INITIATOR_NAME, NOTE, TARGET_LABEL, Reading
from audit.expressions import HexText, JsonText, UtcText, UuidText
from audit.models import AuditEntry, AuditSubject
from audit.personal import SubjectRole
from audit.search import cursor_of, older_than

ROWS_AT_ONCE = 2000
SPARSE = 2

# What is read of an entry, in the order of the file, so that rows need not be put together anew.
ADDED = Value(None, TextField())
READ: Mapping[str, Combinable] = {
    "number": F("link__number"),
    "time": UtcText("timestamp"),
    "code": F("event_code"),
    "event": F("event_code"),  # its name takes this place
    "outcome": F("outcome"),
    "initiator_kind": F("initiator_kind"),
    "initiator_id": F("initiator_id"),
    "initiator": ADDED,
    "initiator_roles": F("initiator_roles"),
    "initiator_address": ADDED,
    "door": F("door"),
    "target_kind": F("target_kind"),
    "target_id": F("target_id"),
    "target": ADDED,
    "person_id": UuidText("person_id"),
    "reason": F("reason_code"),
    "receipt": F("receipt"),
    "project": F("project_key"),
    "sessions_ended": F("sessions_ended"),
    "source": F("source"),
    "request": F("cid"),
    "details": JsonText("additional_data"),
    "changes": JsonText("changes"),
    "personal": ADDED,
    "note": ADDED,
    "id": F("id"),
    "hash": HexText("link__hash"),
}
COLUMNS = tuple(READ)
JSON_COLUMNS = frozenset({"details", "changes", "personal"})
NUMBER_COLUMNS = frozenset({"number", "id", "sessions_ended"})

Row = list[Any]
# Of an entry: its id, the values of BESIDE, and the kind of one that has no column of its own.
Beside = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The entries somebody asked for, within what they may read, and what they see of the people in them."""

    entries: QuerySet[AuditEntry]
    reading: Reading

    @property
    def columns(self) -> tuple[str, ...]:
        """Every row has a value, or None, for each of these. Without notes there is no column for them."""
        return tuple(name for name in COLUMNS if name != "note" or self.reading.has_notes)

    def count(self, *, at_most: int | None = None) -> int:
        unordered = self.entries.order_by()
        return (unordered[:at_most] if at_most is not None else unordered).count()

    def batches(self) -> Iterator[list[Row]]:
        """Newest first. Each batch is a query of its own, so no read is open for long and no memory grows."""
        named = self.entries.annotate(**{f"x_{name}": READ[name] for name in self.columns})
        asked = named.order_by("-timestamp", "-id").values_list(*(f"x_{name}" for name in self.columns))
        found = [list(row) for row in asked[:ROWS_AT_ONCE]]
        while found:
            self._complete(found)
            yield found
            if len(found) < ROWS_AT_ONCE:
                return
            found = [list(row) for row in older_than(asked, _cursor_behind(found[-1]))[:ROWS_AT_ONCE]]

    def _complete(self, rows: Sequence[Row]) -> None:
        """Adds what is not read with an entry: the event's name, and the personal values from beside it."""
        beside = _beside([row[ID] for row in rows])
        others = _others([entry_id for entry_id, values in beside.items() if values[-1]])
        for row in rows:
            row[EVENT] = event_name(row[EVENT])
            if values := beside.get(row[ID]):
                self._add(row, values, others)

    def _add(self, row: Row, values: Beside, others: Mapping[int, Mapping[str, str]]) -> None:
        entry_id, row[INITIATOR], address, row[TARGET], note, other = values
        initiator_id = row[INITIATOR_ID]
        if address:
            row[ADDRESS] = self.reading.value("address", address, initiator_id=initiator_id)
        if other:
            row[PERSONAL] = self._rest(others[entry_id], initiator_id)
        if note and self.reading.has_notes:
            row[NOTE_AT] = self.reading.note(note, initiator_id=initiator_id, roles=row[ROLES])

    def _rest(self, values: Mapping[str, str], initiator_id: str) -> str:
        """Whatever else was kept beside the entry, as JSON by its kind."""
        seen = {
            kind: self.reading.value(kind, value, initiator_id=initiator_id) for kind, value in values.items()
        }
        return json.dumps(seen, ensure_ascii=False, sort_keys=True)


EVENT, INITIATOR_ID, INITIATOR, ROLES, ADDRESS, TARGET, PERSONAL, NOTE_AT = (
    COLUMNS.index(name)
    for name in (
        "event", "initiator_id", "initiator", "initiator_roles", "initiator_address", "target", "personal", "note"
    )
)  # fmt: skip
TIME, ID = COLUMNS.index("time"), COLUMNS.index("id") - len(COLUMNS)  # behind the note, which may be left out
INITIATOR_ADDRESS = (str(SubjectRole.INITIATOR), "address")
BESIDE = (INITIATOR_NAME, INITIATOR_ADDRESS, TARGET_LABEL, NOTE)
PLACED = {
    f"value_{place}": Max("value", filter=Q(role=role, kind=kind))
    for place, (role, kind) in enumerate(BESIDE)
}
OTHER = Max("kind", filter=~reduce(or_, (Q(role=role, kind=kind) for role, kind in BESIDE)))


def _beside(ids: Sequence[int]) -> dict[int, Beside]:
    """The personal values of these entries that were not blanked: the database makes one row of them per entry."""
    kept = _kept_beside(ids).values_list("entry_id").annotate(**PLACED, other=OTHER)
    return {row[0]: row for row in kept}


def _others(ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What has no column of its own, by its kind."""
    found: dict[int, dict[str, str]] = {}
    if ids:
        for entry_id, role, kind, value in _kept_beside(ids).values_list("entry_id", "role", "kind", "value"):
            if (role, kind) not in BESIDE:
                found.setdefault(entry_id, {})[kind] = value
    return found


def _kept_beside(ids: Sequence[int]) -> QuerySet[AuditSubject]:
    """Of entries that follow each other by range: two thousand parameters cost more than the rows themselves."""
    kept, first, last = AuditSubject.objects.exclude(value=""), min(ids), max(ids)
    if last - first < SPARSE * len(ids):
        return kept.filter(entry_id__gte=first, entry_id__lte=last)
    return kept.filter(entry_id__in=ids)


def _cursor_behind(row: Row) -> str:
    return cursor_of(AuditEntry(pk=row[ID], timestamp=datetime.fromisoformat(row[TIME])))


@cache
def event_name(code: str) -> str:
    return of_code(code).name
