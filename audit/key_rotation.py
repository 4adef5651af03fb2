"""A new signing key for the trail, vouched for by the one it replaces."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction

from audit.errors import UnknownSigningKey
from audit.events import Events
from audit.initiators import Initiator
from audit.models import TrailKey
from audit.record import record
from audit.signing import (
    current_fingerprint,
    fingerprint,
    introduce,
    key_file,
    key_from_pem,
    make_key_file,
    signing_key,
)
from audit.targets import Target


def rotate_key(*, by: Initiator, into: Path | None = None) -> TrailKey:
    """Draws a new key, lets the present one vouch for it, and puts it where it is read from.

    1. The new private key is written to `into`, or beside the key in the data folder. 2. Key and entry are
    one transaction. 3. In the data folder it takes the old one's place; with AUDIT_SIGNING_KEY the operator
    does that. Until then the old key signs on, which stays right: both are known.

    Raises UnknownSigningKey where the present key is none of the trail's, FileExistsError where `into` is there.
    """
    current_fingerprint()
    old, draft = signing_key(), into or key_file().with_suffix(".next")
    if into is None:
        draft.unlink(missing_ok=True)  # of a rotation that did not come to its end
    new = _drawn(draft)
    with transaction.atomic():
        introduced = introduce(new, vouched_by=old)
        _note(introduced, by=by, vouched="yes")
    if into is None:
        draft.replace(key_file())
    return introduced


def begin_anew(*, by: Initiator) -> TrailKey:
    """Makes the present key known although no key vouches for it, because the one before was lost.

    The verifier says so for ever: whoever holds only the old fingerprint cannot trust what comes after.
    """
    key = signing_key()
    with transaction.atomic():
        introduced = introduce(key, vouched_by=None)
        _note(introduced, by=by, vouched="no")
    return introduced


def is_known() -> bool:
    """Whether the present key is one of the trail's."""
    try:
        current_fingerprint()
    except UnknownSigningKey:
        return False
    return True


def reads_from_data_folder() -> bool:
    return not settings.AUDIT_SIGNING_KEY


def _drawn(path: Path) -> Ed25519PrivateKey:
    if path.exists():
        raise FileExistsError(os.fspath(path))
    make_key_file(path)
    return key_from_pem(path.read_bytes(), str(path))


def _note(key: TrailKey, *, by: Initiator, vouched: str) -> None:
    record(
        Events.TRAIL_KEY_REPLACED,
        initiator=by,
        target=Target(kind="trail_key", id=fingerprint(bytes(key.public_key))),
        details={"number": key.number, "vouched": vouched},
    )
