"""A long trail put into the tables of this installation, as fast as the database takes it: for what only reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from audit.chain import HASH_BYTES, locked_head
from audit.models import AuditEntry, AuditName, AuditSubject, ChainLink
from audit.names import as_searched
from sessions_app.models import User
from tests.audit_flush import triggers_lifted
from tests.bench.copying import copy_in
from tests.bench.trail_rows import PEOPLE, STAFF, Row, id_of, name_of, row_of

ENTRY_COLUMNS = (
    "id", "timestamp", "event_code", "outcome", "actor_id", "initiator_kind", "initiator_id", "initiator_roles",
    "door", "target_kind", "target_id", "person_id", "reason_code", "receipt", "project_key", "sessions_ended",
    "source", "cid", "object_pk",
)  # fmt: skip
SUBJECT_COLUMNS = ("entry_id", "role", "kind", "about", "value", "salt", "commitment")
ADDRESS = "198.51.100.20"


@cache
def filled(count: int) -> datetime:
    """So many entries with the values beside them, their names and their links, once. Returns the moment of the last.

    The links' hashes are not real ones: whatever checks them is measured before.
    """
    until = timezone.now()
    _people()
    first = (AuditEntry.objects.aggregate(last=Max("pk"))["last"] or 0) + 1

    def entries() -> Iterator[tuple[int, Row]]:
        return ((first + number, row_of(number, of=count, until=until)) for number in range(count))

    with triggers_lifted(), transaction.atomic():
        head = locked_head()
        copy_in(AuditEntry._meta.db_table, ENTRY_COLUMNS, (_entry(pk, row) for pk, row in entries()))
        values = (each for pk, row in entries() for each in _beside(pk, row))
        copy_in(AuditSubject._meta.db_table, SUBJECT_COLUMNS, values)
        links = ((head.size + place, pk, _hash(pk)) for place, (pk, _row) in enumerate(entries(), 1))
        copy_in(ChainLink._meta.db_table, ("number", "entry_id", "hash"), links)
        head.size += count
        head.hash, head.peaks = _hash(first + count - 1), bytes(HASH_BYTES) * head.size.bit_count()
        head.save()
    _settle()
    return until


def _settle() -> None:
    """Ids go on behind the copied ones, and the planner knows the tables, as after a night's autovacuum."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [AuditEntry, AuditSubject]):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _people() -> None:
    everybody = [
        User(
            pk=id_of(number),
            username=f"u{number}",
            display_name=name_of(number),
            external_id=f"e{number}",
        )
        for number in range(PEOPLE)
    ]
    for person in everybody:
        person.search_text = person._searchable()
    User.objects.bulk_create(everybody, batch_size=1000)
    AuditName.objects.bulk_create(
        [AuditName(about=str(person.pk), name=as_searched(person.display_name)) for person in everybody],
        batch_size=1000,
    )


def _entry(pk: int, row: Row) -> tuple[Any, ...]:
    actor, person = id_of(row.actor), id_of(row.person)
    outcome = "refused" if row.code.endswith("F") else "done"
    receipt = f"CF-{pk % 10**10:010d}" if row.code.startswith("RV") else ""
    return (
        pk, _moment(row.moment), row.code, outcome, _uuid(actor), "user", str(actor), "hr", "page", "user",
        str(person), _uuid(person), row.reason, receipt, row.project, 3 if receipt else None, "", f"r{pk // 2:x}", "",
    )  # fmt: skip


def _beside(pk: int, row: Row) -> Iterator[tuple[Any, ...]]:
    assert row.actor < STAFF
    for role, kind, whose, value in (
        ("initiator", "name", row.actor, name_of(row.actor)),
        ("initiator", "address", row.actor, ADDRESS),
        ("target", "label", row.person, name_of(row.person)),
    ):
        yield pk, role, kind, str(id_of(whose)), value, "0" * 32, "0" * 64


def _moment(moment: datetime) -> Any:
    """As Django writes it, because the rows pass it by."""
    return connection.ops.adapt_datetimefield_value(moment)


def _uuid(value: Any) -> Any:
    return value if connection.features.has_native_uuid_field else value.hex


def _hash(pk: int) -> bytes:
    return sha256(b"%d" % pk).digest()
