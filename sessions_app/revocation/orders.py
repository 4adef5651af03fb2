"""Order: who wants what ended and why, as a frozen value, before anything happened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from audit.initiators import Initiator
from sessions_app.models import RevocationScope
from sessions_app.models.reasons import Reason


@dataclass(frozen=True, kw_only=True)
class OneUser:
    """Everything of one person: known sessions by name, unknown ones by the cutoff."""

    kind: ClassVar = RevocationScope.USER
    user_id: UUID

    @property
    def subject(self) -> str:
        return str(self.user_id)


@dataclass(frozen=True, kw_only=True)
class OneSession:
    """One session, at every application it was seen at."""

    kind: ClassVar = RevocationScope.SESSION
    session_id: UUID

    @property
    def subject(self) -> str:
        return str(self.session_id)


@dataclass(frozen=True, kw_only=True)
class SomeSessions:
    """A frozen set of sessions, of one person or several: exactly these end, whatever appears meanwhile."""

    kind: ClassVar = RevocationScope.SESSIONS
    session_ids: tuple[UUID, ...]

    @classmethod
    def of(cls, session_ids: Iterable[UUID]) -> Self:
        """Each once and sorted, so that the same set is the same order."""
        return cls(session_ids=tuple(sorted(set(session_ids))))

    @property
    def subject(self) -> str:
        return hashlib.sha256(",".join(map(str, self.session_ids)).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class OneToken:
    """One token by our row for it."""

    kind: ClassVar = RevocationScope.TOKEN
    token_id: int

    @property
    def subject(self) -> str:
        return str(self.token_id)


Scope = OneUser | OneSession | SomeSessions | OneToken


@dataclass(frozen=True, kw_only=True)
class Order:
    """`order_key` makes repeats by the same caller harmless for a day; empty means the caller cannot repeat."""

    initiator: Initiator
    reason: Reason
    scope: Scope
    received_at: datetime
    order_key: str = ""
    note: str = ""
    ticket: str = ""
    sessions_seen: int | None = None

    @property
    def caller(self) -> str:
        """Whose repeats the order key answers."""
        return f"{self.initiator.kind}:{self.initiator.id}"

    def fingerprint(self) -> str:
        """The same for two orders that ask for the same thing; not for what the asker happened to see."""
        asked = [self.scope.kind, self.scope.subject, self.reason, self.note, self.ticket]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
