"""Minting: what goes into our tokens, and the row that stays of each; never the token itself."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from sessions_app.models import Identity, OAuthClient, Session, SessionApplication, Token, TokenKind
from sessions_app.models.moments import database_now
from sessions_app.revocation.claims import PersonClaims, claims_of
from sessions_app.tokens.own_issuer import SECOND_FACTOR_ACR, SECOND_FACTORS
from sessions_app.tokens.signing import sign

ID_TOKEN_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Minted:
    """A token as it goes out, and the claims in it (none in an opaque one)."""

    token: str
    claims: Mapping[str, Any]


def mint_access_token(session: Session, client: OAuthClient, scopes: Sequence[str]) -> Minted:
    """An access token of this session (RFC 9068), which never outlives it. Expects the session's lock."""
    now = database_now()
    life = timedelta(seconds=client.access_token_seconds)
    expires_at = min(now + life, session.expires_at or now + life)
    person = claims_of(session.user)
    claims = {
        **_common(session, now, expires_at),
        "aud": _audience(client),
        "client_id": client.client_id,
        "scope": " ".join(scopes),
        "roles": list(person.roles_at(client.application)),
        "groups": list(person.groups),
        **_projects(person),
    }
    _keep(TokenKind.ACCESS, claims["jti"], session, client, now, expires_at, scopes)
    _bring_forward(session, client, now, expires_at)
    return Minted(token=sign(claims, typ="at+jwt"), claims=claims)


def mint_id_token(session: Session, client: OAuthClient, asked: Mapping[str, Any]) -> str:
    """An ID token (OpenID Connect Core, section 2); `asked` holds nonce and hashes."""
    now = database_now()
    claims = {**_common(session, now, now + ID_TOKEN_LIFE), **asked, "aud": client.client_id}
    _keep(TokenKind.ID, claims["jti"], session, client, now, now + ID_TOKEN_LIFE, ())
    return sign(claims, typ="JWT")


def mint_refresh_token(session: Session, client: OAuthClient, scopes: Sequence[str]) -> str:
    """An opaque refresh token: 256 random bits, of which only the SHA-256 stays. It ends with its session."""
    token = secrets.token_urlsafe(32)
    now = database_now()
    expires_at = session.expires_at or now
    _keep(TokenKind.REFRESH, Token.id_of_opaque(token), session, client, now, expires_at, scopes)
    return token


def _common(session: Session, now: datetime, expires_at: datetime) -> dict[str, Any]:
    identity: Identity = session.identity
    return {
        "iss": settings.BASE_URL,
        "sub": identity.person_id,
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": str(uuid.uuid4()),
        "sid": session.sid,
        "auth_time": int(session.began_at.timestamp()),
        **_methods(session),
    }


def _methods(session: Session) -> dict[str, Any]:
    """How the person signed in (RFC 8176), and the class that stands for a second factor."""
    methods = list(session.authentication_methods)
    if set(methods).isdisjoint(SECOND_FACTORS):
        return {"amr": methods}
    return {"amr": list(dict.fromkeys([*methods, "mfa"])), "acr": SECOND_FACTOR_ACR}


def audiences_of(client: OAuthClient) -> list[str]:
    """Whom the client's access tokens are for."""
    return list(client.audiences or [settings.BASE_URL])


def _audience(client: OAuthClient) -> str | list[str]:
    audiences = audiences_of(client)
    return audiences[0] if len(audiences) == 1 else audiences


def _projects(person: PersonClaims) -> dict[str, Any]:
    if person.project_ends_at is None:
        return {}
    return {
        "projects": list(person.projects),
        "project_end_date": int(person.project_ends_at.timestamp()),
    }


def _keep(
    kind: TokenKind,
    token_id: str,
    session: Session,
    client: OAuthClient,
    issued_at: datetime,
    expires_at: datetime,
    scopes: Sequence[str],
) -> None:
    Token.objects.create(
        realm_id=session.realm_id,
        token_id=token_id,
        session=session,
        kind=kind,
        issued_at=issued_at,
        expires_at=expires_at,
        client=client,
        scope=" ".join(scopes),
    )


def _bring_forward(session: Session, client: OAuthClient, now: datetime, expires_at: datetime) -> None:
    session.last_used_at = max(session.last_used_at, now)
    session.token_expires_at = max(session.token_expires_at or expires_at, expires_at)
    session.save(update_fields=["last_used_at", "token_expires_at"])
    if client.application_id is not None:
        SessionApplication.objects.update_or_create(
            session=session, application_id=client.application_id, defaults={"last_seen_at": now}
        )
