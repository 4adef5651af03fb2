"""Families: the session a code began and every token that came of it, from the code to the last refresh."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction

from audit.events import Events
from audit.initiators import Door, Initiator, InitiatorKind, the_authorization_server
from audit.record import Target, record
from sessions_app.blacklist.verdict import Outcome, Subject
from sessions_app.models import (
    AuthorizationCode,
    Identity,
    Issuer,
    OAuthClient,
    Session,
    Signal,
    SignalOutcome,
    Token,
    TokenKind,
    User,
)
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation.connections import session_guard
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import OneSession, Order
from sessions_app.revocation.truth import truth
from sessions_app.tokens.own_issuer import LONGEST_CHAIN_SECONDS, SECOND_FACTORS, own_identity
from sessions_app.tokens.starts import start_after_cutoff

CODE_LIFE = timedelta(seconds=60)
# A client that lost the answer asks again with the token it still has; that is no theft.
REPEAT_IS_HARMLESS = timedelta(seconds=10)


class Misuse(Enum):
    """Why a family ends by itself. The value is the kind of the signal that is kept."""

    CODE_USED_AGAIN = "authorization_code.reused"
    REFRESH_USED_AGAIN = "refresh_token.reused"


class Refused(Exception):
    """The grant is good for nothing; the client is told `invalid_grant`. With `misuse` the family ends as well."""

    def __init__(self, *, session: Session | None = None, misuse: Misuse | None = None) -> None:
        super().__init__()
        self.session = session
        self.misuse = misuse


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The portal session somebody authorized a client with: its methods and its start are inherited."""

    portal_session: Session
    address: str | None
    user_agent: str


def begin_family(user: User, client: OAuthClient, issuer: Issuer, origin: Origin) -> Session:
    """The session of one authorization code. It ends with the code unless that is exchanged.

    It began when the person signed in, which no refresh renews. Raises Refused where that sign-in is over.
    """
    identity = own_identity(user)
    if identity is None:
        raise Refused
    return start_after_cutoff(
        user, issuer.realm, lambda now: _store_session(identity, client, issuer, origin, now)
    )


def _store_session(
    identity: Identity, client: OAuthClient, issuer: Issuer, origin: Origin, now: datetime
) -> Session:
    portal_session = Session.objects.select_for_update().get(pk=origin.portal_session.pk)
    if not portal_session.is_open or not identity.user.is_active:
        raise Refused
    return Session.objects.create(
        realm=issuer.realm,
        issuer=issuer,
        user=identity.user,
        identity=identity,
        sid=str(uuid.uuid4()),
        client=client.client_id[:200],
        began_at=portal_session.began_at.replace(microsecond=0),
        last_used_at=now,
        expires_at=now + CODE_LIFE,
        address=origin.address,
        user_agent=origin.user_agent[:1000],
        authentication_methods=portal_session.authentication_methods,
    )


def begin_service_session(client: OAuthClient, issuer: Issuer) -> Session:
    """The open session of a client that acts for itself, or a new one, in a transaction of its own.

    One lasts for its chain, however many tokens are drawn from it. Raises Refused for a client without a
    service account, or whose account is blocked.
    """
    user = client.service_user
    identity = own_identity(user) if user is not None else None
    if user is None or identity is None or not user.is_active:
        raise Refused
    standing = _standing(user, issuer, timedelta(seconds=client.access_token_seconds))
    if standing is not None:
        return standing
    return start_after_cutoff(
        user, issuer.realm, lambda now: _store_service_session(identity, client, issuer, now)
    )


def _store_service_session(identity: Identity, client: OAuthClient, issuer: Issuer, now: datetime) -> Session:
    session = Session.objects.create(
        realm=issuer.realm,
        issuer=issuer,
        user=identity.user,
        identity=identity,
        sid=str(uuid.uuid4()),
        client=client.client_id[:200],
        began_at=now,
        last_used_at=now,
        expires_at=now + timedelta(seconds=client.chain_seconds),
    )
    _record_beginning(session, by=the_authorization_server())
    return session


def _standing(user: User, issuer: Issuer, life: timedelta) -> Session | None:
    """A session that is good for a token of whole length: the end of a chain gives shorter and shorter ones."""
    long_enough = Session.objects.of(user).open().filter(expires_at__gte=database_now() + life)
    found = long_enough.filter(realm=issuer.realm).order_by("-began_at").first()
    return None if found is None or is_over(found) else found


# --- Exchanging -------------------------------------------------------------------------------------


def exchange_code(code: str, client: OAuthClient) -> AuthorizationCode:
    """Lock what the code leads to and consume it. Expects a transaction. Raises Refused."""
    known = AuthorizationCode.objects.filter(code=Token.id_of_opaque(code), application=client).first()
    if known is None:
        raise Refused
    session = lock_family(known.session_id)
    locked = AuthorizationCode.objects.select_for_update().get(pk=known.pk)
    if locked.used_at is not None:
        raise Refused(session=session, misuse=Misuse.CODE_USED_AGAIN)
    if locked.expires <= database_now() or is_over(session):
        raise Refused
    locked.session = session
    return locked


def settle(code: AuthorizationCode) -> None:
    """The code is used up, and its session lives for the chain the client is allowed.

    That counts from here, and what guards believe of a session counts from the sign-in before: no longer than that.
    """
    now = database_now()
    AuthorizationCode.objects.filter(pk=code.pk).update(used_at=now)
    session = code.session
    session.expires_at = min(
        now + timedelta(seconds=code.application.chain_seconds),
        session.began_at + timedelta(seconds=LONGEST_CHAIN_SECONDS),
    )
    session.save(update_fields=["expires_at"])
    _record_beginning(session, by=_person_of(session))


def _person_of(session: Session) -> Initiator:
    """Whoever signed in: the code that was exchanged is what they gave the client."""
    return Initiator(
        kind=InitiatorKind.USER,
        id=str(session.user_id),
        name=session.user.display_name,
        door=Door.OAUTH,
        address=session.address,
    )


def _record_beginning(session: Session, *, by: Initiator) -> None:
    record(
        Events.SESSION_BEGUN,
        initiator=by,
        target=Target.of(session.user, label=session.user.display_name),
        details={"client": session.client, "session": str(session.pk)},
    )


def exchange_refresh_token(presented: str, client: OAuthClient) -> Token:
    """Lock the token's family and check all of it again. Expects a transaction; the caller consumes and mints in it.

    The person is locked before the session, as a decision does it, so that neither waits for the other: whatever
    ends access commits before or after this, never in between. Raises Refused.
    """
    token_id = Token.id_of_opaque(presented)
    known = Token.objects.filter(kind=TokenKind.REFRESH, token_id=token_id, client__isnull=False).first()
    if known is None:
        raise Refused
    session = lock_family(known.session_id)
    token = Token.objects.select_for_update().get(pk=known.pk)
    token.session = session
    if token.client_id != client.pk:
        raise Refused(session=session, misuse=Misuse.REFRESH_USED_AGAIN)
    if token.consumed_at is not None:
        raise Refused(session=session, misuse=_misuse_of(token))
    if token.revoked_at is not None or token.expires_at <= database_now() or is_over(session):
        raise Refused
    return token


def consume(token: Token) -> None:
    token.consumed_at = database_now()
    token.save(update_fields=["consumed_at"])


def _misuse_of(repeated: Token) -> Misuse | None:
    """None for the token consumed last, a moment ago: the client never saw the answer."""
    last = (
        Token.objects.filter(
            session=repeated.session,
            client=repeated.client,
            kind=TokenKind.REFRESH,
            consumed_at__isnull=False,
        )
        .order_by("-consumed_at", "-id")
        .first()
    )
    assert repeated.consumed_at is not None
    is_recent = database_now() - repeated.consumed_at <= REPEAT_IS_HARMLESS
    return None if last == repeated and is_recent else Misuse.REFRESH_USED_AGAIN


def lock_family(session_id: uuid.UUID) -> Session:
    """The session with its person, both locked, the person first."""
    user_id = Session.objects.values_list("user_id", flat=True).get(pk=session_id)
    user = User.objects.select_for_update().get(pk=user_id)
    session = Session.objects.select_for_update().get(pk=session_id)
    session.user = user
    return session


def is_over(session: Session) -> bool:
    """Whether SQL, which decides, says that this session may have no more tokens."""
    if not session.is_open or not session.user.is_active:
        return True
    return truth(subject_of(session)).outcome is not Outcome.ALLOWED


def was_cut_off(session: Session) -> bool:
    """Whether the guard refuses the session now: what was committed while we minted. Unknown is not refused here."""
    return session_guard().check_subject(subject_of(session)).outcome is Outcome.REVOKED


def subject_of(session: Session) -> Subject:
    """Whom to ask about for a session of ours, without a token of it."""
    return Subject(
        realm=session.realm.key,
        person=session.identity.person_id,
        sid=session.sid,
        token_id=None,
        started_ms=to_milliseconds(session.began_at.replace(microsecond=0)),
        second_factor=not set(session.authentication_methods).isdisjoint(SECOND_FACTORS),
    )


# --- Ending by itself -------------------------------------------------------------------------------


def end_family(session: Session, misuse: Misuse, *, client: OAuthClient) -> None:
    """End the session of a stolen grant, and keep what was seen, once for each family and kind of misuse."""
    order = Order(
        initiator=the_authorization_server(),
        reason=Reason.SECURITY_INCIDENT,
        scope=OneSession(session_id=session.pk),
        received_at=database_now(),
        order_key=f"{misuse.value}:{session.pk}",
    )
    try:
        revocation = revoke(order)
    except OrderRefused:
        revocation = None
    with transaction.atomic():
        _signal, is_new = Signal.objects.get_or_create(
            source="authorization-server",
            event_id=f"{misuse.value}:{session.pk}",
            defaults={
                "kind": misuse.value,
                "received_at": order.received_at,
                "outcome": SignalOutcome.APPLIED if revocation else SignalOutcome.REFUSED,
                "user": session.user,
                "session": session,
                "revocation": revocation,
                "details": {"client": client.client_id},
            },
        )
        if is_new:
            record(
                Events.GRANT_REUSED,
                initiator=the_authorization_server(),
                target=Target.of(session.user, label=session.user.display_name),
                receipt=revocation.receipt if revocation else "",
                details={"kind": misuse.value, "client": client.client_id},
            )
