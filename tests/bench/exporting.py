"""A whole export of a long trail, beside the fastest thing the database can do with the same rows."""

from __future__ import annotations

import csv
import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from audit.exports.forms import Form
from audit.exports.writing import write
from audit.initiators import the_shell
from portal.audit_exports import selection_for
from portal.presenters.audit_filter import AuditQuestion
from sessions_app.changes.roles import grant_role
from sessions_app.models import Role, User
from tests.bench.filled_trail import filled

ROUNDS = 3
LINE = "created:any"
OWN = (
    "timestamp", "event_code", "outcome", "initiator_kind", "initiator_id", "initiator_roles", "door", "target_kind",
    "target_id", "person_id", "reason_code", "receipt", "project_key", "sessions_ended", "source", "cid",
    "additional_data", "changes", "id",
)  # fmt: skip
BESIDE = (("initiator", "name"), ("initiator", "address"), ("target", "label"))
PEAK, NOW = "VmHWM", "VmRSS"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One whole file: seconds, and the most memory it had beyond what was there before, in MiB."""

    seconds: float
    memory: float


def measure(*, entries: int) -> str:
    """The same entries, columns and order each time, into a file; what is compared takes turns."""
    filled(entries)
    question = AuditQuestion(reader=_an_auditor(), line=LINE)
    candidates = {
        "entries alone, as they lie": lambda path: _plainly(ENTRIES_ALONE, path),
        "the same columns": lambda path: _plainly(SAME_COLUMNS, path),
        "our CSV": lambda path: _ours(question, Form.CSV, path),
        "our JSON Lines": lambda path: _ours(question, Form.JSON_LINES, path),
    }
    runs: dict[str, list[Run]] = {name: [] for name in candidates}
    for _turn in range(ROUNDS):
        for name, work in candidates.items():
            runs[name].append(_run(work, Path(settings.DATA_DIR) / "bench-export"))
    return table(runs, rows=question.entries().count())


def _an_auditor() -> User:
    """Somebody for whom addresses are masked, as for most who export."""
    person = User.objects.create_user("bench-exporter", display_name="Bench Exporter")
    grant_role(person, Role.AUDITOR, by=the_shell(), reason="measuring")
    return person


def _ours(question: AuditQuestion, form: Form, path: Path) -> None:
    with path.open("wb") as file:
        write(selection_for(question, with_notes=None), form, file)


def _plainly(query: str, path: Path) -> None:
    """COPY, or SQLite's cursor with the csv module: no names of events, no masks, no guard against formulas."""
    if connection.vendor == "postgresql":
        copying = f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"
        with path.open("wb") as out, connection.cursor() as cursor, cursor.copy(copying) as copy:
            out.writelines(copy)
        return
    connection.ensure_connection()
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(connection.connection.cursor().execute(query))


def _value_beside(role: str, kind: str) -> str:
    return (
        "(SELECT s.value FROM audit_auditsubject s "  # noqa: S608  # names of our own
        f"WHERE s.entry_id = e.id AND s.role = '{role}' AND s.kind = '{kind}')"
    )


NEWEST_FIRST = "ORDER BY e.timestamp DESC, e.id DESC"
COLUMNS = ", ".join(f"e.{column}" for column in OWN)
ENTRIES_ALONE = f"SELECT {COLUMNS} FROM audit_auditentry e {NEWEST_FIRST}"  # noqa: S608  # names of our own
SAME_COLUMNS = (
    f"SELECT l.number, {COLUMNS}, {', '.join(_value_beside(*which) for which in BESIDE)}, l.hash "  # noqa: S608
    f"FROM audit_auditentry e LEFT JOIN audit_chainlink l ON l.entry_id = e.id {NEWEST_FIRST}"
)


def _run(work: Callable[[Path], None], path: Path) -> Run:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
    before, began = _memory(NOW), time.perf_counter()
    work(path)
    seconds, memory = time.perf_counter() - began, _memory(PEAK) - before
    path.unlink()
    return Run(seconds=seconds, memory=memory)


def _memory(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name))


def table(runs: Mapping[str, list[Run]], *, rows: int) -> str:
    plain = "COPY" if connection.vendor == "postgresql" else "a raw cursor"
    must = 0.8 if connection.vendor == "postgresql" else 0.7
    fastest = {name: min(run.seconds for run in some) for name, some in runs.items()}
    base = fastest["the same columns"]
    lines = [
        f"Export of {rows:,} entries on {connection.vendor}, the fastest of {ROUNDS} rounds"
        f"   (aim: {must} of {plain} over the same columns; must: at most 50 MiB more memory)"
    ]
    lines += [
        f"  {name:<30} {rows / seconds:>10,.0f} rows/s   {base / seconds:>5.2f} of {plain}"
        f"   {max(run.memory for run in runs[name]):>6.1f} MiB more"
        for name, seconds in fastest.items()
    ]
    return "\n".join(lines)
