"""The signed bundle as one of the forms of an export: written in one pass, checked by the stand-alone script."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from audit import proofs, verifier
from audit.events import Events
from audit.exports.forms import Form
from audit.exports.reading import Reading, everybodys
from audit.exports.rows import Selection
from audit.exports.writing import Written, write
from audit.models import AuditEntry
from audit.record import Target, record
from audit.signing import current_fingerprint
from tests.audit.trails import IVAN, a_trail, some_entries

pytestmark = pytest.mark.django_db


def bundle_of(reading: Reading, **options: Any) -> tuple[BytesIO, Written]:
    file = BytesIO()
    selection = Selection(entries=AuditEntry.objects.newest_first(), reading=reading)
    return file, write(selection, Form.BUNDLE, file, **options)


def entries_in(file: BytesIO) -> str:
    with zipfile.ZipFile(file) as archive:
        return archive.read("entries.jsonl").decode()


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    """By the script that lies in the bundle, and nothing else of ours."""
    script = path.with_name("verifier.py")
    script.write_bytes(zipfile.ZipFile(path).read("verifier.py"))
    command = [sys.executable, "-I", script, path, "--key-fingerprint", current_fingerprint()]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_writes_it_and_the_script_in_it_finds_it_genuine(tmp_path: Path):
    a_trail(3, 2)
    out = tmp_path / "trail.zip"

    call_command("export_audit", "--format", "bundle", "--filter", "actor:ivan", "--out", str(out))

    said = checked(out)
    entry = AuditEntry.objects.get(event_code="EX-101")
    assert said.stdout.startswith("Genuine.\n"), said
    assert (entry.details["form"], entry.details["rows"], entry.details["unsealed"]) == ("bundle", 5, 0)
    assert entry.details["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()


def test_what_waits_for_its_number_is_counted_apart():
    a_trail(2)
    some_entries(3)

    _, written = bundle_of(Reading())

    assert (written.rows, written.unsealed) == (5, 3)


def test_a_trail_longer_than_one_read_is_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(proofs, "NUMBERS_AT_ONCE", 2)
    a_trail(7)
    some_entries(5)
    path = tmp_path / "trail.zip"

    file, written = bundle_of(Reading())
    path.write_bytes(file.getvalue())

    assert (written.rows, written.unsealed) == (12, 5)
    assert verifier.check_bundle(path, fingerprint=current_fingerprint()).verdict == "genuine"


def test_whoever_watches_is_told_again_and_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(proofs, "NUMBERS_AT_ONCE", 2)
    a_trail(7)
    told: list[int] = []

    bundle_of(Reading(), on_progress=told.append)

    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 7)
    assert len(told) > 7 // 2


def test_whoever_watches_may_end_it():
    a_trail(2)

    def lose(_rows: int) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        bundle_of(Reading(), on_progress=lose)


def test_values_that_the_reader_sees_masked_stay_out_and_names_go_along():
    a_trail(1)

    masked = entries_in(bundle_of(Reading(mask=lambda kind, value: "•"))[0])
    whole = entries_in(bundle_of(Reading())[0])

    assert ("Ivan Petrov" in masked, "198.51.100.7" in masked) == (True, False)
    assert "198.51.100.7" in whole


def test_ones_own_values_are_seen_whole():
    a_trail(1)

    own = entries_in(bundle_of(Reading(reader_id="ivan", mask=lambda kind, value: "•"))[0])

    assert "198.51.100.7" in own


def test_notes_go_along_only_for_whom_they_are(ines_almeida: Target):
    with transaction.atomic():
        record(Events.PERSON_VIEWED, initiator=IVAN, target=ines_almeida, personal={"note": "Friday"})

    assert "Friday" not in entries_in(bundle_of(Reading())[0])
    assert "Friday" in entries_in(bundle_of(Reading(reads_note=everybodys))[0])
    assert "Friday" not in entries_in(bundle_of(Reading(reads_note=lambda initiator, roles: False))[0])
