"""Checkpoints: signed statements of how long the chain is and what it ends in, which leave the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.chain import locked_head, tree_of, unsealed
from audit.entry_form import moment
from audit.models import ChainHead, Checkpoint
from audit.signing import CHECKPOINT, fingerprint, known_signing_key, public_bytes, sign_with
from audit.verifier import CHECKPOINT_FORMAT, GENESIS, canonical, checkpoint_digest

EVERY = timedelta(minutes=1)
EVERY_LINKS = 1000
OVERDUE_AFTER = timedelta(minutes=5)


def take_checkpoint() -> Checkpoint:
    """States and signs how long the chain is now, under the lock of its head, so that it can be no other.

    Raises UnknownSigningKey or ImproperlyConfigured where this process has no right to sign.
    """
    key = known_signing_key()
    with transaction.atomic():
        head, last = locked_head(), latest()
        checkpoint = Checkpoint(
            number=last.number + 1 if last else 1,
            taken_at=timezone.now(),
            size=head.size,
            head=bytes(head.hash),
            merkle_root=tree_of(head).root(),
            unsealed=unsealed(),
            previous_digest=digest_of(last) if last else GENESIS,
            key_id=fingerprint(public_bytes(key)),
        )
        checkpoint.signature = sign_with(key, CHECKPOINT, canonical(statement_of(checkpoint))).value
        checkpoint.save(force_insert=True)
    return checkpoint


def is_due() -> bool:
    """A minute after the last one also when nothing happened, or after a thousand links."""
    last = latest()
    if last is None or timezone.now() - last.taken_at >= EVERY:
        return True
    head = ChainHead.objects.first()
    return head is not None and head.size - last.size >= EVERY_LINKS


def is_overdue(last: Checkpoint | None) -> bool:
    """Whether nobody seems to sign any more; a trail that has no checkpoint yet is only young."""
    return last is not None and timezone.now() - last.taken_at > OVERDUE_AFTER


def latest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("number").last()


def after(number: int) -> Iterator[Checkpoint]:
    """Those that follow this one, oldest first."""
    return Checkpoint.objects.filter(number__gt=number).order_by("number").iterator()


def statement_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """What is signed, and hashed into the next one."""
    return {
        "format": CHECKPOINT_FORMAT,
        "head": bytes(checkpoint.head).hex(),
        "key": checkpoint.key_id,
        "number": checkpoint.number,
        "previous": bytes(checkpoint.previous_digest).hex(),
        "root": bytes(checkpoint.merkle_root).hex(),
        "size": checkpoint.size,
        "taken_at": moment(checkpoint.taken_at),
        "unsealed": checkpoint.unsealed,
    }


def record_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """The statement with its signature, as it stands in files and exports."""
    return {"signature": bytes(checkpoint.signature).hex(), "statement": statement_of(checkpoint)}


def digest_of(checkpoint: Checkpoint) -> bytes:
    return checkpoint_digest(canonical(statement_of(checkpoint)), bytes(checkpoint.signature))
