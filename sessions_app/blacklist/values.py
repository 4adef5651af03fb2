"""What stands in Redis under each key: how it is written, and how strictly it is read back."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, Literal

VERSION: Final = "1"

# Lua on the server counts in doubles; beyond this two different numbers could compare as equal.
LARGEST: Final = 2**53 - 1

_VERSION_BYTES: Final = VERSION.encode()


class Malformed(Enum):
    """Stands where a value could not be read: an entry then counts as REVOKED, a marker as UNKNOWN."""

    MALFORMED = "malformed"


MALFORMED: Final = Malformed.MALFORMED
MalformedValue = Literal[Malformed.MALFORMED]


@dataclass(frozen=True, slots=True)
class UserValue:
    """A person: blocked or not, and the moment before which every session of theirs is over.

    `why` is the reason class of the decision, "" for the usual one. `lost` are digests of groups and
    entitlements that no token of theirs may name any more. Both stand last, where older guards ignore them.
    """

    revision: int
    blocked: bool
    cutoff_ms: int
    second_factor_since_ms: int
    receipt: str
    why: str = ""
    lost: tuple[str, ...] = ()

    def text(self) -> str:
        numbers = (self.revision, int(self.blocked), self.cutoff_ms, self.second_factor_since_ms)
        return _join(numbers, self.receipt, self.why, ",".join(self.lost))


@dataclass(frozen=True, slots=True)
class SessionValue:
    """A session that has ended; that the key exists is the whole statement. `why` as for a user."""

    revision: int
    receipt: str
    why: str = ""

    def text(self) -> str:
        return _join((self.revision,), self.receipt, self.why)


@dataclass(frozen=True, slots=True)
class TokenValue:
    """A single token that has ended; that the key exists is the whole statement. `why` as for a user."""

    revision: int
    receipt: str
    why: str = ""

    def text(self) -> str:
        return _join((self.revision,), self.receipt, self.why)


@dataclass(frozen=True, slots=True)
class Marker:
    """The writer's word that a bucket is complete up to (generation, sequence), as of the heartbeat.

    `fence` is the writer's lease number. Guards ignore it, so it stands last.
    """

    generation: int
    sequence: int
    heartbeat_ms: int
    everyone_cutoff_ms: int
    fence: int = 0

    @property
    def position(self) -> tuple[int, int]:
        return self.generation, self.sequence

    def text(self) -> str:
        numbers = (self.generation, self.sequence, self.heartbeat_ms, self.everyone_cutoff_ms, self.fence)
        return _join(numbers, None)


def parse_user(raw: bytes) -> UserValue | MalformedValue:
    """Read a user value; further fields at the end are ignored."""
    fields = raw.split(b"|")
    numbers = _numbers(fields, 4)
    if numbers is None or len(fields) < 6 or numbers[1] > 1:
        return MALFORMED
    lost = tuple(_plain(fields, 7).split(",")) if _plain(fields, 7) else ()
    return UserValue(
        numbers[0], numbers[1] == 1, numbers[2], numbers[3], _plain(fields, 5), _plain(fields, 6), lost
    )


def parse_session(raw: bytes) -> SessionValue | MalformedValue:
    """Read a session value; further fields at the end are ignored."""
    found = _revision_receipt_and_why(raw)
    return MALFORMED if found is None else SessionValue(*found)


def parse_token(raw: bytes) -> TokenValue | MalformedValue:
    """Read a token value; further fields at the end are ignored."""
    found = _revision_receipt_and_why(raw)
    return MALFORMED if found is None else TokenValue(*found)


# A marker changes once a second and is read in every check.
@lru_cache(maxsize=4 * 16)
def parse_marker(raw: bytes) -> Marker | MalformedValue:
    """Read a marker; an unreadable fence is none, because guards have no use for it."""
    fields = raw.split(b"|")
    numbers = _numbers(fields, 4)
    if numbers is None:
        return MALFORMED
    fence = _numbers([_VERSION_BYTES, *fields[5:6]], 1)
    generation, sequence, heartbeat_ms, everyone_cutoff_ms = numbers
    return Marker(generation, sequence, heartbeat_ms, everyone_cutoff_ms, fence[0] if fence else 0)


def _revision_receipt_and_why(raw: bytes) -> tuple[int, str, str] | None:
    fields = raw.split(b"|")
    numbers = _numbers(fields, 1)
    if numbers is None or len(fields) < 3:
        return None
    return numbers[0], _plain(fields, 2), _plain(fields, 3)


def _numbers(fields: list[bytes], count: int) -> list[int] | None:
    """The numbers after the version, or None. int() alone would take "+1", " 1" and "1_0"."""
    wanted = fields[1 : count + 1]
    if fields[0] != _VERSION_BYTES or len(wanted) < count:
        return None
    if not all(field.isdigit() and len(field) <= 16 for field in wanted):
        return None
    numbers = [int(field) for field in wanted]
    return numbers if max(numbers) <= LARGEST else None


def _plain(fields: list[bytes], position: int) -> str:
    """The text there, "" where a writer of an earlier version left it out."""
    return fields[position].decode("ascii", "replace") if position < len(fields) else ""


def _join(numbers: tuple[int, ...], receipt: str | None, *more: str) -> str:
    """`more` are trailing fields, left out as far as they are empty, so that a plain value stays as short as it was."""
    if not all(0 <= number <= LARGEST for number in numbers):
        raise ValueError(f"numbers must lie in 0..{LARGEST}: {numbers}")
    texts = [] if receipt is None else [receipt, *more]
    for text in texts:
        if "|" in text or not (text.isascii() and text.isprintable()):
            raise ValueError(f"a text is printable ASCII without a bar, not {text!r}")
    while len(texts) > 1 and not texts[-1]:
        texts.pop()
    return "|".join([VERSION, *map(str, numbers), *texts])
