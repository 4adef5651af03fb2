"""What a machine can report about a sign-in, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sessions_app.changes.naming import PersonNaming, Place
from sessions_app.models import TokenKind


@dataclass(frozen=True, kw_only=True)
class TokenFacts:
    """One token the session was given: never the token itself."""

    token_id: str
    expires_at: datetime
    kind: TokenKind = TokenKind.ACCESS
    issued_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class SignInFacts:
    """One sign-in as its sender knows it, or its later use: the same facts with a later `last_used_at`.

    `person_id` is who signed in, in the realm of `known_in`. `naming` says who that is here, for an
    identity seen for the first time. `sid` is empty where the issuer has none; then identity, start and
    client together are the session. `place` is where the sender believes the person was.
    """

    known_in: Place
    person_id: str
    began_at: datetime
    naming: PersonNaming = field(default_factory=PersonNaming)
    sid: str = ""
    client: str = ""
    application: str = ""
    address: str | None = None
    user_agent: str = ""
    device_id: str = ""
    place: str = ""
    authentication_methods: tuple[str, ...] = ()
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    token_expires_at: datetime | None = None
    tokens: tuple[TokenFacts, ...] = ()
