"""Projects as a file: exactly what the list finds for the reader, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from audit.exports.spreadsheet import BYTE_ORDER_MARK, lines_of
from portal.presenters.projects import ProjectRow, fetched, rows_of
from sessions_app.models.projects import ProjectQuerySet

ROWS_AT_ONCE = 200
COLUMNS = ("key", "name", "manager", "people", "state", "starts_at", "ends_at", "time_zone", "ended_at")


def as_csv(projects: ProjectQuerySet) -> Iterator[str]:
    """RFC 4180, with a mark by which a spreadsheet knows that it is UTF-8."""
    yield BYTE_ORDER_MARK + lines_of([COLUMNS])
    found = fetched(projects).iterator(chunk_size=ROWS_AT_ONCE)
    while chunk := list(islice(found, ROWS_AT_ONCE)):
        yield lines_of([_cells(row) for row in rows_of(chunk)])


def _cells(row: ProjectRow) -> list[str]:
    project = row.project
    return [
        project.key,
        row.name,
        row.manager,
        str(row.people),
        str(project.state),
        _stamp(project.starts_at),
        _stamp(project.ends_at),
        project.time_zone,
        _stamp(project.ended_at),
    ]


def _stamp(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
