"""Values as every database stores them and every reader reads them back: rows can never be corrected."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from audit.errors import NotStorable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean_text(value: str) -> str:
    """The same text without what PostgreSQL cannot store: NUL, and halves of surrogate pairs."""
    whole = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return whole.replace("\x00", REPLACEMENT)


def clean_json(value: Any, where: str = "details") -> Any:
    """JSON with text keys and without floats (they are not written alike everywhere; give whole numbers).

    Raises NotStorable for anything else.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean_text(str(value))
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {clean_text(str(key)): clean_json(item, f"{where}.{key}") for key, item in value.items()}
        case set() | frozenset():
            return sorted(clean_json(item, where) for item in value)
        case list() | tuple():
            return [clean_json(item, where) for item in value]
    raise NotStorable(where, f"{type(value).__name__} cannot be kept; give text or whole numbers.")
