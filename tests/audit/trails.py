"""Trails and bundles to examine, and the hands of somebody who owns the database."""

import json
import shutil
import zipfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from django.db import connection, transaction

from audit.bundle import write_bundle
from audit.chain import seal_all
from audit.checkpoints import take_checkpoint
from audit.events import Events
from audit.initiators import Door, Initiator, InitiatorKind
from audit.models import AuditEntry
from audit.record import Occurrence, Target, record_many
from audit.signing import current_fingerprint
from audit.verifier import check_bundle
from tests.audit_flush import triggers_lifted

IVAN = Initiator(
    kind=InitiatorKind.MACHINE, id="ivan", name="Ivan Petrov", door=Door.API, address="198.51.100.7"
)


def a_trail(*sizes):
    """So many sealed entries, with a checkpoint after each number given."""
    for size in sizes:
        some_entries(size)
        seal_all()
        take_checkpoint()


def some_entries(count):
    with transaction.atomic():
        return record_many(
            Events.SIGN_IN_ALLOWED_AGAIN,
            initiator=IVAN,
            occurrences=[
                Occurrence(
                    target=Target(kind="role_grant", id=str(number), label=f"Person {number}"),
                    reason="other",
                    details={"count": number, "realm": "n\u00f6rd", "method": ["a", None]},
                )
                for number in range(count)
            ],
        )


def a_bundle(folder: Path, entries=None, **options) -> Path:
    """The export of these entries, or of all, unpacked into a folder."""
    packed = BytesIO()
    write_bundle(packed, entries=AuditEntry.objects.all() if entries is None else entries, **options)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    return folder


def codes(folder: Path, **options):
    """What the verifier, knowing the key, finds wrong with an export."""
    options = {"fingerprint": current_fingerprint(), **options}
    return [found.code for found in check_bundle(folder, **options).findings.problems]


def lines_of(folder: Path, name: str) -> list[bytes]:
    return (folder / name).read_bytes().splitlines(keepends=True)


def rewrite(folder: Path, name: str, lines) -> None:
    """Other lines, and a manifest that lists them: all that can be done without the key."""
    (folder / name).write_bytes(b"".join(lines))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"][name] = {
        "bytes": (folder / name).stat().st_size,
        "sha256": sha256((folder / name).read_bytes()).hexdigest(),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def a_copy(folder: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(folder, to))


def as_owner(sql, *values):
    """What only the owner of the database can do: lift the triggers, and put them back as if nothing was."""
    with connection.cursor() as cursor, triggers_lifted():
        cursor.execute(sql, values)
