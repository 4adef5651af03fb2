"""The triggers that make the trail append-only. The product has no switch for them.

They protect against ORM calls, raw SQL and mistakes. Whoever owns the database can drop them; that is what
the chain is for. On SQLite a table rebuilt by a later migration loses its triggers: end such a migration
with `create` (a test fails otherwise).
"""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

SUBJECTS = "audit_auditsubject"
UNCHANGEABLE = ("audit_auditentry", "audit_chainlink", "audit_checkpoint", "audit_trailkey")
UNIQUE_COLUMNS = {
    "audit_auditentry": ("id",),
    "audit_chainlink": ("number", "entry_id"),
    "audit_checkpoint": ("id", "previous_id"),
    "audit_trailkey": ("number", "public_key"),
    SUBJECTS: ("id",),
}
SUBJECT_IDENTITY = ("id", "entry_id", "role", "kind", "about")


@dataclass(frozen=True, kw_only=True)
class Trigger:
    name: str
    table: str
    ddl: str


def create(connection: BaseDatabaseWrapper) -> None:
    """Puts the triggers of every table that is there in place, replacing what stands there."""
    drop(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for trigger in _of_tables_there(connection):
            cursor.execute(trigger.ddl)
            if connection.vendor == "postgresql":
                # Otherwise session_replication_role = replica would pass by them.
                cursor.execute(f"ALTER TABLE {trigger.table} ENABLE ALWAYS TRIGGER {trigger.name}")


def drop(connection: BaseDatabaseWrapper) -> None:
    """For `create`, and for emptying a test database; nothing else may call it."""
    with connection.cursor() as cursor:
        for trigger in _of_tables_there(connection):
            on_table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on_table}")


def _of_tables_there(connection: BaseDatabaseWrapper) -> list[Trigger]:
    """An early migration calls `create` before the later tables exist."""
    there = set(connection.introspection.table_names())
    return [trigger for trigger in triggers_for(connection.vendor) if trigger.table in there]


def triggers_for(vendor: str) -> list[Trigger]:
    """Raises KeyError for a database on which the trail could not be protected."""
    return {"sqlite": _sqlite, "postgresql": _postgresql}[vendor]()


# --- SQLite ---------------------------------------------------------------------------------------


def _sqlite() -> list[Trigger]:
    found = [_sqlite_refusal(table, "UPDATE") for table in UNCHANGEABLE]
    found += [_sqlite_refusal(table, "DELETE") for table in (*UNCHANGEABLE, SUBJECTS)]
    found += [_sqlite_replacement(table) for table in (*UNCHANGEABLE, SUBJECTS)]
    return [*found, _sqlite_refusal(SUBJECTS, "UPDATE", when=f"NOT ({_is_blanking('IS')})")]


def _sqlite_refusal(table: str, operation: str, *, when: str = "1") -> Trigger:
    name = f"{table}_no_{operation.lower()}"
    return Trigger(name=name, table=table, ddl=_sqlite_ddl(name, table, operation, when, operation))


def _sqlite_replacement(table: str) -> Trigger:
    """INSERT OR REPLACE deletes the old row without firing the DELETE trigger."""
    name = f"{table}_no_replace"
    same = " OR ".join(f"{column} = NEW.{column}" for column in UNIQUE_COLUMNS[table])
    when = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  # names from this module only
    return Trigger(name=name, table=table, ddl=_sqlite_ddl(name, table, "INSERT", when, "REPLACE"))


def _sqlite_ddl(name: str, table: str, operation: str, when: str, said: str) -> str:
    message = f"The audit trail is append-only: {said} on {table} is refused."
    return (
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


# --- PostgreSQL -----------------------------------------------------------------------------------

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


def _postgresql() -> list[Trigger]:
    found = [_postgresql_refusal(table, "UPDATE OR DELETE OR TRUNCATE") for table in UNCHANGEABLE]
    found.append(_postgresql_refusal(SUBJECTS, "DELETE OR TRUNCATE"))
    name = f"{SUBJECTS}_only_blanked"
    ddl = (
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {SUBJECTS} FOR EACH ROW "
        f"WHEN (NOT ({_is_blanking('IS NOT DISTINCT FROM')})) EXECUTE FUNCTION audit_refuse()"
    )
    return [*found, Trigger(name=name, table=SUBJECTS, ddl=ddl)]


def _postgresql_refusal(table: str, operations: str) -> Trigger:
    """For each statement, because TRUNCATE knows no rows."""
    name = f"{table}_append_only"
    ddl = (
        f"CREATE TRIGGER {name} BEFORE {operations} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )
    return Trigger(name=name, table=table, ddl=ddl)


def _is_blanking(same_as: str) -> str:
    """The one change that is allowed: the value becomes empty, once, and nothing else changes."""
    unchanged = [f"NEW.{column} {same_as} OLD.{column}" for column in SUBJECT_IDENTITY]
    blanked = [f"NEW.value {same_as} ''", "NEW.blanked_at IS NOT NULL", "OLD.blanked_at IS NULL"]
    return " AND ".join([*unchanged, *blanked])
