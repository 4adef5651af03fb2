"""Every entry is one row with its values as they are kept, personal ones only as far as the reader may see them."""

from __future__ import annotations

import csv
import json
import tracemalloc
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import transaction

from audit.erasure import blank_subject
from audit.events import Events
from audit.exports import rows as exported_rows
from audit.exports.forms import Form
from audit.exports.reading import Reading, everybodys
from audit.exports.rows import COLUMNS, Selection
from audit.exports.writing import Written, write
from audit.initiators import Initiator, the_clock
from audit.models import AuditEntry, ChainLink
from audit.record import Occurrence, Target, record, record_many

pytestmark = pytest.mark.django_db


def a_termination(by: Initiator, target: Target, *, note: str = "left on Friday") -> AuditEntry:
    with transaction.atomic():
        return record(
            Events.USER_TERMINATED,
            initiator=by,
            target=target,
            reason="offboarding",
            receipt="CF-0123456789",
            sessions_ended=4,
            details={"number": 7, "why": "Zoë"},
            personal={"note": note, "person_id": "nw-ines"},
        )


def written(form: Form, reading: Reading | None = None, entries: Any = None) -> tuple[Written, str]:
    out = BytesIO()
    everything = AuditEntry.objects.all() if entries is None else entries
    told = write(Selection(entries=everything, reading=reading or Reading()), form, out)
    return told, out.getvalue().decode("utf-8-sig")


def table(reading: Reading | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(written(Form.CSV, reading)[1])))


def objects(reading: Reading | None = None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(Form.JSON_LINES, reading)[1].splitlines()]


def test_an_entry_is_one_row_with_every_value(hana_weiss: Initiator, ines_almeida: Target):
    entry = a_termination(hana_weiss, ines_almeida)

    (row,) = objects()

    assert row == {
        "number": None,
        "time": entry.timestamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "code": "RV-101",
        "event": "user.terminated",
        "outcome": "done",
        "initiator_kind": "user",
        "initiator_id": hana_weiss.id,
        "initiator": "Hana Weiss",
        "initiator_roles": "hr,security",
        "initiator_address": "198.51.100.23",
        "door": "page",
        "target_kind": "user",
        "target_id": ines_almeida.id,
        "target": "Ines Almeida",
        "person_id": ines_almeida.id,
        "reason": "offboarding",
        "receipt": "CF-0123456789",
        "project": None,
        "sessions_ended": 4,
        "source": None,
        "request": "req-7f3a",
        "details": {"number": 7, "why": "Zoë"},
        "changes": None,
        "personal": {"person_id": "nw-ines"},
        "id": entry.pk,
        "hash": None,
    }


def test_both_forms_hold_the_same(hana_weiss: Initiator, ines_almeida: Target):
    a_termination(hana_weiss, ines_almeida)

    (row,), (kept,) = table(), objects()

    assert list(row) == [name for name in COLUMNS if name != "note"]
    assert json.loads(row.pop("details")) == kept.pop("details")
    assert json.loads(row.pop("personal")) == kept.pop("personal")
    assert row == {name: "" if value is None else str(value) for name, value in kept.items() if name in row}


def test_a_moment_without_microseconds_has_them_all_the_same(hana_weiss: Initiator, ines_almeida: Target):
    entry = a_termination(hana_weiss, ines_almeida)
    whole = AuditEntry(**{**_columns(entry), "timestamp": entry.timestamp.replace(microsecond=0)})
    AuditEntry.objects.bulk_create([whole])

    times = {row["time"] for row in objects()}

    assert {len(time) for time in times} == {len("2026-11-25T12:00:00.000000Z")}
    assert datetime.fromisoformat(min(times)) == whole.timestamp


def test_a_sealed_entry_has_its_number_and_hash_and_the_others_are_counted(
    hana_weiss: Initiator, ines_almeida: Target
):
    sealed = a_termination(hana_weiss, ines_almeida)
    a_termination(hana_weiss, ines_almeida)
    ChainLink.objects.create(number=1, entry=sealed, hash=bytes(range(32)))

    told, _text = written(Form.CSV)

    assert (told.rows, told.unsealed) == (2, 1)
    assert objects()[1]["number"] == 1
    assert objects()[1]["hash"] == bytes(range(32)).hex()


def test_notes_leave_only_if_asked_for(hana_weiss: Initiator, ines_almeida: Target):
    a_termination(hana_weiss, ines_almeida)

    assert "Friday" not in written(Form.CSV)[1] + written(Form.JSON_LINES)[1]
    assert objects(Reading(reads_note=everybodys))[0]["note"] == "left on Friday"


def test_a_note_that_is_not_for_the_reader_stays_out(hana_weiss: Initiator, ines_almeida: Target):
    a_termination(hana_weiss, ines_almeida)
    of_it = Reading(reads_note=lambda initiator_id, roles: "it" in roles.split(","))
    of_hr = Reading(reads_note=lambda initiator_id, roles: "hr" in roles.split(","))

    assert [objects(reading)[0]["note"] for reading in (of_it, of_hr)] == [None, "left on Friday"]


def test_values_are_masked_except_in_ones_own_entries(hana_weiss: Initiator, ines_almeida: Target):
    a_termination(hana_weiss, ines_almeida)

    (masked,) = objects(Reading(reader_id="x", mask=lambda kind, _value: f"a {kind}"))
    (own,) = objects(Reading(reader_id=hana_weiss.id, mask=lambda kind, _value: f"a {kind}"))

    assert (masked["initiator_address"], masked["personal"]) == ("a address", {"person_id": "a person_id"})
    assert (own["initiator_address"], own["personal"]) == ("198.51.100.23", {"person_id": "nw-ines"})
    assert masked["initiator"] == own["initiator"] == "Hana Weiss"


def test_a_blanked_value_is_gone(hana_weiss: Initiator, ines_almeida: Target):
    entry = a_termination(hana_weiss, ines_almeida)
    blank_subject(ines_almeida, initiator=the_clock())

    (_blanking, row) = objects()

    assert (row["id"], row["target"], row["initiator"]) == (entry.pk, None, "Hana Weiss")


def test_rows_are_newest_first_and_each_once_across_batches(
    hana_weiss: Initiator, ines_almeida: Target, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exported_rows, "ROWS_AT_ONCE", 3)
    with transaction.atomic():
        record_many(
            Events.SESSION_REPORTED, initiator=hana_weiss, occurrences=[Occurrence(target=ines_almeida)] * 7
        )
    a_termination(hana_weiss, ines_almeida)

    ids = [row["id"] for row in objects()]

    assert ids == list(AuditEntry.objects.newest_first().values_list("pk", flat=True))


def test_only_what_is_asked_for_is_written(hana_weiss: Initiator, ines_almeida: Target):
    a_termination(hana_weiss, ines_almeida)
    a_termination(the_clock(), ines_almeida)

    told, text = written(Form.JSON_LINES, entries=AuditEntry.objects.by_initiator("clock"))

    assert told.rows == 1
    assert '"initiator_kind": "clock"' in text


def test_an_empty_answer_is_a_table_of_names_only(db: None):
    told, text = written(Form.CSV)

    assert told.rows == 0
    assert text.startswith("number,time,code")


@pytest.mark.slow
def test_memory_stays_flat_however_many_rows_there_are(hana_weiss: Initiator, ines_almeida: Target):
    with transaction.atomic():
        record_many(
            Events.SESSION_REPORTED,
            initiator=hana_weiss,
            occurrences=[Occurrence(target=ines_almeida, details={"why": "x" * 500})] * 20_000,
        )
    batches = Selection(entries=AuditEntry.objects.all(), reading=Reading()).batches()
    next(batches)

    tracemalloc.start()
    count = sum(len(batch) for batch in batches)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # All of them at once would be about 45 MB.
    assert count == 18_000
    assert most < 15_000_000


def _columns(entry: AuditEntry) -> dict[str, Any]:
    kept = {field.attname: getattr(entry, field.attname) for field in AuditEntry._meta.concrete_fields}
    del kept["id"]
    return {**kept, "timestamp": entry.timestamp - timedelta(days=1)}
