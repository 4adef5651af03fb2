"""The signed bundle: entries with all that is needed to check them without us, as one zip."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from audit import proofs, verifier
from audit.checkpoints import take_checkpoint
from audit.entry_form import moment
from audit.models import AuditEntry
from audit.signing import BUNDLE, sign
from audit.verifier import CHECKPOINTS, ENTRIES, GAPS, KEYS, MANIFEST, MANIFEST_SIGNATURE, canonical

VERIFIER = "verifier.py"
FAST = 1  # compression that keeps up with the database

Progress = Callable[[int], None]


def nobody_watches(_entries: int) -> None:
    pass


@dataclass
class Member:
    """One file of the bundle, as the manifest lists it."""

    size: int = 0
    lines: int = 0
    digest: Any = field(default_factory=sha256)

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self.lines += 1
        self.digest.update(piece)


@dataclass(frozen=True, kw_only=True)
class BundleWritten:
    """What a bundle holds."""

    entries: int
    unsealed: int
    checkpoint: int


def write_bundle(
    file: IO[bytes],
    *,
    entries: QuerySet[AuditEntry],
    shows: proofs.Shows = proofs.shows_nothing,
    about: Mapping[str, Any] | None = None,
    on_progress: Progress = nobody_watches,
) -> BundleWritten:
    """Writes these entries with their proofs; in constant memory, whatever their number. The file may be a pipe.

    1. A checkpoint is taken now, so that everything sealed so far is in one. 2. Entries, in the order of
    their numbers. 3. What stands for the entries left out. 4. Checkpoints, keys and the verifier itself.
    5. The manifest, signed. `about` goes into it (the question asked, who asked), so nothing personal may be
    in it. `shows` decides which personal values go along. `on_progress` is told the entries written, again and
    again until the end, and may end it by raising. Raises UnknownSigningKey where it cannot be signed.
    """
    anchor, members = take_checkpoint(), dict[str, Member]()
    members[ENTRIES] = member = Member()

    def beat() -> None:
        on_progress(member.lines)

    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive:
        sealed = proofs.sealed_lines(entries, size=anchor.size, shows=shows, beat=beat)
        waiting = proofs.unsealed_lines(entries, size=anchor.size, shows=shows)
        with archive.open(ENTRIES, "w", force_zip64=True) as part:
            _copy(sealed, part, member, beat)
            sealed_count = member.lines
            _copy(waiting, part, member, beat)
        for name, lines in (
            (GAPS, proofs.gap_lines(entries, size=anchor.size, beat=beat)),
            (CHECKPOINTS, proofs.checkpoint_lines(anchor)),
            (KEYS, proofs.key_lines()),
            (VERIFIER, [Path(verifier.__file__).read_bytes()]),
        ):
            members[name] = Member()
            with archive.open(name, "w", force_zip64=True) as part:
                _copy(lines, part, members[name], beat)
        written = BundleWritten(
            entries=member.lines, unsealed=member.lines - sealed_count, checkpoint=anchor.number
        )
        _sign(archive, _manifest(written, members, about or {}))
    return written


def _manifest(written: BundleWritten, members: Mapping[str, Member], about: Mapping[str, Any]) -> bytes:
    files = {
        name: {"bytes": member.size, "sha256": member.digest.hexdigest()} for name, member in members.items()
    }
    manifest = {
        "about": dict(about),
        "checkpoint": written.checkpoint,
        "entries": written.entries,
        "files": files,
        "format": verifier.BUNDLE_FORMAT,
        "installation": settings.CURFEW_ENV,
        "made_at": moment(timezone.now()),
        "unsealed": written.unsealed,
    }
    return canonical(manifest) + b"\n"


def _sign(archive: zipfile.ZipFile, manifest: bytes) -> None:
    signature = sign(BUNDLE, manifest)
    signed = {"key_id": signature.key_id, "purpose": BUNDLE, "signature": signature.value.hex()}
    archive.writestr(MANIFEST, manifest)
    archive.writestr(MANIFEST_SIGNATURE, canonical(signed) + b"\n")


def _copy(pieces: Iterable[bytes], part: IO[bytes], member: Member, beat: proofs.Beat) -> None:
    for piece in pieces:
        member.add(piece)
        part.write(piece)
        if member.lines % proofs.AT_ONCE == 0:
            beat()
