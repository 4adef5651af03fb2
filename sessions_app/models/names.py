"""How names are compared: by people who type them, and by the rule that tells namesakes apart."""

from difflib import SequenceMatcher

from audit.folding import folded

__all__ = ["are_similar", "folded"]

SIMILAR_ENOUGH = 0.84


def are_similar(one: str, other: str) -> bool:
    """Whether a hurried reader could take one name for the other: the same words, or nearly the same letters."""
    first, second = folded(one), folded(other)
    if sorted(first.split()) == sorted(second.split()):
        return True
    return SequenceMatcher(None, first, second).ratio() >= SIMILAR_ENOUGH
