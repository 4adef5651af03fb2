"""Texts from outside: what is shown to people is cleaned, what names something is taken as it is or refused."""

from __future__ import annotations

import unicodedata

LONGEST_ID_BYTES = 512

# Unassigned to any letter: control characters, halves of pairs, and the marks that turn the reading direction,
# with which one name can be made to look like another. Joiners stay: scripts and emoji need them.
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def shown(text: str, *, limit: int) -> str:
    """The text on one line without characters nobody can see, cut to `limit` characters."""
    visible = "".join(" " if _is_break(char) else char for char in text if not _is_hidden(char))
    return " ".join(visible.split())[:limit].rstrip()


def _is_break(char: str) -> bool:
    return char.isspace()


def _is_hidden(char: str) -> bool:
    if char in DIRECTION_MARKS:
        return True
    return unicodedata.category(char) in {"Cc", "Cs"} and not char.isspace()


def is_identifier(text: str) -> bool:
    """Whether a guard could ever read this id in a token: not empty, Unicode, no NUL, at most 512 bytes."""
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        return False
    return 0 < length <= LONGEST_ID_BYTES and "\x00" not in text
