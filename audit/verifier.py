#!/usr/bin/env python3
"""Checks an export of a Curfew audit trail. One file, Python 3.11 or newer, nothing to install.

    python3 verifier.py BUNDLE --key-fingerprint F

BUNDLE is a folder or a zip. "genuine" is said only where F is given, taken from somewhere else than the bundle:
a printed receipt, the portal, an old checkpoint. Without it the result is "intact, signer not checked".
Exit codes: 0 nothing wrong was found, 1 something is wrong, 2 it could not be checked.
The format is described at /audit/format/ of every Curfew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256

# --- Hashes ---------------------------------------------------------------------------------------

GENESIS = bytes(32)  # what the first entry names as the hash before it
LEAF, NODE = b"\x00", b"\x01"
EMPTY_ROOT = sha256(b"").digest()


def link_hash(previous: bytes, body: bytes) -> bytes:
    """The hash of an entry in the chain: of 0x00, the 32 bytes before it, and its canonical bytes."""
    return sha256(b"\x00" + previous + body).digest()


def commitment(salt: str, value: str) -> str:
    """What an entry says of a personal value without saying it. Without the salt it cannot be guessed."""
    return sha256(b"curfew/personal/1\x00" + bytes.fromhex(salt) + value.encode()).hexdigest()


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
    text = _dumps(value, sort_keys=True)
    if not text.isascii() and max(text) > "\uffff":  # keys are sorted by UTF-16 units
        text = _dumps(_sorted(value), sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


def _dumps(value: object, *, sort_keys: bool) -> str:
    return json.dumps(value, sort_keys=sort_keys, ensure_ascii=False, separators=(",", ":"))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _sorted(value[key])
            for key in sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        }
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


# --- Checkpoints ----------------------------------------------------------------------------------

CHECKPOINT_FORMAT = "curfew-checkpoint/1"


def checkpoint_digest(statement: bytes, signature: bytes) -> bytes:
    """What the next checkpoint says of this one."""
    return sha256(statement + signature).digest()


def signed_bytes(purpose: str, payload: bytes) -> bytes:
    """What a signature is really over; a signature for one purpose is none for another."""
    return b"curfew/" + purpose.encode() + b"/1\x00" + payload
