"""How names are compared where people type them."""

import unicodedata


def folded(text: str) -> str:
    """Lower case without accents, one space between words: for searching, never for identifying anybody."""
    plain = unicodedata.normalize("NFKD", text)
    without_marks = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(without_marks.casefold().split())
