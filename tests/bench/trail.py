"""The trail: what an entry adds to an action, how fast entries are sealed, and how long checking all of them takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from django.core.management.color import no_style
from django.db import connection, transaction

from audit import verifier
from audit.bundle import write_bundle
from audit.chain import is_waiting
from audit.events import Events
from audit.initiators import Door, Initiator, InitiatorKind, the_shell
from audit.models import AuditEntry, AuditSubject
from audit.record import Occurrence, Target, record, record_many
from audit.sealing import Sealing
from audit.signing import current_fingerprint
from audit.verification import begin, run_to_the_end
from tests.bench.timing import in_turns

SEED = 2000
APPENDED, AT_ONCE = 100_000, 500
ROUNDS, CALLS = 5, 40
HANA = Initiator(
    kind=InitiatorKind.MACHINE, id="hr-system", name="Hana Weiss", door=Door.API, address="198.51.100.23"
)


def measure(*, entries: int) -> str:
    """One table. The trail is filled by copying rows in SQL, so that filling does not take longer than measuring."""
    added = in_turns({"entry": one_action}, rounds=ROUNDS, calls=CALLS)["entry"]
    before = time.process_time()
    appended = _append(_record_some)
    appending = time.process_time() - before
    plain = _append(_insert_some)
    _seal()
    total = _fill(entries)
    sealed_in = _timed(_seal)
    before = time.process_time()
    in_database, problems = _verify_database()
    of_processor = time.process_time() - before
    in_export, verdict = _verify_export()
    lines = [
        f"Trail, {total:,} entries on {connection.vendor}:",
        f"  an action's entry       p50 {added.p50 / 1000:8.2f} ms   p99 {added.p99 / 1000:8.2f} ms   (must: < 5 ms)",
        f"  {APPENDED:,} of bulk actions {appended:10.1f} s   {plain / appended:.2f} of inserting the bare rows "
        f"({plain:.1f} s)   ({appending:.1f} s of processor, must: < 60 s)",
        f"  sealing                 {total / sealed_in:12,.0f} entries/s      (must: 1,000/s)",
        f"  verify the database     {in_database:12.1f} s   problems: {problems}   ({of_processor:.1f} s of processor)",
        f"  verify a whole export   {in_export:12.1f} s   {verdict}   (the stand-alone script)",
        f"  at 1,000,000 that makes {in_database / total * 1e6:12.1f} s and {in_export / total * 1e6:.1f} s"
        "   (must: < 60 s, aim: < 10 s)",
    ]
    return "\n".join(lines)


def one_action(number: int) -> None:
    """One entry in its transaction, with the values beside it."""
    with transaction.atomic():
        record(
            Events.SIGN_IN_ALLOWED_AGAIN,
            initiator=HANA,
            target=_target(),
            reason="other",
            details={"count": number},
        )


def _append(some: Callable[[], None]) -> float:
    """How long 100,000 entries take in transactions of as many as a bulk action decides at once; nothing is kept."""
    with transaction.atomic():
        taken = _timed(lambda: [_in_a_savepoint(some) for _ in range(APPENDED // AT_ONCE)])
        transaction.set_rollback(True)
    return taken


def _in_a_savepoint(some: Callable[[], None]) -> None:
    with transaction.atomic():
        some()


def _record_some() -> None:
    """Entries with the values beside them, as an action writes them."""
    record_many(
        Events.SIGN_IN_ALLOWED_AGAIN,
        initiator=HANA,
        occurrences=[
            Occurrence(target=_target(), reason="other", details={"count": n}) for n in range(AT_ONCE)
        ],
    )


def _insert_some() -> None:
    """As many rows of the same table, with nothing beside them."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            event_code="RV-120", initiator_kind="machine", initiator_id="hr-system",
            door="api", outcome="done", target_kind="role_grant", target_id=str(uuid4()), reason_code="other",
        )
        for _ in range(AT_ONCE)
    )  # fmt: skip


def _target() -> Target:
    return Target(kind="role_grant", id=str(uuid4()), label="Ines Almeida")


def _fill(entries: int) -> int:
    """Doubles the trail in SQL until it has about so many entries; returns how many wait to be sealed."""
    with transaction.atomic():
        seeds = record_many(
            Events.SIGN_IN_ALLOWED_AGAIN,
            initiator=HANA,
            occurrences=[
                Occurrence(target=_target(), reason="other", details={"count": n}) for n in range(SEED)
            ],
        )
    first, count = seeds[0].pk, SEED
    while count < entries:
        more = min(count, entries - count)
        _copy(AuditEntry, "id", first=first, more=more, by=count)
        _copy(AuditSubject, "entry_id", first=first, more=more, by=count)
        count += more
    _let_numbers_go_on()
    return count


def _let_numbers_go_on() -> None:
    """PostgreSQL counts ids by itself and has not seen those that were copied."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [AuditEntry]):
            cursor.execute(statement)


def _copy(model: type[AuditEntry] | type[AuditSubject], key: str, *, first: int, more: int, by: int) -> None:
    columns = [f.column for f in model._meta.concrete_fields if f.column not in {"id", key}]
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({key}, {names}) SELECT {key} + %s, {names} "  # noqa: S608  # names of our own
            f"FROM {model._meta.db_table} WHERE {key} >= %s AND {key} < %s",
            [by, first, first + more],
        )


def _seal() -> None:
    sealing = Sealing()
    while is_waiting():
        sealing.work(seconds=60)


def _verify_database() -> tuple[float, int]:
    verification = begin(asked_by=the_shell(), fingerprint=current_fingerprint())
    began = time.perf_counter()
    done = run_to_the_end(verification, by=the_shell(), tell=lambda _: None)
    return time.perf_counter() - began, done.problem_count


def _verify_export() -> tuple[float, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        with path.open("wb") as file:
            write_bundle(file, entries=AuditEntry.objects.all())
        command = [sys.executable, "-I", verifier.__file__, path, "--key-fingerprint", current_fingerprint()]
        began = time.perf_counter()
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        return time.perf_counter() - began, said.stdout.split("\n")[0]


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
