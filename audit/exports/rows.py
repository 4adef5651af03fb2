"""Entries as flat rows of texts, a few thousand at a time, newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable

from audit.events import of_code
from audit.exports.expressions import HexText, JsonText, UtcText, UuidText
from audit.exports.reading import INITIATOR_NAME, NOTE, TARGET_LABEL, Reading
from audit.models import AuditEntry, AuditSubject
from audit.personal import SubjectRole
from audit.search import cursor_of, older_than

ROWS_AT_ONCE = 2000
SPARSE = 2

# What is read of an entry, in the order of STORED_COLUMNS.
STORED: Mapping[str, Combinable] = {
    "number": F("link__number"),
    "id": F("id"),
    "time": UtcText("timestamp"),
    "code": F("event_code"),
    "outcome": F("outcome"),
    "initiator_kind": F("initiator_kind"),
    "initiator_id": F("initiator_id"),
    "initiator_roles": F("initiator_roles"),
    "door": F("door"),
    "target_kind": F("target_kind"),
    "target_id": F("target_id"),
    "person_id": UuidText("person_id"),
    "reason": F("reason_code"),
    "receipt": F("receipt"),
    "project": F("project_key"),
    "sessions_ended": F("sessions_ended"),
    "source": F("source"),
    "request": F("cid"),
    "details": JsonText("additional_data"),
    "changes": JsonText("changes"),
    "hash": HexText("link__hash"),
}
STORED_COLUMNS = tuple(STORED)
# What is added: the event's name, and the personal values from beside the entry.
ADDED_COLUMNS = ("event", "initiator", "initiator_address", "target", "personal", "note")
READ_COLUMNS = (*STORED_COLUMNS, *ADDED_COLUMNS)
COLUMNS = (
    "number", "time", "code", "event", "outcome",
    "initiator_kind", "initiator_id", "initiator", "initiator_roles", "initiator_address", "door",
    "target_kind", "target_id", "target", "person_id",
    "reason", "receipt", "project", "sessions_ended", "source", "request",
    "details", "changes", "personal", "note", "id", "hash",
)  # fmt: skip
JSON_COLUMNS = frozenset({"details", "changes", "personal"})
NUMBER_COLUMNS = frozenset({"number", "id", "sessions_ended"})

Row = Sequence[Any]
Stored = tuple[Any, ...]
Values = dict[tuple[str, str], str]
NOTHING: Values = {}


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
        named = self.entries.annotate(**{f"x_{name}": stored for name, stored in STORED.items()})
        asked = named.order_by("-timestamp", "-id").values_list(*(f"x_{name}" for name in STORED))
        in_order = itemgetter(*(READ_COLUMNS.index(name) for name in self.columns))
        found = list(asked[:ROWS_AT_ONCE])
        while found:
            yield [in_order(row) for row in self._completed(found)]
            if len(found) < ROWS_AT_ONCE:
                return
            found = list(older_than(asked, _cursor_behind(found[-1]))[:ROWS_AT_ONCE])

    def _completed(self, found: Sequence[Stored]) -> Iterator[tuple[Any, ...]]:
        beside = _beside([stored[ID] for stored in found])
        return ((*stored, *self._added(stored, beside.get(stored[ID], NOTHING))) for stored in found)

    def _added(self, stored: Stored, values: Values) -> tuple[str | None, ...]:
        initiator_id, roles = stored[INITIATOR], stored[ROLES]
        address, note, get = values.get(INITIATOR_ADDRESS), values.get(NOTE), values.get
        return (
            event_name(stored[CODE]),
            get(INITIATOR_NAME),
            self.reading.value("address", address, initiator_id=initiator_id) if address else None,
            get(TARGET_LABEL),
            self._rest(values, initiator_id) if not values.keys() <= OWN_COLUMNS else None,
            self.reading.note(note, initiator_id=initiator_id, roles=roles) if note else None,
        )

    def _rest(self, values: Values, initiator_id: str) -> str:
        """Whatever else was kept beside the entry, as JSON by its kind."""
        rest = {
            kind: self.reading.value(kind, value, initiator_id=initiator_id)
            for (role, kind), value in values.items()
            if (role, kind) not in OWN_COLUMNS
        }
        return json.dumps(rest, ensure_ascii=False, sort_keys=True)


ID = STORED_COLUMNS.index("id")
TIME = STORED_COLUMNS.index("time")
CODE = STORED_COLUMNS.index("code")
INITIATOR = STORED_COLUMNS.index("initiator_id")
ROLES = STORED_COLUMNS.index("initiator_roles")
INITIATOR_ADDRESS = (str(SubjectRole.INITIATOR), "address")
OWN_COLUMNS = frozenset({INITIATOR_NAME, INITIATOR_ADDRESS, TARGET_LABEL, NOTE})


def _beside(ids: Sequence[int]) -> dict[int, Values]:
    """The personal values of these entries that were not blanked."""
    found: dict[int, Values] = {}
    kept = _kept_beside(ids).values_list("entry_id", "role", "kind", "value")
    for entry_id, role, kind, value in kept:
        if value:
            found.setdefault(entry_id, {})[role, kind] = value
    return found


def _kept_beside(ids: Sequence[int]) -> QuerySet[AuditSubject]:
    """Of entries that follow each other by range: two thousand parameters cost more than the rows themselves."""
    first, last = min(ids), max(ids)
    if last - first < SPARSE * len(ids):
        return AuditSubject.objects.filter(entry_id__gte=first, entry_id__lte=last)
    return AuditSubject.objects.filter(entry_id__in=ids)


def _cursor_behind(stored: Stored) -> str:
    return cursor_of(AuditEntry(pk=stored[ID], timestamp=datetime.fromisoformat(stored[TIME])))


@cache
def event_name(code: str) -> str:
    return of_code(code).name
