"""Receipts as signed documents: numbered versions of one receipt, each signed, none ever changed.

What a version says is the caller's; here it gets its number, the version before it, its entries of the
trail, and a signature. The format is `curfew-receipt/1`: the canonical bytes of the document (RFC 8785),
signed by the trail's key for the purpose "receipt".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.utils import timezone

from audit.canonical import canonical_bytes
from audit.columns import require_transaction
from audit.models import AuditEntry, ReceiptVersion, TrailKey
from audit.proofs import key_record
from audit.signing import RECEIPT, Signature, current_fingerprint, is_genuine, public_keys, sign

FORMAT = "curfew-receipt/1"


def add_version(receipt: str, *, facts: Mapping[str, Any]) -> ReceiptVersion:
    """Signs what is true of the receipt now as its next version, in the transaction of the change.

    The caller holds the lock of what the receipt is about; two at once would draw the same number, and one
    of them is refused. `facts` hold ids and codes only. Raises UnknownSigningKey or ImproperlyConfigured
    where nothing can be signed, having written nothing.
    """
    require_transaction("a version of a receipt")
    latest = ReceiptVersion.objects.of(receipt).last()
    made_at = timezone.now()
    document = {
        "format": FORMAT,
        "receipt": receipt,
        "version": latest.number + 1 if latest else 1,
        "previous": bytes(latest.hash).hex() if latest else None,
        "made_at": stamp(made_at),
        "key": current_fingerprint(),
        "audit": entries_of(receipt),
        **facts,
    }
    payload = canonical_bytes(document)
    signature = sign(RECEIPT, payload)
    return ReceiptVersion.objects.create(
        receipt=receipt,
        number=document["version"],
        document=payload,
        hash=sha256(payload).digest(),
        made_at=made_at,
        key_id=signature.key_id,
        signature=signature.value,
    )


def entries_of(receipt: str) -> list[dict[str, Any]]:
    """The entries of the trail that carry this receipt, with their place in the chain where they are sealed."""
    rows = AuditEntry.objects.filter(receipt=receipt).order_by("timestamp", "id")
    found = rows.values_list("id", "event_code", "timestamp", "link__number", "link__hash")
    return [
        {
            "entry": entry,
            "event": code,
            "at": stamp(at),
            "number": number if number is not None else NOT_YET_SEALED,
            "hash": bytes(link).hex() if link is not None else None,
        }
        for entry, code, at, number, link in found
    ]


NOT_YET_SEALED = "not yet sealed"


def is_sealed(receipt: str) -> bool:
    """Whether every entry of this receipt has its number in the chain."""
    return not AuditEntry.objects.filter(receipt=receipt, link=None).exists()


def names_numbers(version: ReceiptVersion) -> bool:
    """Whether this version already says the numbers of all its entries."""
    return all(entry["number"] != NOT_YET_SEALED for entry in version.facts["audit"])


def signed(version: ReceiptVersion) -> dict[str, Any]:
    """The document with all that is needed to check it by itself: what `audit/verifier.py` reads."""
    return {
        "document": version.facts,
        "sha256": bytes(version.hash).hex(),
        "signature": {
            "algorithm": "Ed25519",
            "purpose": RECEIPT,
            "key": version.key_id,
            "value": bytes(version.signature).hex(),
        },
        "keys": [key_record(key) for key in TrailKey.objects.order_by("number")],
    }


def is_unchanged(version: ReceiptVersion) -> bool:
    """Whether the stored document is what was signed, by one of the trail's keys."""
    signature = Signature(key_id=version.key_id, value=bytes(version.signature))
    document = bytes(version.document)
    known = public_keys().get(version.key_id, b"")
    return sha256(document).digest() == bytes(version.hash) and is_genuine(
        RECEIPT, document, signature, known
    )


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds; nothing for nothing."""
    return (
        moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
    )
