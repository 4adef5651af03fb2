"""Signatures of the trail: Ed25519 (RFC 8032) by a key that is never in the database, separated by purpose.

Public keys are in the database, each vouched for by the one before it, so that old signatures stay checkable.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import verifier
from audit.canonical import canonical_bytes
from audit.errors import UnknownSigningKey
from audit.models import TrailKey

CHECKPOINT = "checkpoint"
RECEIPT = "receipt"
BUNDLE = "bundle"
EVIDENCE = "evidence"
KEY = "key"
PURPOSES = frozenset({CHECKPOINT, RECEIPT, BUNDLE, EVIDENCE, KEY})

KEY_FILE = "audit-signing-key.pem"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """`key_id` is the fingerprint of the public key, `value` the 64 bytes of RFC 8032."""

    key_id: str
    value: bytes


def sign(purpose: str, payload: bytes) -> Signature:
    """The payload signed for this purpose only. The very first signature makes its key known.

    Raises UnknownSigningKey where other keys are known and this is none of them, ImproperlyConfigured where
    AUDIT_SIGNING_KEY cannot be read, and ValueError for a purpose that is not listed.
    """
    return sign_with(known_signing_key(), purpose, payload)


def sign_with(key: Ed25519PrivateKey, purpose: str, payload: bytes) -> Signature:
    """The same with a given key, known or not: for vouching for another key."""
    return Signature(key_id=fingerprint(public_bytes(key)), value=key.sign(signed_bytes(purpose, payload)))


def is_genuine(purpose: str, payload: bytes, signature: Signature, public_key: bytes) -> bool:
    """Whether this public key (32 bytes) signed the payload for this purpose; False for anything malformed."""
    if signature.key_id != fingerprint(public_key):
        return False
    return verified(public_key, signed_bytes(purpose, payload), signature.value)


def verified(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """What `verifier.ed25519_verify` says, many times as fast."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def signed_bytes(purpose: str, payload: bytes) -> bytes:
    """What is really signed. A signature for one purpose is none for another."""
    if purpose not in PURPOSES:
        raise ValueError(f"{purpose!r} is no purpose of a signature.")
    return verifier.signed_bytes(purpose, payload)


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the raw public key, in hexadecimal. This is also what signatures call the key."""
    return sha256(public_key).hexdigest()


def grouped(fingerprint: str) -> str:
    """A fingerprint as people read it aloud: groups of four."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4))


def public_keys() -> dict[str, bytes]:
    """Every known public key by its fingerprint, oldest first; the one that signs now is the last."""
    return {fingerprint(raw): raw for raw in map(bytes, _known().values_list("public_key", flat=True))}


def current_fingerprint() -> str:
    """Of the key this process signs with; it is known from here on. Raises as `sign` does."""
    return fingerprint(public_bytes(known_signing_key()))


# --- The private key ------------------------------------------------------------------------------


def signing_key() -> Ed25519PrivateKey:
    """AUDIT_SIGNING_KEY, else the key in the data folder, which is made the first time. Raises ImproperlyConfigured."""
    configured = settings.AUDIT_SIGNING_KEY
    if configured:
        return key_from_pem(configured.replace("\\n", "\n").encode(), "AUDIT_SIGNING_KEY")
    path = key_file()
    if not path.exists():
        make_key_file(path)
    return key_from_pem(path.read_bytes(), str(path))


def known_signing_key() -> Ed25519PrivateKey:
    """The same, as far as the trail knows it; the very first is made known here. Raises as `sign` does."""
    key = signing_key()
    _require_known(key)
    return key


def key_file() -> Path:
    return Path(settings.DATA_DIR) / KEY_FILE


def make_key_file(path: Path) -> None:
    """A new key, readable by this user only, at no moment half written. A key that is there stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem_of(Ed25519PrivateKey.generate()))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename it never replaces what another process made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def pem_of(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_from_pem(pem: bytes, where: str) -> Ed25519PrivateKey:
    """Raises ImproperlyConfigured, without the key in the message."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(
            f"{where} must hold an Ed25519 key as PEM (PKCS8): openssl genpkey -algorithm ed25519"
        )
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


# --- The public keys ------------------------------------------------------------------------------


def statement(*, number: int, public_key: bytes, previous: str | None) -> bytes:
    """What a key and the one before it sign when it is introduced."""
    return canonical_bytes(
        {"format": "curfew-key/1", "number": number, "previous": previous, "public_key": public_key.hex()}
    )


def introduce(key: Ed25519PrivateKey, *, vouched_by: Ed25519PrivateKey | None) -> TrailKey:
    """Makes a key known: the next number, signed by itself and by the one before it.

    `vouched_by` None is for the first key, and for one that follows a lost key, where the verifier says so.
    """
    latest = _known().last()
    public_key = public_bytes(key)
    number = latest.number + 1 if latest else 1
    said = statement(
        number=number,
        public_key=public_key,
        previous=fingerprint(public_bytes(vouched_by)) if vouched_by else None,
    )
    return TrailKey.objects.create(
        number=number,
        public_key=public_key,
        introduced_at=timezone.now(),
        previous=fingerprint(public_bytes(vouched_by)) if vouched_by else "",
        own_signature=sign_with(key, KEY, said).value,
        previous_signature=sign_with(vouched_by, KEY, said).value if vouched_by else b"",
    )


def _require_known(key: Ed25519PrivateKey) -> None:
    mine = public_bytes(key)
    known = public_keys()
    if not known:
        known = _introduce_first(key)
    if fingerprint(mine) not in known:
        raise UnknownSigningKey(fingerprint(mine))


def _introduce_first(key: Ed25519PrivateKey) -> dict[str, bytes]:
    try:
        with transaction.atomic():
            introduce(key, vouched_by=None)
    except IntegrityError:  # another process was first; whether with the same key is what the caller asks
        pass
    return public_keys()


def _known() -> QuerySet[TrailKey]:
    return TrailKey.objects.order_by("number")
