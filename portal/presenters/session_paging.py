"""Pages of sessions by last use, that cost the same at any depth and tell nothing by their address."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db.models import Q, QuerySet

from portal.presenters.session_list import with_what_rows_show
from sessions_app.models import Session

ROWS = 50


class BadCursor(Exception):
    """A page address that we never gave out."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The last row of a page. Encrypted in addresses: whoever sees last use to the day must not read it there."""

    last_used_at: datetime
    session_id: UUID

    @classmethod
    def of(cls, session: Session) -> Self:
        return cls(last_used_at=session.last_used_at, session_id=session.pk)

    def text(self) -> str:
        plain = f"{self.last_used_at.isoformat()} {self.session_id}"
        return _cipher().encrypt(plain.encode()).decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises BadCursor for anything `text` could not have made."""
        try:
            moment, session_id = _cipher().decrypt(text.encode()).decode().split(" ")
        except (InvalidToken, ValueError) as error:
            raise BadCursor from error
        return cls(last_used_at=datetime.fromisoformat(moment), session_id=UUID(session_id))


def _cipher() -> Fernet:
    key = hashlib.sha256(b"curfew.sessions.cursor:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


@dataclass(frozen=True, kw_only=True)
class SessionPage:
    """Rows, and the cursor of the next page; empty on the last one."""

    sessions: list[Session]
    next: str


def page_of(sessions: QuerySet[Session], *, after: str) -> SessionPage:
    """The sessions used last before the cursor. Raises BadCursor."""
    if after:
        sessions = sessions.filter(_older_than(Cursor.read(after)))
    rows = list(with_what_rows_show(sessions).order_by("-last_used_at", "id")[: ROWS + 1])
    shown = rows[:ROWS]
    return SessionPage(sessions=shown, next=Cursor.of(shown[-1]).text() if len(rows) > ROWS else "")


def _older_than(cursor: Cursor) -> Q:
    """The first condition is implied by the second; it is what an index can start from."""
    at = cursor.last_used_at
    return Q(last_used_at__lte=at) & (Q(last_used_at__lt=at) | Q(last_used_at=at, id__gt=cursor.session_id))
