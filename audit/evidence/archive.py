"""The pack as one zip: PDF, CSV, JSON, the receipts, the verifier, and a signed list of them all."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction

from audit import verifier
from audit.events import Events
from audit.evidence import words
from audit.evidence.cases import NO_OUTSIDE_SYSTEMS
from audit.evidence.documents import as_pdf
from audit.evidence.matching import MatchRow
from audit.evidence.pack import Pack
from audit.evidence.sampling import METHOD
from audit.evidence.signed_pack import sign_manifest
from audit.exports.spreadsheet import BYTE_ORDER_MARK, lines_of
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.proofs import key_lines
from audit.receipts import signed, stamp
from audit.record import Target, record
from audit.signing import current_fingerprint
from audit.verifier import EVIDENCE_FORMAT, KEYS, canonical

ABOUT_SETTINGS = (
    "among the settings that operators edit, from the first start on with the values it began with"
)
READ_ME = """Evidence of leavers.

evidence.pdf    to read: the match, exceptions first, one page for each case
evidence.json   the same for programs
*.csv           the same as tables, for spreadsheets
leavers.csv     HR's file as it was received
receipts/       the newest signed version of each receipt concerned
verifier.py     checks all of it without Curfew, with Python 3.11 or newer:

    python3 verifier.py THIS_FOLDER_OR_ZIP --key-fingerprint FINGERPRINT

Take the fingerprint from elsewhere: it stands on every receipt and on the pages of the trail.
"""


@dataclass(frozen=True, kw_only=True)
class PackWritten:
    """By what the archive is known again."""

    sha256: str
    size: int


def write_pack(file: BinaryIO, pack: Pack) -> PackWritten:
    """Raises UnknownSigningKey where it cannot be signed."""
    listed: dict[str, Any] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(pack):
            archive.writestr(name, content)
            listed[name] = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
        sign_manifest(archive, _manifest(pack, listed))
    return _known_again(file)


def record_pack(written: PackWritten, pack: Pack, *, by: Initiator) -> AuditEntry:
    """The entry of a pack, before its first byte leaves."""
    found = pack.matched
    with transaction.atomic():
        return record(
            Events.EVIDENCE_BUILT,
            initiator=by,
            target=Target(kind="leaver_list", id=str(found.leavers.pk), label=str(found.leavers.source)),
            details={
                "rows": found.leavers.rows,
                "open": len(found.open),
                "exceptions": len(found.exceptions),
                "seed": pack.draw.seed,
                "sample": len(pack.sample),
                "sha256": written.sha256,
                "list_sha256": found.leavers.sha256,
            },
        )


def _known_again(file: BinaryIO) -> PackWritten:
    file.seek(0)
    digest, size = sha256(), 0
    while piece := file.read(2**20):
        digest.update(piece)
        size += len(piece)
    file.seek(0)
    return PackWritten(sha256=digest.hexdigest(), size=size)


def _manifest(pack: Pack, listed: Mapping[str, Any]) -> bytes:
    manifest = {
        "format": EVIDENCE_FORMAT,
        "installation": settings.CURFEW_ENV,
        "made_at": stamp(pack.made_at),
        "period": _period(pack),
        "population": _population(pack),
        "sample": _sample(pack),
        "files": dict(listed),
    }
    return canonical(manifest) + b"\n"


# --- The files ------------------------------------------------------------------------------------


def _files(pack: Pack) -> Iterator[tuple[str, bytes]]:
    current_fingerprint()  # before anything is written: whether it can be signed, and the keys complete
    yield "README.txt", READ_ME.encode()
    yield "evidence.pdf", as_pdf(pack)
    yield "evidence.json", json.dumps(_document(pack), ensure_ascii=False, indent=1).encode()
    yield "leavers.csv", bytes(pack.matched.leavers.content)
    yield "match.csv", _csv(MATCH_COLUMNS, [_match_cells(row) for row in pack.matched.rows])
    yield "sample.csv", _csv(MATCH_COLUMNS, [_match_cells(row) for row in pack.sample])
    yield "bad_rows.csv", _csv(("line", "why"), [list(each) for each in pack.matched.bad])
    yield "response_times.csv", _csv(("over_ms", "up_to_ms", "count"), _bars(pack))
    yield "roles.csv", _csv(ROLE_COLUMNS, _roles(pack))
    yield "settings.csv", _csv(SETTING_COLUMNS, _settings(pack))
    for version in pack.receipts:
        name = f"{verifier.RECEIPTS}{version.receipt}-v{version.number}.json"
        yield name, json.dumps(signed(version), ensure_ascii=False, indent=1).encode()
    yield KEYS, b"".join(key_lines())
    yield "verifier.py", Path(verifier.__file__).read_bytes()


MATCH_COLUMNS = (
    "kind",
    "key",
    "name",
    "left_on",
    "hr_line",
    "receipt",
    "source_event",
    "decided_at",
    "cut_off_at",
    "milliseconds",
    "confirmed",
    "by",
    "sessions",
    "entry",
    "number",
    "explained",
    "explained_by",
    "explained_at",
    "explained_entry",
)
ROLE_COLUMNS = ("role", "person", "name", "population", "since", "until", "granted_by", "entry")
SETTING_COLUMNS = ("kind", "id", "field", "value", "since", "by", "entry")


def _csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    return (BYTE_ORDER_MARK + lines_of([list(columns), *rows])).encode()


def _match_cells(row: MatchRow) -> list[object]:
    return list(_match_row(row).values())


def _match_row(row: MatchRow) -> dict[str, object]:
    """In the order of the columns; None is an empty cell."""
    case, leaver, said = row.case, row.leaver, row.explanation
    found: dict[str, object] = dict.fromkeys(MATCH_COLUMNS)
    found |= {"kind": row.kind.value, "key": row.key, "name": row.name}
    if leaver:
        found |= {"left_on": leaver.left_on, "hr_line": leaver.line}
    if case:
        found |= {
            "receipt": case.receipt,
            "source_event": case.source,
            "decided_at": stamp(case.decided_at),
            "cut_off_at": stamp(case.cut_off_at) or "not yet cut off",
            "milliseconds": case.milliseconds,
            "confirmed": case.confirmed,
            "by": case.by,
            "sessions": case.sessions,
            "entry": case.entry,
            "number": case.number,
        }
    if row.is_exception:
        found["explained"] = said.text if said else "open"
    if said:
        found |= {"explained_by": said.by, "explained_at": stamp(said.at), "explained_entry": said.entry}
    return found


def _bars(pack: Pack) -> list[list[object]]:
    return [[bar.over_ms, bar.up_to_ms, bar.count] for bar in pack.times.bars]


def _roles(pack: Pack) -> list[list[object]]:
    return [
        [
            each.role,
            each.person,
            each.name,
            each.population,
            stamp(each.since),
            each.until or None,
            each.by,
            each.entry,
        ]
        for each in pack.roles
    ]


def _settings(pack: Pack) -> list[list[object]]:
    return [
        [each.kind, each.id, each.field, each.value, stamp(each.since), each.by, each.entry]
        for each in pack.settings
    ]


def _document(pack: Pack) -> dict[str, Any]:
    return {
        "format": EVIDENCE_FORMAT,
        "made_at": stamp(pack.made_at),
        "period": _period(pack),
        "population": _population(pack),
        "bad_rows": [{"line": line, "why": why} for line, why in pack.matched.bad],
        "counts": {kind.value: len(pack.matched.of(kind)) for kind in words.KINDS},
        "open_exceptions": len(pack.matched.open),
        "match": [_match_row(row) for row in pack.matched.rows],
        "sample": _sample(pack),
        "response_times": {
            "unit": "milliseconds",
            "cut_off": pack.times.count,
            "not_cut_off": pack.times.open,
            "p50": pack.times.p50,
            "p95": pack.times.p95,
            "max": pack.times.longest,
            "over_30_s": pack.times.over_target,
            "over_60_s": pack.times.over_limit,
            "bars": [dict(zip(("over_ms", "up_to_ms", "count"), bar, strict=True)) for bar in _bars(pack)],
        },
        "outside_systems": NO_OUTSIDE_SYSTEMS,
        "as_of": pack.as_of.isoformat(),
        "roles": [dict(zip(ROLE_COLUMNS, each, strict=True)) for each in _roles(pack)],
        "policies": ABOUT_SETTINGS,
        "settings": [dict(zip(SETTING_COLUMNS, each, strict=True)) for each in _settings(pack)],
        "entries_not_yet_sealed": pack.not_sealed,
    }


def _period(pack: Pack) -> dict[str, str]:
    period = pack.matched.period
    return {"first_day": period.first.isoformat(), "last_day": period.last.isoformat()}


def _population(pack: Pack) -> dict[str, Any]:
    kept = pack.matched.leavers
    return {
        "source": kept.source,
        "query": kept.query,
        "rows": kept.rows,
        "bad_rows": kept.bad_rows,
        "sha256": kept.sha256,
        "received_at": stamp(kept.received_at),
        "allowed_hours": kept.allowed_hours,
    }


def _sample(pack: Pack) -> dict[str, Any]:
    return {"seed": pack.draw.seed, "method": METHOD, "keys": [row.key for row in pack.sample]}
