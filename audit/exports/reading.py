"""What one reader sees of the personal values beside the entries: the rights of the door, as rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from audit.personal import SubjectRole
from audit.proofs import KeptValue

Mask = Callable[[str, str], str]
ReadsNote = Callable[[str, str], bool]

INITIATOR_NAME = (str(SubjectRole.INITIATOR), "name")
TARGET_LABEL = (str(SubjectRole.TARGET), "label")
NOTE = (str(SubjectRole.EVENT), "note")
# Whoever may read an entry reads who did what to whom.
NAMES = frozenset({INITIATOR_NAME, TARGET_LABEL})


def everybodys(_initiator_id: str, _roles: str) -> bool:
    """For whoever reads every note."""
    return True


@dataclass(frozen=True, kw_only=True)
class Reading:
    """`mask` makes a value of a kind unrecognisable; without one, values are seen whole. One's own always are.

    `reads_note` says of an initiator and their roles at the time whether their notes are for this reader.
    Without it no note is in the file: what people wrote leaves only if somebody asked for it.
    """

    reader_id: str = ""
    mask: Mask | None = None
    reads_note: ReadsNote | None = None

    @property
    def has_notes(self) -> bool:
        return self.reads_note is not None

    def value(self, kind: str, value: str, *, initiator_id: str) -> str:
        if self._masked is None or initiator_id == self.reader_id:
            return value
        return self._masked(kind, value)

    @cached_property
    def _masked(self) -> Mask | None:
        """The mask, asked once for values that come again and again: a few thousand, however long the file."""
        return lru_cache(maxsize=4096)(self.mask) if self.mask else None

    def note(self, value: str, *, initiator_id: str, roles: str) -> str | None:
        """The note, or nothing where it is not for this reader."""
        return value if self.reads_note and self.reads_note(initiator_id, roles) else None

    def shows(self, kept: KeptValue) -> bool:
        """Whether a value is seen whole: half of one could not prove itself."""
        place, initiator_id = (kept.role, kept.kind), kept.entry["initiator"]
        if place == NOTE:
            roles = kept.entry["initiator_roles"]
            return self.note(kept.value, initiator_id=initiator_id, roles=roles) is not None
        return place in NAMES or self.value(kept.kind, kept.value, initiator_id=initiator_id) == kept.value
