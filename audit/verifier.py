#!/usr/bin/env python3
"""Checks an export of a Curfew audit trail, a receipt, or an evidence pack. One file, Python 3.11 or newer, nothing
to install.

    python3 verifier.py BUNDLE --key-fingerprint F

BUNDLE is a folder or a zip, or a receipt's JSON. "genuine" is said only where F is given, taken from somewhere else
than the bundle: a printed receipt, the portal, an old checkpoint. Without it the result is "intact, signer not
checked".
Exit codes: 0 nothing wrong was found, 1 something is wrong, 2 it could not be checked.
The format is described at /audit/format/ of every Curfew.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256, sha512
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

# --- Hashes ---------------------------------------------------------------------------------------

GENESIS = bytes(32)  # what the first entry names as the hash before it
LEAF, NODE = b"\x00", b"\x01"
EMPTY_ROOT = sha256(b"").digest()


def link_hash(previous: bytes, body: bytes) -> bytes:
    """The hash of an entry in the chain: of 0x00, the 32 bytes before it, and its canonical bytes."""
    return sha256(b"\x00" + previous + body).digest()


def unhex(text: str) -> bytes:
    """Raises ValueError for any other way to write it than digits and small letters."""
    raw = bytes.fromhex(text)
    if raw.hex() != text:
        raise ValueError("not in small hexadecimal digits")
    return raw


def commitment(salt: str, value: str) -> str:
    """What an entry says of a personal value without saying it. Without the salt it cannot be guessed."""
    return sha256(b"curfew/personal/1\x00" + unhex(salt) + value.encode()).hexdigest()


class OutOfPlace(ValueError):
    """A piece of the tree that cannot stand where it was put."""


@dataclass
class Tree:
    """The Merkle tree of RFC 6962 over the entries' hashes, kept as its complete subtrees from left to right."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, digest: bytes) -> None:
        """One entry more."""
        self.add_subtree(0, sha256(LEAF + digest).digest())

    def add_subtree(self, level: int, root: bytes) -> None:
        """2**level entries more, of which only their root is known. Raises OutOfPlace where they do not fit."""
        if self.size % (1 << level):
            raise OutOfPlace(f"{1 << level} entries cannot follow {self.size}.")
        width = 1 << level
        while self.size & width:
            root = sha256(NODE + self.peaks.pop() + root).digest()
            width <<= 1
        self.peaks.append(root)
        self.size += 1 << level

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = sha256(NODE + peak + found).digest()
        return found


# --- Canonical JSON (RFC 8785 for nothing, yes and no, whole numbers, texts, lists and objects) ---


def canonical(value: object) -> bytes:
    """The one way to write it. Whatever was read from JSON has one, halves of surrogate pairs too."""
    text = SORTING.encode(value)
    if not text.isascii() and max(text) > "\uffff":  # keys are sorted by UTF-16 units
        text = AS_IT_IS.encode(_sorted(value))
    return text.encode("utf-8", "surrogatepass")


SORTING, AS_IT_IS = (
    json.JSONEncoder(sort_keys=sort_keys, ensure_ascii=False, separators=(",", ":"))
    for sort_keys in (True, False)
)


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _sorted(value[key])
            for key in sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        }
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


# --- Signatures: Ed25519 as in RFC 8032, section 5.1.7 --------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # extended coordinates: x = X/Z, y = Y/Z, x*y = T/Z


def ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this key signed the message; False for whatever is malformed. A few milliseconds, not constant time:
    nothing here is secret."""
    key = _decompress(public_key)
    if key is None or len(signature) != 64:
        return False
    half, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    challenge = int.from_bytes(sha512(half + public_key + message).digest(), "little") % ORDER
    x, y, z, t = _multiply(challenge, key)
    found = _add(_multiply(scalar, BASE), (-x % P, y, z, -t % P))
    return _compress(found) == half


def _add(left: Point, right: Point) -> Point:
    a = (left[1] - left[0]) * (right[1] - right[0]) % P
    b = (left[1] + left[0]) * (right[1] + right[0]) % P
    c = 2 * left[3] * right[3] * D % P
    d = 2 * left[2] * right[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(scalar: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = _add(found, point)
        point = _add(point, point)
        scalar >>= 1
    return found


def _decompress(encoded: bytes) -> Point | None:
    if len(encoded) != 32:
        return None
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _x_of(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_OF_MINUS_ONE % P
    if (x * x - square) % P or (not x and sign):
        return None
    return P - x if x & 1 != sign else x


def _compress(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE: Point = _decompress(bytes.fromhex("58" + "66" * 31)) or (0, 1, 1, 0)

Verify = Callable[[bytes, bytes, bytes], bool]


def signed_bytes(purpose: str, payload: bytes) -> bytes:
    """What a signature is really over; a signature for one purpose is none for another."""
    return b"curfew/" + purpose.encode() + b"/1\x00" + payload


def fingerprint_of(public_key: bytes) -> str:
    return sha256(public_key).hexdigest()


@dataclass(kw_only=True)
class KeyRing:
    """The public keys an export brings, and which of them the one that the reader knows stands for."""

    verify: Verify = ed25519_verify
    keys: dict[str, bytes] = field(default_factory=dict)
    _bonds: list[tuple[str, str]] = field(default_factory=list)

    def add(self, record: dict[str, Any]) -> bool:
        """One key. False where it is not signed by itself. Old and new key sign the same statement: a bond."""
        statement = record["statement"]
        key, previous = unhex(statement["public_key"]), statement["previous"]
        said = signed_bytes("key", canonical(statement))
        if not self.verify(key, said, unhex(record["own_signature"])):
            return False
        self.keys[fingerprint_of(key)] = key
        vouching = self.keys.get(previous or "")
        if vouching and self.verify(vouching, said, unhex(record["previous_signature"])):
            self._bonds.append((previous, fingerprint_of(key)))
        return True

    def stood_for_by(self, fingerprint: str) -> set[str]:
        """The key with this fingerprint and every key that is bound to it, older and newer."""
        found = {fingerprint} & set(self.keys)
        before = -1
        while before < len(found):
            before = len(found)
            found |= {key for bond in self._bonds if found & set(bond) for key in bond}
        return found

    def signed(self, purpose: str, payload: bytes, signature: str, key_id: str) -> bool:
        key = self.keys.get(key_id)
        return key is not None and self.verify(key, signed_bytes(purpose, payload), unhex(signature))


# --- What is found --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`number` is that of the first entry concerned, where one is. `code` is stable, `said` is for people."""

    code: str
    said: str
    number: int | None = None


@dataclass
class Findings:
    """The first problems in full, the rest as a number."""

    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    KEPT = 20

    def add(self, code: str, said: str, number: int | None = None) -> None:
        self.count += 1
        if len(self.problems) < self.KEPT:
            self.problems.append(Problem(code=code, said=said, number=number))

    @property
    def first_number(self) -> int | None:
        """The lowest number of an entry that is not as it was."""
        return min((found.number for found in self.problems if found.number is not None), default=None)


# --- Checkpoints: each says how long the chain is, what it ends in, and which checkpoint was before ---

CHECKPOINT_FORMAT = "curfew-checkpoint/1"


def checkpoint_digest(statement: bytes, signature: bytes) -> bytes:
    """What the next checkpoint says of this one."""
    return sha256(statement + signature).digest()


@dataclass(kw_only=True)
class CheckpointCheck:
    """Reads checkpoints in order. The signature of the last one is over the digests of all before it, so only
    the last of each key is verified."""

    keys: KeyRing
    findings: Findings
    last: dict[str, Any] | None = None

    def add(self, record: dict[str, Any]) -> None:
        """The next checkpoint, as {"statement", "signature"}."""
        statement, before = record["statement"], self.last["statement"] if self.last else None
        if self.last is None or before is None:
            self._first(statement)
        else:
            self._follows(statement, before, self.last)
            if statement["key"] != before["key"]:
                self._require_signature(self.last)
        self.last = record

    def finish(self) -> None:
        if self.last:
            self._require_signature(self.last)

    def _first(self, statement: dict[str, Any]) -> None:
        if (statement["number"] == 1) != (statement["previous"] == GENESIS.hex()):
            self._say("checkpoint_changed", f"Checkpoint {statement['number']} does not begin as it says.")

    def _follows(self, now: dict[str, Any], before: dict[str, Any], record: dict[str, Any]) -> None:
        number = now["number"]
        if number != before["number"] + 1:
            self._say(
                "checkpoint_missing", f"Checkpoint {before['number'] + 1} is missing.", before["size"] + 1
            )
        elif now["previous"] != digest_of_record(record).hex():
            self._say("checkpoint_changed", f"Checkpoint {number - 1} is not the one that was signed.")
        if now["size"] < before["size"]:
            self._say(
                "checkpoint_shrunk", f"Checkpoint {number} says less than the one before.", now["size"] + 1
            )

    def _require_signature(self, record: dict[str, Any]) -> None:
        statement = record["statement"]
        if not self.keys.signed("checkpoint", canonical(statement), record["signature"], statement["key"]):
            self._say("checkpoint_signature", f"The signature of checkpoint {statement['number']} is wrong.")

    def _say(self, code: str, said: str, number: int | None = None) -> None:
        self.findings.add(code, said, number)


def digest_of_record(record: dict[str, Any]) -> bytes:
    return checkpoint_digest(canonical(record["statement"]), unhex(record["signature"]))


# --- Entries: each hash is over the one before, and the tree over all of them has a signed root ---

TIME_AT, TIME_END, BODY_END = -35, -8, b'Z","v":1}'  # a body ends with its time and its version
TOLERANCE = timedelta(hours=1)


@dataclass(kw_only=True)
class EntryCheck:
    """Reads entries, gaps and checkpoints in the order of their numbers, in constant memory."""

    findings: Findings
    tree: Tree = field(default_factory=Tree)
    size: int = 0  # how far it has come
    last: bytes | None = GENESIS  # the hash of number `size`; None where it is not known
    is_whole: bool = True  # whether the tree can still be compared with checkpoints
    proved: int = 0  # up to which number a checkpoint agreed
    not_before: str = ""

    def entry(self, number: int, digest: bytes, body: bytes | None, previous: bytes | None = None) -> None:
        """An entry with its hash and, where the source says it, the hash before. No body: it is gone."""
        if not self._comes_next(number):
            return
        if previous is not None and self.last is not None and previous != self.last:
            self.findings.add("moved", f"Entry {number} does not follow the one before it.", number)
        self._content(number, digest, body, previous or self.last)
        self.tree.add(digest)
        self.size, self.last = number, digest

    def gap(self, first: int, level: int, root: bytes) -> None:
        """2**level entries that are not in the export, of which only the root of their tree is known."""
        if not self._comes_next(first):
            return
        try:
            self.tree.add_subtree(level, root)
        except OutOfPlace:
            self.findings.add("gap", f"What stands for entry {first} and others cannot stand there.", first)
            self.is_whole = False
        self.size, self.last = first + (1 << level) - 1, None

    def checkpoint(self, statement: dict[str, Any]) -> None:
        """To be called when `size` has come to the size that it states."""
        self.not_before = earliest_after(statement["taken_at"])
        if not self.is_whole:
            return
        head_agrees = self.last is None or self.last.hex() == statement["head"]
        if head_agrees and self.tree.root().hex() == statement["root"]:
            self.proved = self.size
            return
        self.is_whole = False  # everything after would differ too
        first = self.proved + 1
        said = f"Entries {first} to {self.size} are not the ones that checkpoint {statement['number']} was signed over."
        self.findings.add("not_as_signed", said, min(first, self.size))

    def cut_off(self, statement: dict[str, Any]) -> None:
        """The entries end before the size that a checkpoint states."""
        first = self.size + 1
        said = f"Entries {first} to {statement['size']} are missing: checkpoint {statement['number']} counted them."
        self.findings.add("cut_off", said, first)

    def _comes_next(self, number: int) -> bool:
        if number <= self.size:
            self.findings.add("twice", f"Entry {number} is there again, or not in its place.", number)
            return False
        if number > self.size + 1:
            missing = f"{self.size + 1}" if number == self.size + 2 else f"{self.size + 1} to {number - 1}"
            self.findings.add("missing", f"Missing: entry {missing}.", self.size + 1)
            self.size, self.last, self.is_whole = number - 1, None, False
        return True

    def _content(self, number: int, digest: bytes, body: bytes | None, before: bytes | None) -> None:
        if body is None:
            self.findings.add("gone", f"Entry {number} was deleted.", number)
        elif before is not None and link_hash(before, body) != digest:
            self.findings.add("changed", f"Entry {number} is not what it was when it was sealed.", number)
        elif not body.endswith(BODY_END):
            self.findings.add("version", f"Entry {number} has a form that is not known here.", number)
        elif body[TIME_AT:TIME_END].decode() < self.not_before:
            self.findings.add("backdated", f"Entry {number} was added later than it says.", number)


def earliest_after(taken_at: str) -> str:
    """An entry sealed after a checkpoint may say that it is a little older, but not by an hour."""
    moment = datetime.strptime(taken_at, MOMENT) - TOLERANCE  # noqa: DTZ007  # UTC on both sides
    return moment.strftime(MOMENT)


MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


def wrong_values(personal: list[dict[str, str]], committed: list[dict[str, str]]) -> bool:
    """Whether one of the personal values beside an entry is none that the entry committed to."""
    known = {(one["role"], one["kind"], one["commitment"]) for one in committed}
    return any(
        (one["role"], one["kind"], commitment(one["salt"], one["value"])) not in known for one in personal
    )


# --- The bundle -----------------------------------------------------------------------------------

BUNDLE_FORMAT = "curfew-bundle/1"
MANIFEST, MANIFEST_SIGNATURE = "manifest.json", "manifest.sig.json"
ENTRIES, GAPS, CHECKPOINTS, KEYS = "entries.jsonl", "gaps.jsonl", "checkpoints.jsonl", "keys.jsonl"
SEALED = re.compile(
    rb'\{"chain":\{"hash":"([0-9a-f]{64})","number":([1-9][0-9]{0,17}),"previous":"([0-9a-f]{64})"\},"entry":'
)
UNSEALED = b'{"chain":null,"entry":'
PERSONAL = b',"personal":['
LONGEST_LINE, LARGEST_PART = 16 * 2**20, 64 * 2**20
READ_AT_ONCE = 2**18
DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


class Unreadable(Exception):
    """It is no bundle, or one of another version."""


class Bundle:
    """The files of a folder or a zip."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = None if path.is_dir() else zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{path} is neither a folder nor a zip: {error}") from error

    def names(self) -> list[str]:
        if self._zip:
            return [info.filename for info in self._zip.infolist() if not info.is_dir()]
        files = (path for path in self.path.rglob("*") if path.is_file())
        return [path.relative_to(self.path).as_posix() for path in files]

    def open(self, name: str) -> IO[bytes]:
        if self._zip is None:
            return (self.path / name).open("rb")
        packed = cast(zipfile.ZipExtFile, self._zip.open(name))
        return BufferedReader(
            packed, READ_AT_ONCE
        )  # reading lines from it as it is takes three times as long

    def read(self, name: str) -> bytes:
        """A small file as a whole. Raises Unreadable."""
        try:
            with self.open(name) as file:
                return file.read(LARGEST_PART)
        except (OSError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise Unreadable(f"{name} cannot be read: {error}") from error

    def lines(self, name: str) -> Iterator[bytes]:
        with self.open(name) as file:
            while line := file.readline(LONGEST_LINE):
                yield line

    def records(self, name: str) -> Iterator[Any]:
        return (json.loads(line) for line in self.lines(name))


@dataclass(kw_only=True)
class Report:
    """What the check came to."""

    findings: Findings
    signer_checked: bool
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        if self.findings.count:
            return "not intact"
        return "genuine" if self.signer_checked else "intact, signer not checked"


def check_bundle(
    path: Path,
    *,
    fingerprint: str = "",
    outside: Iterable[dict[str, Any]] = (),
    verify: Verify = ed25519_verify,
) -> Report:
    """Everything that can be checked of an export, with nothing but the export. Raises Unreadable.

    `outside` are checkpoints kept elsewhere: the export must agree with them and not end before one that was
    taken before it was made.
    """
    findings = Findings()
    report = Report(findings=findings, signer_checked=bool(fingerprint))
    bundle = Bundle(path)
    written = bundle.read(MANIFEST)
    manifest = _manifest(written)
    for problem in _wrong_files(bundle, manifest):
        findings.add("file", problem)
    keys = KeyRing(verify=verify)
    try:
        _check_signers(bundle, written, keys, fingerprint, findings)
        checkpoints = _check_checkpoints(bundle, keys, fingerprint, findings)
        _checkoutside_records(checkpoints, list(outside), manifest["made_at"], findings)
        _check_entries(bundle, checkpoints, manifest, report)
    except (*DAMAGED, OSError, zipfile.BadZipFile, EOFError) as error:
        findings.add("damaged", f"The export is damaged: {type(error).__name__}: {error}")
    return report


def _manifest(written: bytes, format_: str = BUNDLE_FORMAT) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(written)
        known = manifest["format"] == format_ and isinstance(manifest["files"], dict)
    except DAMAGED as error:
        raise Unreadable(f"{MANIFEST} is damaged: {error}") from error
    if not known:
        raise Unreadable(f"{MANIFEST} is of another format than {format_}.")
    return manifest


def _wrong_files(bundle: Bundle, manifest: dict[str, Any]) -> Iterator[str]:
    there = set(bundle.names())
    for name in sorted(there - set(manifest["files"]) - {MANIFEST, MANIFEST_SIGNATURE}):
        yield f"{name} is not listed in {MANIFEST}."
    for name, listed in manifest["files"].items():
        if name not in there:
            yield f"{name} is missing."
        elif _digest_of_file(bundle, name) != listed.get("sha256"):
            yield f"{name} is not the file that {MANIFEST} lists."
    if len(there) != len(bundle.names()):
        yield "A file is there twice."


def _digest_of_file(bundle: Bundle, name: str) -> str:
    digest = sha256()
    try:
        with bundle.open(name) as file:
            while piece := file.read(2**20):
                digest.update(piece)
    except (OSError, zipfile.BadZipFile, EOFError, ValueError):
        return "unreadable"
    return digest.hexdigest()


def _check_signers(
    bundle: Bundle,
    written: bytes,
    keys: KeyRing,
    fingerprint: str,
    findings: Findings,
    *,
    purpose: str = "bundle",
) -> None:
    for number, record in enumerate(bundle.records(KEYS), start=1):
        if not keys.add(record):
            findings.add("key", f"Key {number} in {KEYS} is not signed by itself.")
    if fingerprint and fingerprint not in keys.keys:
        findings.add("signer", "No key in the export has the fingerprint that was given.")
    signed = bundle.read(MANIFEST_SIGNATURE)
    signature = json.loads(signed)
    if signed != _signature_file(signature, purpose) or not keys.signed(
        purpose, written, signature["signature"], signature["key_id"]
    ):
        findings.add("manifest_signature", f"The signature of {MANIFEST} is wrong.")
    elif fingerprint and signature["key_id"] not in keys.stood_for_by(fingerprint):
        findings.add("signer", f"{MANIFEST} is signed by a key that the given one does not stand for.")


def _signature_file(signature: dict[str, str], purpose: str) -> bytes:
    """There is one way to write it, so that no byte of an export can be changed unnoticed."""
    value, key_id = unhex(signature["signature"]), signature["key_id"]
    return canonical({"key_id": key_id, "purpose": purpose, "signature": value.hex()}) + b"\n"


def _check_checkpoints(
    bundle: Bundle, keys: KeyRing, fingerprint: str, findings: Findings
) -> list[dict[str, Any]]:
    check, records, trusted = (
        CheckpointCheck(keys=keys, findings=findings),
        [],
        keys.stood_for_by(fingerprint),
    )
    for record in bundle.records(CHECKPOINTS):
        check.add(record)
        records.append(record)
    check.finish()
    signers = {record["statement"]["key"] for record in records}
    if fingerprint and signers - trusted:
        findings.add("signer", "A checkpoint is signed by a key that the given one does not stand for.")
    if not records:
        findings.add("no_checkpoint", "There is no checkpoint, so nothing says that these are the entries.")
    return records


def _checkoutside_records(
    records: list[dict[str, Any]], outside: list[dict[str, Any]], made_at: str, findings: Findings
) -> None:
    inside = {record["statement"]["number"]: digest_of_record(record) for record in records}
    last = records[-1]["statement"] if records else {"number": 0, "size": 0}
    for record in outside:
        statement = record["statement"]
        number = statement["number"]
        if number in inside and inside[number] != digest_of_record(record):
            findings.add("outside", f"Checkpoint {number} is another one than the one kept outside.")
        elif number > last["number"] and statement["taken_at"] <= made_at:
            said = f"The export ends before checkpoint {number}, which was taken before it was made."
            findings.add("cut_off", said, last["size"] + 1)


def _check_entries(
    bundle: Bundle, checkpoints: list[dict[str, Any]], manifest: dict[str, Any], report: Report
) -> None:
    findings = report.findings
    check = EntryCheck(findings=findings)
    walk = _Walk(check, checkpoints, _gaps(bundle))
    sealed = unsealed = 0
    for line in bundle.lines(ENTRIES):
        if unsealed or line.startswith(UNSEALED):
            unsealed += 1
            if not line.startswith(UNSEALED) or _personal_of(line, len(UNSEALED))[1]:
                findings.add("form", "After the sealed entries stands a line that is not as it must be.")
            continue
        sealed += 1
        _check_line(line, walk, findings)
    walk.to_the_end()
    if (sealed + unsealed, unsealed) != (manifest["entries"], manifest["unsealed"]):
        findings.add(
            "count", f"{MANIFEST} counts {manifest['entries']} entries, {manifest['unsealed']} unsealed."
        )
    report.facts = {
        "entries": sealed,
        "unsealed": unsealed,
        "proved": check.proved,
        "checkpoint": checkpoints[-1]["statement"] if checkpoints else None,
    }


def _check_line(line: bytes, walk: _Walk, findings: Findings) -> None:
    """The hash is over the very bytes of the line, so they need not be understood to be checked."""
    found = SEALED.match(line)
    if not found:
        findings.add(
            "form",
            f"After entry {walk.check.size} stands a line that is not as it must be.",
            walk.check.size + 1,
        )
        return
    number = int(found[2])
    walk.up_to(number)
    body, wrong = _personal_of(line, found.end())
    if wrong:
        findings.add("personal", f"A personal value beside entry {number} is not the one it had.", number)
    walk.check.entry(number, bytes.fromhex(found[1].decode()), body, bytes.fromhex(found[3].decode()))


def _personal_of(line: bytes, start: int) -> tuple[bytes, bool]:
    """The bytes of the entry, and whether a value beside it is wrong. An unescaped quote is never inside a text,
    so the last place that looks like the beginning of the values is it."""
    end = line.rfind(PERSONAL)
    body, rest = line[start:end], line[end + len(PERSONAL) - 1 :]
    if rest == b"[]}\n":
        return body, False
    if end < start or not rest.endswith(b"]}\n"):
        return body, True
    personal = json.loads(rest[:-2])
    return body, canonical(personal) != rest[:-2] or wrong_values(personal, json.loads(body)["personal"])


def _gaps(bundle: Bundle) -> Iterator[tuple[int, int, bytes]]:
    for record in bundle.records(GAPS):
        if not 0 <= record["level"] < 64:
            raise ValueError("a gap's level")
        yield record["first"], record["level"], unhex(record["hash"])


class _Walk:
    """Brings gaps and checkpoints to their places between the entries."""

    def __init__(
        self, check: EntryCheck, checkpoints: list[dict[str, Any]], gaps: Iterator[tuple[int, int, bytes]]
    ) -> None:
        self.check = check
        self._statements = [record["statement"] for record in checkpoints]
        self._gaps = gaps
        self._gap = next(gaps, None)
        self._place = 0
        self._pass_checkpoints()

    def up_to(self, number: int) -> None:
        """Everything that stands before this entry."""
        while self._gap and self._gap[0] < number:
            self.check.gap(*self._gap)
            self._gap = next(self._gaps, None)
            self._pass_checkpoints()
        self._pass_checkpoints()

    def to_the_end(self) -> None:
        self.up_to(2**62)
        last = self._statements[-1] if self._statements else None
        if last and self.check.size < last["size"]:
            self.check.cut_off(last)
        elif last and self.check.size > last["size"]:
            said = f"Entries from {last['size'] + 1} are in no checkpoint."
            self.check.findings.add("not_in_checkpoint", said, last["size"] + 1)

    def _pass_checkpoints(self) -> None:
        """Those whose size has been reached. One inside a gap cannot be compared, only the ones after it can."""
        while (
            self._place < len(self._statements) and self._statements[self._place]["size"] <= self.check.size
        ):
            if self._statements[self._place]["size"] == self.check.size:
                self.check.checkpoint(self._statements[self._place])
            self._place += 1


# --- A receipt, and an evidence pack --------------------------------------------------------------

RECEIPT_FORMAT, EVIDENCE_FORMAT = "curfew-receipt/1", "curfew-evidence/1"
RECEIPTS = "receipts/"


def check_receipt(path: Path, *, fingerprint: str = "", verify: Verify = ed25519_verify) -> Report:
    """One signed version of a receipt, with nothing but its JSON. Raises Unreadable.

    What stands beside `signed` (names, notes) is not signed and not looked at.
    """
    findings = Findings()
    report = Report(findings=findings, signer_checked=bool(fingerprint))
    signed = _signed_part(path.read_bytes()[:LARGEST_PART])
    keys = KeyRing(verify=verify)
    try:
        for record in signed["keys"]:
            if not keys.add(record):
                findings.add("key", "A key beside the receipt is not signed by itself.")
        if fingerprint and fingerprint not in keys.keys:
            findings.add("signer", "No key beside the receipt has the fingerprint that was given.")
        trusted = keys.stood_for_by(fingerprint) if fingerprint else set(keys.keys)
        report.facts = _check_signed(signed, keys, trusted, findings)
    except DAMAGED as error:
        findings.add("damaged", f"The receipt is damaged: {type(error).__name__}: {error}")
    return report


def _signed_part(written: bytes) -> dict[str, Any]:
    try:
        read = json.loads(written)
        signed: dict[str, Any] = read.get("signed", read)
        known = signed["document"]["format"] == RECEIPT_FORMAT
    except DAMAGED as error:
        raise Unreadable(f"it is no receipt, or its present state is not signed yet: {error}") from error
    if not known:
        raise Unreadable(f"the receipt is of another format than {RECEIPT_FORMAT}.")
    return signed


def _check_signed(
    signed: dict[str, Any], keys: KeyRing, trusted: set[str], findings: Findings
) -> dict[str, Any]:
    document, signature = signed["document"], signed["signature"]
    payload, key = canonical(document), signature["key"]
    name = f"Receipt {document['receipt']}, version {document['version']}"
    if sha256(payload).hexdigest() != signed["sha256"]:
        findings.add("receipt_changed", f"{name} is not the document its SHA-256 was made of.")
    if document["key"] != key or not keys.signed("receipt", payload, signature["value"], key):
        findings.add("receipt_signature", f"{name} is not what was signed.")
    elif key not in trusted:
        findings.add("signer", f"{name} is signed by a key that the given one does not stand for.")
    return {"receipt": document["receipt"], "version": document["version"], "made_at": document["made_at"]}


def check_evidence(path: Path, *, fingerprint: str = "", verify: Verify = ed25519_verify) -> Report:
    """An evidence pack: every file is the one the signed list names, and every receipt in it is genuine."""
    findings = Findings()
    report = Report(findings=findings, signer_checked=bool(fingerprint))
    bundle, keys = Bundle(path), KeyRing(verify=verify)
    written = bundle.read(MANIFEST)
    manifest = _manifest(written, EVIDENCE_FORMAT)
    for problem in _wrong_files(bundle, manifest):
        findings.add("file", problem)
    try:
        _check_signers(bundle, written, keys, fingerprint, findings, purpose="evidence")
        trusted = keys.stood_for_by(fingerprint) if fingerprint else set(keys.keys)
        receipts = [name for name in bundle.names() if name.startswith(RECEIPTS)]
        for name in receipts:
            _check_signed(_signed_part(bundle.read(name)), keys, trusted, findings)
        report.facts = {"receipts": len(receipts), "period": manifest["period"]}
    except (*DAMAGED, OSError, Unreadable, zipfile.BadZipFile, EOFError) as error:
        findings.add("damaged", f"The pack is damaged: {type(error).__name__}: {error}")
    return report


def check_any(path: Path, *, fingerprint: str = "", outside: Iterable[dict[str, Any]] = ()) -> Report:
    """Whichever of the three it is. Raises Unreadable, or OSError where there is nothing."""
    if path.is_file() and _begins_as_json(path):
        return check_receipt(path, fingerprint=fingerprint)
    if _format_of(Bundle(path).read(MANIFEST)) == EVIDENCE_FORMAT:
        return check_evidence(path, fingerprint=fingerprint)
    return check_bundle(path, fingerprint=fingerprint, outside=outside)


def _begins_as_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).lstrip()[:1] == b"{"


def _format_of(written: bytes) -> object:
    try:
        return json.loads(written)["format"]
    except DAMAGED:
        return None


# --- The command ----------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path, help="the export: a folder, a zip, or the JSON of a receipt")
    parser.add_argument(
        "--key-fingerprint", default="", metavar="F", help="SHA-256 of the public key; spaces do not matter"
    )
    parser.add_argument("--checkpoints", type=Path, action="append", default=[], metavar="FILE",
                        help="checkpoints that were kept outside, one JSON line each (repeatable)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(arguments)
    try:
        report = check_any(
            asked.bundle,
            fingerprint=fingerprint_from(asked.key_fingerprint),
            outside=outside_records(asked.checkpoints),
        )
    except (Unreadable, OSError) as error:
        sys.stderr.write(f"Could not be checked: {error}\n")
        return 2
    sys.stdout.write((as_json(report) if asked.json else as_text(report)) + "\n")
    return 1 if report.findings.count else 0


def fingerprint_from(typed: str) -> str:
    """As it was typed or pasted: groups and capitals do not matter. Raises Unreadable for what is none."""
    found = re.sub(r"[\s:-]", "", typed).lower()
    if found and not re.fullmatch(r"[0-9a-f]{64}", found):
        raise Unreadable("a fingerprint has 64 hexadecimal digits.")
    return found


def outside_records(paths: list[Path]) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for path in paths for line in path.read_bytes().splitlines() if line]
    except ValueError as error:
        raise Unreadable(f"the checkpoints kept outside are damaged: {error}") from error


def as_text(report: Report) -> str:
    """The verdict first, then where to look."""
    lines = [report.verdict.capitalize() + "."]
    if report.findings.first_number is not None:
        lines.append(f"First bad number: {report.findings.first_number}.")
    lines += [f"- {problem.said}" for problem in report.findings.problems]
    if report.findings.count > len(report.findings.problems):
        lines.append(f"- and {report.findings.count - len(report.findings.problems)} more.")
    if "version" in report.facts:
        lines.append("Receipt {receipt}, version {version}, made {made_at}.".format(**report.facts))
    if "receipts" in report.facts:
        lines.append(f"{report.facts['receipts']} receipts in it, each of them checked.")
    if "entries" in report.facts:
        lines.append(
            f"{report.facts['entries']} sealed entries, {report.facts['unsealed']} not yet sealed (not proved)."
        )
    checkpoint = report.facts.get("checkpoint")
    if checkpoint:
        lines.append(
            f"Last checkpoint: {checkpoint['number']} of {checkpoint['taken_at']}, "
            f"{checkpoint['size']} entries, key {checkpoint['key']}."
        )
    return "\n".join(lines)


def as_json(report: Report) -> str:
    problems = [
        {"code": one.code, "number": one.number, "said": one.said} for one in report.findings.problems
    ]
    return json.dumps(
        {
            "verdict": report.verdict,
            "problems": problems,
            "problem_count": report.findings.count,
            "first_bad_number": report.findings.first_number,
            **report.facts,
        }
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
