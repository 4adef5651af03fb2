"""A client gives a token back (RFC 7009): the whole session ends, because a refresh token outlives its access token."""

from __future__ import annotations

from audit.initiators import Door, Initiator, InitiatorKind
from sessions_app.blacklist.errors import InvalidToken
from sessions_app.blacklist.tokens import take_apart
from sessions_app.models import OAuthClient, Session, Token
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import OneSession, Order


def revoke_presented(presented: str, client: OAuthClient, *, address: str | None) -> bool:
    """End the session of a token that was given to this client; False while that is decided but not cut off.

    A token that nobody knows, that is garbage, or that was given to another client, is left alone. The person
    is the initiator: the token they were given is what proves that the client acts for them.
    """
    session = _session_of(presented, client)
    if session is None or not session.is_open:
        return True
    order = Order(
        initiator=Initiator(
            kind=InitiatorKind.USER,
            id=str(session.user_id),
            name=session.user.display_name,
            door=Door.OAUTH,
            address=address,
        ),
        reason=Reason.USER_REQUEST,
        scope=OneSession(session_id=session.pk),
        received_at=database_now(),
        note=f"client {client.client_id}",
    )
    try:
        return revoke(order).cut_off_at is not None
    except OrderRefused:
        return True


def _session_of(presented: str, client: OAuthClient) -> Session | None:
    for token_id in _ids_of(presented):
        token = Token.objects.select_related("session__user").filter(client=client, token_id=token_id).first()
        if token is not None:
            return token.session
    return None


def _ids_of(presented: str) -> list[str]:
    """How the token could be known. Nothing is believed of a JWT: its row says whose it is."""
    ids = [Token.id_of_opaque(presented)]
    try:
        jti = take_apart(presented).claims.get("jti")
    except InvalidToken:
        return ids
    return [*ids, jti] if isinstance(jti, str) and len(jti) <= 512 and "\x00" not in jti else ids
