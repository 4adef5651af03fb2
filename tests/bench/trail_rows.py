"""What a long trail says, entry by entry, so that two applications can be given the same one."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

PEOPLE, STAFF, DAYS = 10_000, 40, 365
BULK_EVERY, BULK = 2_000, 200
FIRST = [f"{start}{end}" for start in ("An", "Be", "Ca", "Da", "El", "Fi", "Ga", "Hu", "Iv", "Jo")
         for end in ("na", "rik", "la", "mon", "sa", "vid", "nor", "lia", "tan", "gor")]  # fmt: skip
LAST = [f"{start}{end}" for start in ("Al", "Bor", "Cos", "Dub", "Eng", "Fer", "Gru", "Hol", "Iva", "Jan")
        for end in ("meida", "ges", "tello", "ois", "strom", "rand", "ber", "mberg", "nova", "sen")]  # fmt: skip
REASONS = ("offboarding", "role_change", "user_request", "security_incident")
RARE_REASON, RARE_EVERY = "lost_device", 9_973
# (code, of how many hundred): mostly sign-ins reported, as in a real company
EVENTS = (
    ("SE-101", 55),
    ("RV-101", 12),
    ("RV-110", 12),
    ("RV-102", 8),
    ("PE-102", 8),
    ("RO-101", 2),
    ("AC-403F", 3),
)
CODES = tuple(code for code, share in EVENTS for _ in range(share))


class Row(NamedTuple):
    """Numbers instead of ids: each application has its own kind of id."""

    moment: datetime
    code: str
    actor: int
    person: int
    reason: str
    project: str


def id_of(person: int) -> uuid.UUID:
    return uuid.UUID(int=(0xC0FFEE << 96) + person)


def name_of(person: int) -> str:
    return f"{FIRST[person // 100 % 100]} {LAST[person % 100]}"


def row_of(number: int, *, of: int, until: datetime) -> Row:
    """Entry `number` of so many, the last one at `until`; every so often two hundred share one moment."""
    in_bulk = number % BULK_EVERY < BULK
    shown = number - number % BULK_EVERY if in_bulk else number
    moment = until - timedelta(days=DAYS) * ((of - shown) / of)
    code = CODES[number * 37 % 100]
    is_rare = number % RARE_EVERY == 0
    reason = RARE_REASON if is_rare else REASONS[number * 7 % 4] if code.startswith("RV") else ""
    return Row(
        moment=moment.astimezone(UTC),
        code=code,
        actor=number * 31 % STAFF,
        person=number * 7919 % PEOPLE,
        reason=reason,
        project="phoenix" if number % 101 == 0 else "",
    )
