"""Where a page of sessions ended: an address that pages by last use without saying when anybody last worked."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class BadCursor(Exception):
    """A page address that we never gave out."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The last row of a page. Encrypted in addresses: whoever sees last use to the day must not read it there."""

    last_used_at: datetime
    session_id: UUID

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
