"""A random sample that anybody can draw again from its seed, with a calculator for SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

METHOD = "The keys are put in the order of SHA-256(seed + '|' + key), in UTF-8; the sample is the first ones."


def drawn(seed: str, keys: Iterable[str], size: int) -> list[str]:
    """As many keys, in the order in which they were drawn; all of them where there are no more."""
    return sorted(set(keys), key=lambda key: sha256(f"{seed}|{key}".encode()).digest())[:size]
