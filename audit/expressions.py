"""Columns as texts made by the database itself, alike on both: a million rows leave no time to make them here."""

from __future__ import annotations

from typing import Any

from django.db.models import Func, TextField


class _AsText(Func):
    """One column as text. `sqlite` and `postgresql` are SQL with one place for the column."""

    arity = 1
    output_field = TextField()
    sqlite = ""
    postgresql = ""

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Any:
        return super().as_sql(compiler, connection, template=self.sqlite)

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Any:
        return super().as_sql(compiler, connection, template=self.postgresql)


class UtcText(_AsText):
    """A moment as ISO 8601 in UTC with microseconds. Nothing that SQLite keeps in its place is cut off or put right."""

    sqlite = (
        "(replace(%(expressions)s, ' ', 'T')"
        " || CASE length(%(expressions)s) WHEN 19 THEN '.000000Z' ELSE 'Z' END)"
    )
    postgresql = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


class UuidText(_AsText):
    """A UUID with its hyphens; nothing where there is none."""

    sqlite = (
        "(substr(%(expressions)s, 1, 8) || '-' || substr(%(expressions)s, 9, 4) || '-'"
        " || substr(%(expressions)s, 13, 4) || '-' || substr(%(expressions)s, 17, 4) || '-'"
        " || substr(%(expressions)s, 21))"
    )
    postgresql = "(%(expressions)s)::text"


class JsonText(_AsText):
    """The stored JSON as it stands."""

    sqlite = "%(expressions)s"
    postgresql = "(%(expressions)s)::text"


class HexText(_AsText):
    """Bytes in hexadecimal."""

    sqlite = "lower(hex(%(expressions)s))"
    postgresql = "encode(%(expressions)s, 'hex')"
