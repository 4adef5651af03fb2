"""Sessions as a file: CSV and JSON Lines of exactly what was asked for, row by row, with what the reader may see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

from django.db.models import QuerySet

from audit.exports.spreadsheet import BYTE_ORDER_MARK, lines_of
from portal.presenters.session_list import ListedSession, listed_for, shows_origin, with_what_rows_show
from sessions_app.models import Session, User

ROWS_AT_ONCE = 200
COLUMNS = (
    "person",
    "user_name",
    "applications",
    "device",
    "began_at",
    "last_used",
    "ends_by_itself_at",
    "ended_at",
    "ended_why",
    "receipt",
)
ORIGIN_COLUMNS = ("session_id", "address", "place", "user_agent", "signed_in_with")

Row = dict[str, str]


def columns_for(reader: User) -> tuple[str, ...]:
    """Without those of which the reader would see nothing in any row."""
    return (*COLUMNS, *ORIGIN_COLUMNS) if shows_origin(reader) else COLUMNS


def rows_for(reader: User, sessions: QuerySet[Session]) -> Iterator[Row]:
    """Newest use first. Memory stays flat: two hundred sessions are held at a time."""
    ordered = with_what_rows_show(sessions).order_by("-last_used_at", "id")
    found = ordered.iterator(chunk_size=ROWS_AT_ONCE)
    while chunk := list(islice(found, ROWS_AT_ONCE)):
        for listed in listed_for(reader, chunk):
            yield _row(listed)


def as_csv(rows: Iterable[Row], columns: tuple[str, ...]) -> Iterator[str]:
    """RFC 4180, with a mark by which a spreadsheet knows that it is UTF-8."""
    yield BYTE_ORDER_MARK + lines_of([columns])
    for row in rows:
        yield lines_of([[row.get(column, "") for column in columns]])


def as_json_lines(rows: Iterable[Row], columns: tuple[str, ...]) -> Iterator[str]:
    """One object a line; null where nothing is known."""
    for row in rows:
        kept = {column: row.get(column) or None for column in columns}
        yield json.dumps(kept, ensure_ascii=False) + "\n"


def _row(listed: ListedSession) -> Row:
    session = listed.session
    known = {
        "person": listed.name,
        "user_name": session.user.username,
        "applications": listed.shown.applications,
        "device": listed.shown.device,
        "began_at": _stamp(session.began_at),
        "last_used": _last_used(listed),
        "ends_by_itself_at": _stamp(session.expires_at),
        "ended_at": _stamp(session.ended_at),
        "ended_why": str(session.ended_by.reason) if session.ended_by else "",
        "receipt": listed.receipt,
        "address": listed.shown.address,
    }
    if not listed.is_exact:
        return known
    return known | {
        "session_id": session.sid or "",
        "place": session.place,
        "user_agent": session.user_agent,
        "signed_in_with": " ".join(str(method) for method in session.authentication_methods),
    }


def _last_used(listed: ListedSession) -> str:
    """To the second for readers who see it so; to the day for everybody else."""
    moment = listed.session.last_used_at.astimezone(UTC)
    return _stamp(moment) if listed.is_exact else f"{moment:%Y-%m-%d}"


def _stamp(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
