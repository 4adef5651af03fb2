"""Signed receipts: numbered, chained to the one before, and never changed."""

from __future__ import annotations

from hashlib import sha256

import pytest
from django.db import IntegrityError, connection, transaction

from audit.canonical import canonical_bytes
from audit.errors import NotStorable, OutsideTransaction
from audit.events import Events
from audit.models import AuditEntry, ChainLink, ReceiptVersion
from audit.receipts import add_version, is_sealed, is_unchanged, names_numbers, signed
from audit.record import record
from audit.signing import RECEIPT, Signature, is_genuine
from tests.audit_flush import triggers_lifted

pytestmark = pytest.mark.django_db

RECEIPT_NUMBER = "CF-8F3K2Q7D1M"


def an_entry(initiator, target) -> AuditEntry:
    return record(
        Events.USER_TERMINATED,
        initiator=initiator,
        target=target,
        reason="offboarding",
        receipt=RECEIPT_NUMBER,
        sessions_ended=1,
    )


def test_the_document_and_its_signature_are_all_that_a_checker_needs():
    version = add_version(RECEIPT_NUMBER, facts={"state": "cut_off"})

    kept = signed(version)

    payload = canonical_bytes(kept["document"])
    signature = Signature(key_id=kept["signature"]["key"], value=bytes.fromhex(kept["signature"]["value"]))
    assert sha256(payload).hexdigest() == kept["sha256"]
    assert is_genuine(RECEIPT, payload, signature, bytes.fromhex(kept["keys"][0]["statement"]["public_key"]))
    assert kept["document"]["key"] == kept["signature"]["key"]
    assert kept["document"]["state"] == "cut_off"


def test_versions_are_numbered_and_each_names_the_one_before():
    first = add_version(RECEIPT_NUMBER, facts={})
    second = add_version(RECEIPT_NUMBER, facts={})
    of_another = add_version("CF-0000000000", facts={})

    assert (first.number, first.facts["previous"]) == (1, None)
    assert (second.number, second.facts["previous"]) == (2, bytes(first.hash).hex())
    assert (of_another.number, of_another.facts["previous"]) == (1, None)


def test_an_entry_that_is_not_sealed_is_said_to_be_so(hana_weiss, ines_almeida):
    entry = an_entry(hana_weiss, ines_almeida)

    version = add_version(RECEIPT_NUMBER, facts={})

    (named,) = version.facts["audit"]
    assert (named["entry"], named["event"]) == (entry.pk, "RV-101")
    assert (named["number"], named["hash"]) == ("not yet sealed", None)
    assert not is_sealed(RECEIPT_NUMBER)
    assert not names_numbers(version)


def test_a_sealed_entry_is_named_by_its_place_in_the_chain(hana_weiss, ines_almeida):
    entry = an_entry(hana_weiss, ines_almeida)
    ChainLink.objects.create(number=48121, entry=entry, hash=b"\x9f" * 32)

    version = add_version(RECEIPT_NUMBER, facts={})

    (named,) = version.facts["audit"]
    assert (named["number"], named["hash"]) == (48121, "9f" * 32)
    assert is_sealed(RECEIPT_NUMBER)
    assert names_numbers(version)


@pytest.mark.parametrize("forged", [b'{"state":"confirmed"}', b"not even JSON"])
def test_bytes_that_were_changed_in_the_database_are_found(forged):
    version = add_version(RECEIPT_NUMBER, facts={"state": "cut_off"})
    assert is_unchanged(version)

    with triggers_lifted():
        ReceiptVersion.objects.update(document=forged, hash=sha256(forged).digest())

    assert not is_unchanged(ReceiptVersion.objects.get())


def test_a_version_can_be_neither_changed_nor_removed():
    add_version(RECEIPT_NUMBER, facts={})

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ReceiptVersion.objects.update(number=2)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ReceiptVersion.objects.all()._raw_delete("default")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only")
def test_a_version_cannot_be_replaced_by_another_of_the_same_number():
    add_version(RECEIPT_NUMBER, facts={})
    columns = "receipt, number, document, hash, made_at, key_id, signature"

    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT OR REPLACE INTO audit_receiptversion ({columns}) SELECT {columns} FROM audit_receiptversion"  # noqa: S608  # this test's own words
        )


def test_what_has_no_canonical_form_is_refused_and_nothing_is_kept():
    with pytest.raises(NotStorable):
        add_version(RECEIPT_NUMBER, facts={"seconds": 0.02})

    assert not ReceiptVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_version_without_the_transaction_of_its_change_is_refused():
    with pytest.raises(OutsideTransaction):
        add_version(RECEIPT_NUMBER, facts={})
