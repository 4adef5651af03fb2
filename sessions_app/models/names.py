"""How names are compared: by people who type them, and by the rule that tells namesakes apart."""

import unicodedata
from difflib import SequenceMatcher

SIMILAR_ENOUGH = 0.84


def folded(text: str) -> str:
    """Lower case without accents, one space between words: for searching, never for identifying anybody."""
    plain = unicodedata.normalize("NFKD", text)
    without_marks = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(without_marks.casefold().split())


def are_similar(one: str, other: str) -> bool:
    """Whether a hurried reader could take one name for the other: the same words, or nearly the same letters."""
    first, second = folded(one), folded(other)
    if sorted(first.split()) == sorted(second.split()):
        return True
    return SequenceMatcher(None, first, second).ratio() >= SIMILAR_ENOUGH
