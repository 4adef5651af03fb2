"""Entries written out as JSON lines: in order, none left out, nothing personal, and never in anybody's way."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from audit.chain import seal_all
from audit.events import Events
from audit.initiators import Initiator, the_shell
from audit.log_lines import LogLines, write_some
from audit.models import ChainLink, LogPosition
from audit.record import Occurrence, Target, record, record_many
from audit.verifier import GENESIS, canonical, link_hash

pytestmark = pytest.mark.django_db

A_SECOND = 1.0


@pytest.fixture
def log(tmp_path: Path, settings: Settings) -> Path:
    path = tmp_path / "audit.jsonl"
    settings.AUDIT_LOG = str(path)
    return path


def sealed(count: int) -> None:
    with transaction.atomic():
        record_many(
            Events.DEMO_LOADED, initiator=the_shell(), occurrences=[Occurrence() for _ in range(count)]
        )
    seal_all()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_sealed_entry_is_a_line_once_in_the_order_of_the_chain(log: Path):
    sealed(3)
    LogLines().write_out(seconds=A_SECOND)
    sealed(2)
    LogLines().write_out(seconds=A_SECOND)

    assert [line["number"] for line in lines_of(log)] == [1, 2, 3, 4, 5]
    assert LogLines().write_out(seconds=A_SECOND) == 0


def test_a_line_is_what_its_hash_is_over(log: Path):
    sealed(1)
    LogLines().write_out(seconds=A_SECOND)

    (line,) = lines_of(log)
    claimed = line.pop("hash")
    assert (line.pop("number"), line.pop("name")) == (1, "demo.loaded")
    assert claimed == link_hash(GENESIS, canonical(line)).hex()
    assert len(claimed) == 2 * hashlib.sha256().digest_size


def test_no_name_no_address_and_no_note_is_in_it(log: Path, hana_weiss: Initiator, ines_almeida: Target):
    record(
        Events.SIGN_IN_ALLOWED_AGAIN,
        initiator=hana_weiss,
        target=ines_almeida,
        reason="user_request",
        personal={"note": "phoned at noon"},
    )
    seal_all()
    LogLines().write_out(seconds=A_SECOND)

    text = log.read_text()
    assert "RV-120" in text
    assert ines_almeida.id in text
    assert not [word for word in ("Hana", "Ines", "198.51.100.23", "phoned") if word in text]


def test_what_is_not_sealed_yet_waits(log: Path):
    with transaction.atomic():
        record(Events.DEMO_LOADED, initiator=the_shell())

    assert LogLines().write_out(seconds=A_SECOND) == 0
    assert not log.exists()


def test_a_crash_after_writing_repeats_lines_and_loses_none(log: Path):
    sealed(2)
    write_some()
    LogPosition.objects.update(number=1)  # as if it had been killed before it noted the second line
    sealed(1)

    LogLines().write_out(seconds=A_SECOND)

    assert [line["number"] for line in lines_of(log)] == [1, 2, 2, 3]


def test_half_a_line_left_by_a_full_disk_does_not_swallow_the_next(log: Path):
    log.write_text('{"number":0,"na')
    sealed(1)

    LogLines().write_out(seconds=A_SECOND)

    assert json.loads(log.read_text().splitlines()[1])["number"] == 1


def test_a_file_moved_away_by_log_rotation_begins_anew(log: Path):
    sealed(1)
    LogLines().write_out(seconds=A_SECOND)
    log.rename(log.with_suffix(".1"))
    sealed(1)
    LogLines().write_out(seconds=A_SECOND)

    assert [line["number"] for line in lines_of(log)] == [2]


def test_nobody_but_its_owner_reads_the_file(log: Path):
    sealed(1)
    LogLines().write_out(seconds=A_SECOND)

    assert log.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_said_once_and_made_up_for_later(
    tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
):
    settings.AUDIT_LOG = str(tmp_path / "later" / "audit.jsonl")
    sealed(2)
    writer = LogLines()

    assert [writer.write_out(seconds=A_SECOND), writer.write_out(seconds=A_SECOND)] == [0, 0]
    assert caplog.text.count("entries are not written to") == 1
    os.mkdir(tmp_path / "later")
    assert writer.write_out(seconds=A_SECOND) == 2


def test_on_standard_output_there_is_a_line_for_each(settings: Settings, capfdbinary: Any):
    settings.AUDIT_LOG = "stdout"
    sealed(2)

    LogLines().write_out(seconds=A_SECOND)

    assert [json.loads(line)["number"] for line in capfdbinary.readouterr().out.splitlines()] == [1, 2]


def test_more_than_one_turn_can_write_goes_on_in_the_next(log: Path):
    sealed(501)
    writer = LogLines()

    assert [writer.write_out(seconds=0), writer.write_out(seconds=0)] == [500, 1]
    assert ChainLink.objects.count() == 501
