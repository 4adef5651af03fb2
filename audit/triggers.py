"""The triggers that make the trail append-only, and the one that queues every entry for the sealer.

The product has no switch for them.

They protect against ORM calls, raw SQL and mistakes. Whoever owns the database can drop them; that is what
the chain is for. On SQLite a table rebuilt by a later migration loses its triggers: end such a migration
with `create` (a test fails otherwise).
"""

from dataclasses import dataclass, replace

from django.db.backends.base.base import BaseDatabaseWrapper

SUBJECTS = "audit_auditsubject"
UNCHANGEABLE = (
    "audit_auditentry",
    "audit_chainlink",
    "audit_checkpoint",
    "audit_trailkey",
    "audit_receiptversion",
)
# "a+b" is unique as a pair.
UNIQUE_COLUMNS = {
    "audit_auditentry": ("id",),
    "audit_chainlink": ("number", "entry_id"),
    "audit_checkpoint": ("number",),
    "audit_trailkey": ("number", "public_key"),
    "audit_receiptversion": ("id", "receipt+number"),
    SUBJECTS: ("id",),
}
SUBJECT_IDENTITY = ("id", "entry_id", "role", "kind", "about", "commitment")
ENTRIES, QUEUE = "audit_auditentry", "audit_unsealedentry"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """`table` with the columns in `needs` must be there for it; it stands on that table, or on another one."""

    name: str
    table: str
    ddl: str
    on: str = ""
    needs: tuple[str, ...] = ()

    @property
    def stands_on(self) -> str:
        return self.on or self.table


def create(connection: BaseDatabaseWrapper) -> None:
    """Puts the triggers of every table that is there in place, replacing what stands there."""
    drop(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_REFUSING)
            cursor.execute(POSTGRESQL_QUEUEING)
        for trigger in _possible_now(connection):
            cursor.execute(trigger.ddl)
            if connection.vendor == "postgresql":
                # Otherwise session_replication_role = replica would pass by them.
                cursor.execute(f"ALTER TABLE {trigger.stands_on} ENABLE ALWAYS TRIGGER {trigger.name}")


def drop(connection: BaseDatabaseWrapper) -> None:
    """For `create`, and for emptying a test database; nothing else may call it."""
    with connection.cursor() as cursor:
        for trigger in _possible_now(connection):
            on_table = f" ON {trigger.stands_on}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on_table}")


def _possible_now(connection: BaseDatabaseWrapper) -> list[Trigger]:
    """An early migration calls `create` before the later tables and columns exist."""
    look = connection.introspection
    with connection.cursor() as cursor:
        there = set(look.table_names(cursor))
        columns = {
            table: {column.name for column in look.get_table_description(cursor, table)}
            for table in there & {*UNIQUE_COLUMNS}
        }
    return [
        trigger
        for trigger in triggers_for(connection.vendor)
        if trigger.table in there and columns.get(trigger.table, set()) >= set(trigger.needs)
    ]


def triggers_for(vendor: str) -> list[Trigger]:
    """Raises KeyError for a database on which the trail could not be protected."""
    return {"sqlite": _sqlite, "postgresql": _postgresql}[vendor]()


# --- SQLite ---------------------------------------------------------------------------------------


def _sqlite() -> list[Trigger]:
    found = [_sqlite_refusal(table, "UPDATE") for table in UNCHANGEABLE]
    found += [_sqlite_refusal(table, "DELETE") for table in (*UNCHANGEABLE, SUBJECTS)]
    found += [_sqlite_replacement(table) for table in (*UNCHANGEABLE, SUBJECTS)]
    blanking = _sqlite_refusal(SUBJECTS, "UPDATE", when=f"NOT ({_is_blanking('IS')})")
    return [*found, _sqlite_queue(), replace(blanking, needs=SUBJECT_IDENTITY)]


def _sqlite_refusal(table: str, operation: str, *, when: str = "1") -> Trigger:
    name = f"{table}_no_{operation.lower()}"
    return Trigger(name=name, table=table, ddl=_sqlite_ddl(name, table, operation, when, operation))


def _sqlite_queue() -> Trigger:
    name = f"{ENTRIES}_queued"
    queue = f"INSERT INTO {QUEUE} (entry_id) VALUES (NEW.id)"  # noqa: S608  # names from this module only
    ddl = f"CREATE TRIGGER {name} AFTER INSERT ON {ENTRIES} FOR EACH ROW BEGIN {queue}; END"
    return Trigger(name=name, table=QUEUE, on=ENTRIES, ddl=ddl)


def _sqlite_replacement(table: str) -> Trigger:
    """INSERT OR REPLACE deletes the old row without firing the DELETE trigger."""
    name = f"{table}_no_replace"
    same = " OR ".join(_is_same(unique) for unique in UNIQUE_COLUMNS[table])
    when = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  # names from this module only
    ddl = _sqlite_ddl(name, table, "INSERT", when, "REPLACE")
    return Trigger(name=name, table=table, ddl=ddl, needs=tuple("+".join(UNIQUE_COLUMNS[table]).split("+")))


def _is_same(unique: str) -> str:
    """That the new row would stand where one stands: by one unique column, or by several together."""
    return "(" + " AND ".join(f"{column} = NEW.{column}" for column in unique.split("+")) + ")"


def _sqlite_ddl(name: str, table: str, operation: str, when: str, said: str) -> str:
    message = f"The audit trail is append-only: {said} on {table} is refused."
    return (
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


# --- PostgreSQL -----------------------------------------------------------------------------------

POSTGRESQL_REFUSING = """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""

POSTGRESQL_QUEUEING = f"""
CREATE OR REPLACE FUNCTION audit_queue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {QUEUE} (entry_id) SELECT id FROM added;
    RETURN NULL;
END
$$
"""  # noqa: S608  # names from this module only


def _postgresql() -> list[Trigger]:
    found = [_postgresql_refusal(table, "UPDATE OR DELETE OR TRUNCATE") for table in UNCHANGEABLE]
    found.append(_postgresql_refusal(SUBJECTS, "DELETE OR TRUNCATE"))
    name = f"{SUBJECTS}_only_blanked"
    ddl = (
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {SUBJECTS} FOR EACH ROW "
        f"WHEN (NOT ({_is_blanking('IS NOT DISTINCT FROM')})) EXECUTE FUNCTION audit_refuse()"
    )
    return [*found, _postgresql_queue(), Trigger(name=name, table=SUBJECTS, ddl=ddl, needs=SUBJECT_IDENTITY)]


def _postgresql_queue() -> Trigger:
    """For each statement, so that ten thousand entries of one insert are queued by one insert."""
    name = f"{ENTRIES}_queued"
    ddl = (
        f"CREATE TRIGGER {name} AFTER INSERT ON {ENTRIES} REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_queue()"
    )
    return Trigger(name=name, table=QUEUE, on=ENTRIES, ddl=ddl)


def _postgresql_refusal(table: str, operations: str) -> Trigger:
    """For each statement, because TRUNCATE knows no rows."""
    name = f"{table}_append_only"
    ddl = (
        f"CREATE TRIGGER {name} BEFORE {operations} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )
    return Trigger(name=name, table=table, ddl=ddl)


def _is_blanking(same_as: str) -> str:
    """The one change that is allowed: value and salt become empty, once, and nothing else changes."""
    unchanged = [f"NEW.{column} {same_as} OLD.{column}" for column in SUBJECT_IDENTITY]
    empty = [f"NEW.value {same_as} ''", f"NEW.salt {same_as} ''"]
    blanked = [*empty, "NEW.blanked_at IS NOT NULL", "OLD.blanked_at IS NULL"]
    return " AND ".join([*unchanged, *blanked])
