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


@dataclass(frozen=True, kw_only=True)
class OneUserAtApplication:
    """The open sessions of one person that were seen at one application, as they are when it is decided."""

    kind: ClassVar = RevocationScope.USER_AT_APPLICATION
    user_id: UUID
    application_id: int

    @property
    def subject(self) -> str:
        return f"{self.user_id}@{self.application_id}"


@dataclass(frozen=True, kw_only=True)
class SeveralPeople:
    """A frozen set of people, with everything of each."""

    kind: ClassVar = RevocationScope.PEOPLE
    user_ids: tuple[UUID, ...]

    @classmethod
    def of(cls, user_ids: Iterable[UUID]) -> Self:
        """Each once and sorted, so that the same set is the same order."""
        return cls(user_ids=tuple(sorted(set(user_ids))))

    @property
    def subject(self) -> str:
        return hashlib.sha256(",".join(map(str, self.user_ids)).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class OneGroup:
    """Everybody who is a member when it is decided."""

    kind: ClassVar = RevocationScope.GROUP
    name: str

    @property
    def subject(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class OneEntitlement:
    """Everybody whom some group makes this in the application."""

    kind: ClassVar = RevocationScope.ENTITLEMENT
    application_key: str
    name: str

    @property
    def subject(self) -> str:
        return f"{self.application_key}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class OneProject:
    """Everybody who works on it when it is decided. With reason PROJECT_END they leave its groups too."""

    kind: ClassVar = RevocationScope.PROJECT
    key: str

    @property
    def subject(self) -> str:
        return self.key


@dataclass(frozen=True, kw_only=True)
class Everyone:
    """Everybody there is, whoever asks included."""

    kind: ClassVar = RevocationScope.EVERYONE

    @property
    def subject(self) -> str:
        return "everyone"


OfManyPeople = SeveralPeople | OneGroup | OneEntitlement | OneProject | Everyone
Scope = OneUser | OneSession | SomeSessions | OneToken | OneUserAtApplication | OfManyPeople


@dataclass(frozen=True, kw_only=True)
class SecondPerson:
    """Who answers for an order beside its initiator: whoever approved it, or nobody where Security went alone.

    Only a name for the row: the engine believes what stands there (`rules.refuse_ending_privileged`).
    """

    approval_id: UUID


@dataclass(frozen=True, kw_only=True)
class Order:
    """`order_key` makes repeats by the same caller harmless for a day; empty means the caller cannot repeat.

    `for_project` is the key of the project whose manager asks, where an order is about somebody who works on it.
    """

    initiator: Initiator
    reason: Reason
    scope: Scope
    received_at: datetime
    order_key: str = ""
    note: str = ""
    ticket: str = ""
    sessions_seen: int | None = None
    for_project: str = ""
    second: SecondPerson | None = None

    @property
    def caller(self) -> str:
        """Whose repeats the order key answers."""
        return f"{self.initiator.kind}:{self.initiator.id}"

    def fingerprint(self) -> str:
        """The same for two orders that ask for the same thing; not for what the asker happened to see."""
        asked = [self.scope.kind, self.scope.subject, self.reason, self.note, self.ticket]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
