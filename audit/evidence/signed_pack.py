"""What makes a zip evidence: a list of its files, signed, as the stand-alone verifier reads it."""

from __future__ import annotations

import zipfile

from audit.signing import EVIDENCE, sign
from audit.verifier import MANIFEST, MANIFEST_SIGNATURE, canonical


def sign_manifest(archive: zipfile.ZipFile, manifest: bytes) -> None:
    """Adds the list and its signature. Raises UnknownSigningKey where it cannot be signed."""
    signature = sign(EVIDENCE, manifest)
    said = {"key_id": signature.key_id, "purpose": EVIDENCE, "signature": signature.value.hex()}
    archive.writestr(MANIFEST, manifest)
    archive.writestr(MANIFEST_SIGNATURE, canonical(said) + b"\n")
