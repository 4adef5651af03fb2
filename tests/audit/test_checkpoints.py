"""Checkpoints are signed, follow each other, are taken when idle too, and leave the database."""

import json

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from audit.chain import seal_all
from audit.checkpoint_files import CheckpointFiles, last_number_written, lines_written
from audit.checkpoints import digest_of, is_due, latest, record_of, statement_of, take_checkpoint
from audit.events import Events
from audit.initiators import the_shell
from audit.models import ChainLink, Checkpoint
from audit.record import Occurrence, record_many
from audit.sealing import Sealing
from audit.signing import Signature, is_genuine, pem_of, public_keys
from audit.verifier import canonical
from tests.audit_flush import triggers_lifted

pytestmark = pytest.mark.django_db


def entries(count):
    with transaction.atomic():
        record_many(
            Events.DEMO_LOADED, initiator=the_shell(), occurrences=[Occurrence() for _ in range(count)]
        )


def test_a_checkpoint_says_where_the_chain_ends_and_what_still_waits():
    entries(3)
    seal_all()
    entries(2)

    checkpoint = take_checkpoint()

    assert (checkpoint.number, checkpoint.size, checkpoint.unsealed) == (1, 3, 2)
    assert bytes(checkpoint.head) == bytes(ChainLink.objects.get(number=3).hash)


def test_it_is_signed_by_the_trails_key():
    checkpoint = take_checkpoint()
    signature = Signature(key_id=checkpoint.key_id, value=bytes(checkpoint.signature))

    said = canonical(statement_of(checkpoint))

    assert is_genuine("checkpoint", said, signature, public_keys()[checkpoint.key_id])
    assert not is_genuine("receipt", said, signature, public_keys()[checkpoint.key_id])


def test_each_names_the_one_before_also_when_nothing_happened():
    first, second = take_checkpoint(), take_checkpoint()

    assert second.number == 2
    assert bytes(second.previous_digest) == digest_of(first)


def test_the_first_is_due_at_once_and_the_next_after_a_minute():
    with time_machine.travel("2026-11-25T12:00:00Z", tick=False) as now:
        assert is_due()
        take_checkpoint()
        now.shift(59)
        assert not is_due()
        now.shift(1)
        assert is_due()


def test_a_thousand_links_do_not_wait_for_the_minute(checkpoint_folder):
    sealing = Sealing()
    with time_machine.travel("2026-11-25T12:00:00Z", tick=False):
        entries(2100)
        sealing.work(seconds=60)

    assert list(Checkpoint.objects.order_by("number").values_list("size", flat=True)) == [500, 1500]


def test_they_leave_the_database_one_line_each_one_file_a_month(checkpoint_folder):
    files = CheckpointFiles()
    with time_machine.travel("2026-11-30T23:59:30Z", tick=False) as now:
        take_checkpoint()
        now.shift(60)
        take_checkpoint()

    assert files.write_out() == 2

    assert sorted(path.name for path in checkpoint_folder.iterdir()) == ["2026-11.jsonl", "2026-12.jsonl"]
    assert list(lines_written()) == [
        record_of(checkpoint) for checkpoint in Checkpoint.objects.order_by("number")
    ]
    assert files.write_out() == 0


def test_a_new_process_goes_on_where_the_files_end():
    take_checkpoint()
    CheckpointFiles().write_out()
    take_checkpoint()

    assert CheckpointFiles().write_out() == 1
    assert last_number_written() == 2


def test_half_a_line_left_by_a_killed_process_is_written_again_whole(checkpoint_folder):
    take_checkpoint()
    files = CheckpointFiles()
    files.write_out()
    (path,) = checkpoint_folder.iterdir()
    path.write_bytes(path.read_bytes() + b'{"signature":"0')
    take_checkpoint()

    assert CheckpointFiles().write_out() == 1

    assert [json.loads(line)["statement"]["number"] for line in path.read_bytes().splitlines()] == [1, 2]


def test_after_the_database_was_set_back_the_files_keep_both_stories():
    take_checkpoint()
    take_checkpoint()
    CheckpointFiles().write_out()
    with triggers_lifted():
        Checkpoint.objects.filter(number=2).delete()
    files = CheckpointFiles()
    files.write_out()
    take_checkpoint()
    files.write_out()

    assert [line["statement"]["number"] for line in lines_written()] == [1, 2, 2]


def test_entries_are_sealed_also_where_nobody_may_sign(settings, caplog):
    take_checkpoint()
    settings.AUDIT_SIGNING_KEY = pem_of(Ed25519PrivateKey.generate()).decode()
    entries(1)

    with time_machine.travel("2100-01-01T00:00:00Z"):
        assert Sealing().work(seconds=1) == 1

    assert latest().number == 1
    assert "no checkpoint of the audit trail: UnknownSigningKey" in caplog.text


def test_the_same_failure_is_told_once_a_minute(settings, caplog):
    take_checkpoint()
    settings.AUDIT_SIGNING_KEY = pem_of(Ed25519PrivateKey.generate()).decode()
    sealing = Sealing()

    with time_machine.travel("2100-01-01T00:00:00Z"):
        for _ in range(5):
            sealing.work(seconds=0)

    assert caplog.text.count("no checkpoint of the audit trail") == 1


def test_entries_are_sealed_also_where_the_folder_cannot_be_written(settings, tmp_path, caplog):
    (tmp_path / "file").touch()
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "file"
    entries(1)

    assert Sealing().work(seconds=1) == 1

    assert latest().number == 1
    assert "no checkpoint of the audit trail" in caplog.text
