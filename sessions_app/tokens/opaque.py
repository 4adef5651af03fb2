"""Our opaque tokens, which say nothing by themselves: found by their hash, and active only while all of it holds."""

from __future__ import annotations

import re
from typing import Any, Final

from django.conf import settings

from sessions_app.models import Token, TokenKind
from sessions_app.models.moments import database_now
from sessions_app.tokens.families import is_over, was_cut_off
from sessions_app.tokens.minting import audiences_of

INACTIVE: Final[dict[str, Any]] = {"active": False}

# 256 random bits in base64url.
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def may_be_opaque(presented: str) -> bool:
    """Whether it looks like one of ours at all, so that nonsense never costs a question to SQL."""
    return _SHAPE.fullmatch(presented) is not None


def describe_opaque(presented: str) -> dict[str, Any]:
    """The introspection answer for a refresh token (RFC 7662): inactive once exchanged, ended or past its end."""
    if not may_be_opaque(presented):
        return INACTIVE
    token = (
        Token.objects.select_related("session__user", "session__identity", "session__realm", "client")
        .filter(kind=TokenKind.REFRESH, token_id=Token.id_of_opaque(presented), client__isnull=False)
        .first()
    )
    if token is None or token.consumed_at or token.revoked_at or token.expires_at <= database_now():
        return INACTIVE
    if (
        token.client is None
        or token.client.disabled_at
        or is_over(token.session)
        or was_cut_off(token.session)
    ):
        return INACTIVE
    return {
        "active": True,
        "token_type": "refresh_token",
        "client_id": token.client.client_id,
        "scope": token.scope,
        "sub": token.session.identity.person_id,
        "sid": token.session.sid,
        "iss": settings.BASE_URL,
        "aud": audiences_of(token.client),
        "exp": int(token.expires_at.timestamp()),
    }
