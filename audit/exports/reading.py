"""What one reader sees of the personal values beside the entries: the rights of the door, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class Notes(Enum):
    """Whose notes a file holds. What people wrote leaves in no file unless somebody asked for it and may read it."""

    NONE = auto()
    OF_OWN_ROLES = auto()
    ALL = auto()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """`mask_address` makes an address unrecognisable; None where the reader sees it whole.

    What a reader did themselves they see whole in any case. `roles` are theirs, for the notes of colleagues.
    """

    reader_id: str = ""
    roles: frozenset[str] = frozenset()
    mask_address: Callable[[str], str] | None = None
    notes: Notes = Notes.NONE

    def address(self, value: str, *, initiator_id: str) -> str:
        if not value or self.mask_address is None or initiator_id == self.reader_id:
            return value
        return self.mask_address(value)

    def note(self, value: str, *, initiator_id: str, initiator_roles: str) -> str:
        """The note, or nothing where this reader may not read it."""
        if self.notes is Notes.ALL:
            return value
        if self.notes is Notes.NONE:
            return ""
        is_colleague = not self.roles.isdisjoint(initiator_roles.split(","))
        return value if is_colleague or initiator_id == self.reader_id else ""
