"""What a guard saw: one value per check, gathered without ever holding up the check."""

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from .verdict import Note, Outcome, Verdict

logger = logging.getLogger(__name__)

KEPT_AT_MOST: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One check: where, when, and what was answered; of a verified token also whose it is.

    `where` is the enforcement point or the service. `was_enforced` is False where a refusal was only noted.
    `entitlements` are the groups and roles the token names, None where its issuer has no claim for them.
    `times` is for how many checks it stands that differ in nothing but the moment; `at_ms` is the latest.
    """

    at_ms: int
    where: str
    outcome: Outcome
    cause: str = ""
    receipt: str = ""
    notes: tuple[Note, ...] = ()
    was_enforced: bool = True
    address: str | None = None
    issuer: str = ""
    realm: str = ""
    person: str = ""
    sid: str = ""
    client: str = ""
    started_ms: int = 0
    expires_ms: int = 0
    entitlements: tuple[str, ...] | None = None
    times: int = 1


def folded(batch: Iterable[Observation]) -> list[Observation]:
    """The same with one observation for all that differ in nothing but the moment, in the order first seen."""
    found: dict[Observation, Observation] = {}
    for seen in batch:
        alike = replace(seen, at_ms=0, times=1)
        before = found.get(alike)
        found[alike] = (
            seen
            if before is None
            else replace(seen, at_ms=max(before.at_ms, seen.at_ms), times=before.times + seen.times)
        )
    return list(found.values())


def observe(
    verdict: Verdict, *, where: str, at_ms: int, address: str | None = None, was_enforced: bool = True
) -> Observation:
    """What there is to say of a verdict. Of a token that was not verified nothing is believed."""
    claims = verdict.claims
    if claims is None:
        return Observation(
            at_ms=at_ms,
            where=where,
            outcome=verdict.outcome,
            cause=verdict.cause,
            was_enforced=was_enforced,
            address=address,
            receipt=verdict.receipt,
            notes=verdict.notes,
        )
    client = claims.raw.get("client_id") or claims.raw.get("azp") or claims.raw.get("cid") or ""
    return Observation(
        at_ms=at_ms,
        where=where,
        outcome=verdict.outcome,
        cause=verdict.cause,
        was_enforced=was_enforced,
        address=address,
        receipt=verdict.receipt,
        notes=verdict.notes,
        issuer=claims.issuer,
        realm=claims.realm,
        person=claims.person,
        sid=claims.sid or "",
        client=client if isinstance(client, str) else "",
        started_ms=claims.started_ms,
        expires_ms=claims.expires_ms,
        entitlements=claims.entitlements,
    )


class ObservationBuffer:
    """Bounded and safe to share between threads. `add` never waits, never fails, and drops when it is full."""

    def __init__(self, *, size: int = KEPT_AT_MOST) -> None:
        self._waiting: deque[Observation] = deque()
        self._size = size
        self._lock = Lock()
        self._dropped = 0

    def add(self, observation: Observation) -> None:
        if len(self._waiting) >= self._size:
            self._dropped += 1
            return
        self._waiting.append(observation)

    def take(self, at_most: int) -> list[Observation]:
        """The oldest, which are then no longer in here."""
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(at_most, len(self._waiting)))]

    def put_back(self, observations: list[Observation]) -> None:
        """What could not be kept, for the next try; as far as there is room."""
        with self._lock:
            room = max(0, self._size - len(self._waiting))
            self._dropped += max(0, len(observations) - room)
            self._waiting.extendleft(reversed(observations[:room]))

    def dropped(self) -> int:
        """How many were dropped since this was asked last."""
        count, self._dropped = self._dropped, 0
        return count

    def __len__(self) -> int:
        return len(self._waiting)
