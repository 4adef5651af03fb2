"""An entry that was written stays as it was written, whoever asks and however."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import triggers
from audit.events import Events
from audit.initiators import the_shell
from audit.models import AuditEntry, AuditSubject, ChainLink, Checkpoint, ReceiptVersion, TrailKey
from audit.receipts import add_version
from audit.record import record
from tests.audit_flush import triggers_lifted

REFUSED = "The audit trail is append-only"
TABLES = (*triggers.UNCHANGEABLE, triggers.SUBJECTS)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only")


@pytest.fixture
def entry(db):
    """One entry with everything that can stand beside it."""
    entry = record(Events.DEMO_LOADED, initiator=the_shell(), personal={"note": "first light"})
    ChainLink.objects.create(number=1, entry=entry, hash=b"\x01" * 32)
    Checkpoint.objects.create(
        number=1,
        taken_at=timezone.now(),
        size=1,
        head=b"\x01" * 32,
        merkle_root=b"\x02" * 32,
        unsealed=0,
        previous_digest=bytes(32),
        key_id="key",
        signature=b"\x03" * 64,
    )
    add_version("CF-8F3K2Q7D1M", facts={})
    return entry


@pytest.fixture
def note(entry):
    return entry.subjects.get(kind="note")


def run(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.parametrize("model", [AuditEntry, AuditSubject, ChainLink, Checkpoint, ReceiptVersion, TrailKey])
def test_the_orm_cannot_delete(entry, model):
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        model.objects.all()._raw_delete("default")


@pytest.mark.parametrize("model", [AuditEntry, AuditSubject, ChainLink, Checkpoint, ReceiptVersion, TrailKey])
def test_the_orm_cannot_save_again(entry, model):
    row = model.objects.first()

    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        row.save(force_update=True)


def test_the_orm_cannot_update_many(entry):
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        AuditEntry.objects.update(receipt="CF-FORGED")


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_cannot_delete(entry, table):
    with pytest.raises(IntegrityError, match=f"{REFUSED}: DELETE on {table} is refused"):
        run(f"DELETE FROM {table}")  # noqa: S608  # this test's own words


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("audit_auditentry", "timestamp = timestamp"),
        ("audit_chainlink", "number = 2"),
        ("audit_checkpoint", "size = 0"),
        ("audit_trailkey", "introduced_at = introduced_at"),
        ("audit_receiptversion", "number = 2"),
        ("audit_auditsubject", "value = 'forged'"),
    ],
)
def test_raw_sql_cannot_update(entry, table, change):
    with pytest.raises(IntegrityError, match=f"{REFUSED}: UPDATE on {table} is refused"):
        run(f"UPDATE {table} SET {change}")  # noqa: S608  # this test's own words


@on_sqlite
@pytest.mark.parametrize("table", TABLES)
def test_a_row_cannot_be_replaced_by_inserting_it_again(entry, table):
    with pytest.raises(IntegrityError, match=f"{REFUSED}: REPLACE on {table} is refused"):
        run(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608  # this test's own words


@on_postgresql
@pytest.mark.parametrize("table", TABLES)
def test_a_table_cannot_be_truncated(entry, table):
    run("SET CONSTRAINTS ALL IMMEDIATE")  # their pending checks would refuse it before the trigger does
    with pytest.raises(IntegrityError, match=f"{REFUSED}: TRUNCATE on"):
        run(f"TRUNCATE {table} CASCADE")


@on_postgresql
def test_a_replica_session_does_not_pass_by_the_triggers(entry):
    run("SET LOCAL session_replication_role = replica")
    with pytest.raises(IntegrityError, match=REFUSED):
        run("DELETE FROM audit_auditentry")


@on_postgresql
def test_an_insert_cannot_turn_into_an_update(entry):
    with pytest.raises(IntegrityError, match=REFUSED):
        run(
            "INSERT INTO audit_auditentry SELECT * FROM audit_auditentry "
            "ON CONFLICT (id) DO UPDATE SET receipt = 'CF-FORGED'"
        )


def test_the_recorders_own_flush_command_is_refused(entry):
    with pytest.raises(IntegrityError), transaction.atomic():
        call_command("auditlogflush", yes=True, verbosity=0)

    assert AuditEntry.objects.filter(pk=entry.pk).exists()


def test_a_personal_value_may_be_blanked_and_nothing_else(note):
    run(
        "UPDATE audit_auditsubject SET value = '', salt = '', blanked_at = %s WHERE id = %s",
        timezone.now(),
        note.pk,
    )

    note.refresh_from_db()
    assert note.value == ""


@pytest.mark.parametrize(
    "change",
    [
        "value = '', salt = ''",
        "value = '', blanked_at = CURRENT_TIMESTAMP",
        "value = '', salt = '', blanked_at = CURRENT_TIMESTAMP, commitment = 'other'",
        "value = 'other', salt = '', blanked_at = CURRENT_TIMESTAMP",
        "value = '', salt = '', blanked_at = CURRENT_TIMESTAMP, kind = 'address'",
        "value = '', salt = '', blanked_at = CURRENT_TIMESTAMP, role = 'target'",
        "value = '', salt = '', blanked_at = CURRENT_TIMESTAMP, about = 'somebody else'",
        "value = '', salt = '', blanked_at = CURRENT_TIMESTAMP, id = id + 1000",
    ],
)
def test_a_blanking_that_changes_more_or_hides_its_time_is_refused(note, change):
    with pytest.raises(IntegrityError, match=REFUSED):
        run(f"UPDATE audit_auditsubject SET {change} WHERE id = %s", note.pk)  # noqa: S608  # this test's own words


def test_a_blanked_value_cannot_come_back(note):
    AuditSubject.objects.filter(pk=note.pk).update(value="", salt="", blanked_at=timezone.now())

    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        AuditSubject.objects.filter(pk=note.pk).update(value="first light", blanked_at=None)


@pytest.mark.django_db(transaction=True)
class TestEmptyingBetweenTests:
    def test_a_test_with_real_commits_leaves_an_entry(self):
        with transaction.atomic():
            record(Events.DEMO_LOADED, initiator=the_shell())

        assert AuditEntry.objects.count() == 1

    def test_the_next_one_finds_the_trail_empty_and_the_triggers_back(self):
        assert not AuditEntry.objects.exists()
        with transaction.atomic():
            record(Events.DEMO_LOADED, initiator=the_shell())

        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            AuditEntry.objects.update(receipt="CF-FORGED")

    def test_the_triggers_are_back_even_if_emptying_failed(self):
        with pytest.raises(RuntimeError), triggers_lifted():
            raise RuntimeError

        assert standing_triggers() == {trigger.name for trigger in triggers.triggers_for(connection.vendor)}


def standing_triggers():
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall() if name.startswith("audit_")}
