"""Finding entries: named filters, and pages that cost the same at any depth.

Who may see what is not decided here: the door filters by these names before it shows anything.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import BigIntegerField, BooleanField, DateTimeField, F, Func, QuerySet, Value

from audit.errors import BadCursor
from audit.targets import Target

if TYPE_CHECKING:
    from audit.models import AuditEntry

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
POSITION = re.compile(r"(\d{1,17})\.(\d{1,18})")
LARGEST_PAGE = 1000


class EntryQuerySet(QuerySet["AuditEntry"]):
    def newest_first(self) -> EntryQuerySet:
        return self.order_by("-timestamp", "-id")

    def with_subjects(self) -> EntryQuerySet:
        """With the personal values beside them, for pages that may show names."""
        return self.prefetch_related("subjects")

    def by_initiator(self, initiator_id: str | UUID) -> EntryQuerySet:
        """What this user, machine credential or shell account asked for."""
        return self.filter(initiator_id=str(initiator_id))

    def about(self, target: Target) -> EntryQuerySet:
        return self.filter(target_kind=target.kind, target_id=target.id)

    def about_person(self, person_id: UUID) -> EntryQuerySet:
        """Everything that concerns this person, also where the target is one of their sessions."""
        return self.filter(person_id=person_id)

    def of_receipt(self, receipt: str) -> EntryQuerySet:
        return self.filter(receipt=receipt)

    def of_project(self, key: str) -> EntryQuerySet:
        return self.filter(project_key=key)

    def of_events(self, *codes: str) -> EntryQuerySet:
        """These events, done as well as refused or failed."""
        return self.filter(event_code__in=[form for code in codes for form in (code, f"{code}F")])


class _Comes(Func):
    """(timestamp, id) < (moment, number), or >, as one row comparison, which an index can start from.

    The same with OR would read every entry of a bulk action (one moment, many ids) again for each page.
    """

    template = "%(expressions)s"
    output_field = BooleanField()

    def __init__(self, sign: str, place: tuple[datetime, int]) -> None:
        moment, number = place
        super().__init__(
            F("timestamp"),
            F("id"),
            Value(moment, DateTimeField()),
            Value(number, BigIntegerField()),
            sign=sign,
        )

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> Any:  # type: ignore[override]  # fewer options than Func takes
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        one, two, three, four = (sql for sql, _ in parts)
        sql = f"({one}, {two}) {self.extra['sign']} ({three}, {four})"
        return sql, [value for _, values in parts for value in values]


class FromRow(Func):
    """A column as it stands in a row that was found otherwise: SQLite would choose among indexes by rule, not by what
    is in them, and has no histogram to know a rare value by. PostgreSQL has one, and is left alone."""

    arity = 1
    template = "%(expressions)s"

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Any:
        return super().as_sql(compiler, connection, template="+%(expressions)s")


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows, and the cursor of the next page; None on the last one."""

    rows: list[AuditEntry]
    next: str | None


def page(entries: EntryQuerySet, *, after: str | None, size: int) -> Page:
    """The newest `size` of these entries that are older than the cursor. Raises BadCursor."""
    if not 1 <= size <= LARGEST_PAGE:
        raise ValueError(f"A page has 1 to {LARGEST_PAGE} rows, not {size}.")
    if after is not None:
        entries = older_than(entries, after)
    rows = list(entries.order_by("-timestamp", "-id")[: size + 1])
    shown = rows[:size]
    return Page(rows=shown, next=cursor_of(shown[-1]) if len(rows) > size else None)


def merged_page(
    branches: Iterable[EntryQuerySet], *, within: EntryQuerySet, after: str | None, size: int
) -> Page:
    """The same of several sets together, each of which begins inside an index of its own. Raises BadCursor."""
    places: set[tuple[datetime, int]] = set()
    for branch in branches:
        found = older_than(branch, after) if after is not None else branch
        places.update(found.newest_first().values_list("timestamp", "pk")[: size + 1])
    newest = sorted(places, reverse=True)[: size + 1]
    rows = list(within.filter(pk__in=[number for _moment, number in newest[:size]]).newest_first())
    return Page(rows=rows, next=cursor_of(rows[-1]) if len(newest) > size and rows else None)


def older_than(entries: EntryQuerySet, cursor: str) -> EntryQuerySet:
    """Those behind the place a cursor names. Raises BadCursor."""
    return entries.filter(_Comes("<", position_of(cursor)))


def neighbours(entries: EntryQuerySet, entry: AuditEntry) -> tuple[AuditEntry | None, AuditEntry | None]:
    """The last of these entries before this one, and the first after it."""
    place = entry.timestamp, entry.pk
    older = entries.filter(_Comes("<", place)).newest_first().first()
    newer = entries.filter(_Comes(">", place)).order_by("timestamp", "id").first()
    return older, newer


def cursor_of(entry: AuditEntry) -> str:
    """An opaque text for addresses; it says where a page ended, not what was on it."""
    position = f"{(entry.timestamp - EPOCH) // MICROSECOND}.{entry.pk}"
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_of(cursor: str) -> tuple[datetime, int]:
    """Raises BadCursor for anything `cursor_of` could not have made."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadCursor("This page address is damaged.") from error
    found = POSITION.fullmatch(text)
    if not found:
        raise BadCursor("This page address is damaged.")
    return EPOCH + int(found[1]) * MICROSECOND, int(found[2])
