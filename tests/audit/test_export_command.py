"""manage.py export_audit: into a file or to standard output, with an entry, and exit codes a script can use."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator, the_clock
from audit.models import AuditEntry
from audit.record import Target, record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def scene(hana_weiss: Initiator, ines_almeida: Target) -> None:
    """Two entries about Ines, one of Hana with a note."""
    with transaction.atomic():
        record(Events.PERSON_VIEWED, initiator=hana_weiss, target=ines_almeida, personal={"note": "Friday"})
        record(Events.PERSON_VIEWED, initiator=the_clock(), target=ines_almeida)


def test_a_file_appears_whole_recorded_and_for_this_account_only(tmp_path: Path):
    out = tmp_path / "trail.jsonl"

    call_command("export_audit", "--format", "jsonl", "--filter", "actor:hana", "--out", str(out))

    (row,) = [json.loads(line) for line in out.read_text().splitlines()]
    entry = AuditEntry.objects.get(event_code="EX-101")
    assert row["initiator"] == "Hana Weiss"
    assert "Friday" not in out.read_text()
    assert entry.initiator_kind == "shell"
    assert entry.details["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*trail*")] == ["trail.jsonl"]


def test_without_a_file_it_goes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]):
    call_command("export_audit", "--notes")

    said = capfdbinary.readouterr().out.decode("utf-8-sig")
    assert said.startswith("number,time,code")
    assert "Friday" in said


def test_a_filter_that_cannot_be_read_is_bad_input(tmp_path: Path):
    with pytest.raises(CommandError, match="colour") as refused:
        call_command("export_audit", "--filter", "colour:red", "--out", str(tmp_path / "x.csv"))

    assert refused.value.returncode == 2
    assert not (tmp_path / "x.csv").exists()


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path):
    kept = tmp_path / "kept.csv"
    kept.write_text("mine")

    with pytest.raises(CommandError) as refused:
        call_command("export_audit", "--out", str(kept))

    assert refused.value.returncode == 2
    assert kept.read_text() == "mine"


def test_a_folder_that_is_not_there_is_bad_input(tmp_path: Path):
    with pytest.raises(CommandError) as refused:
        call_command("export_audit", "--out", str(tmp_path / "nowhere" / "x.csv"))

    assert refused.value.returncode == 2
    assert not AuditEntry.objects.filter(event_code="EX-101").exists()
