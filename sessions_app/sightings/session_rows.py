"""The session's row: made once, then only ever brought forward."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sessions_app.changes.errors import ApplicationUnknown, SessionTaken, TokenTaken
from sessions_app.changes.identities import latest_cutoff_ms
from sessions_app.changes.people import Kept
from sessions_app.changes.texts import shown
from sessions_app.models import (
    Application,
    BlacklistEntry,
    EntryKind,
    Identity,
    Issuer,
    Revocation,
    Session,
    SessionApplication,
    Token,
    User,
)
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation import entries, everyone
from sessions_app.revocation.entries import PersonState
from sessions_app.sightings.checks import plain_address
from sessions_app.sightings.facts import SignInFacts, TokenFacts

METHODS_AT_MOST = 20


def keep_session(facts: SignInFacts, identity: Identity, issuer: Issuer | None) -> tuple[Session, Kept]:
    """Store the session, or bring it up to these facts. Expects a transaction and the person's lock.

    Raises SessionTaken, TokenTaken or ApplicationUnknown.
    """
    application = _application(facts.application)
    session = _find(facts, identity)
    if session is None:
        session, kept = _begin(facts, identity, issuer), Kept.CREATED
    else:
        kept = _bring_forward(session, facts)
    if application is not None:
        kept = _seen_at(session, application, kept)
    for token in facts.tokens:
        kept = _keep_token(session, token, kept)
    return session, kept


def _application(key: str) -> Application | None:
    if not key:
        return None
    found = Application.objects.filter(key=key).first()
    if found is None:
        raise ApplicationUnknown
    return found


def _find(facts: SignInFacts, identity: Identity) -> Session | None:
    if facts.sid:
        session = Session.objects.filter(realm=identity.realm, sid=facts.sid).first()
        if session is not None and session.identity_id != identity.pk:
            raise SessionTaken
    else:
        session = Session.objects.filter(
            identity=identity, began_at=facts.began_at, client=_client(facts), sid=None
        ).first()
    if session is not None:
        session.user = identity.user
    return session


def _client(facts: SignInFacts) -> str:
    return shown(facts.client, limit=200)


def _begin(facts: SignInFacts, identity: Identity, issuer: Issuer | None) -> Session:
    now = database_now()
    session = Session(
        realm=identity.realm,
        issuer=issuer,
        user=identity.user,
        identity=identity,
        sid=facts.sid or None,
        client=_client(facts),
        began_at=facts.began_at,
        last_used_at=_last_use(facts, now),
        expires_at=facts.expires_at or _longest(facts, issuer),
        token_expires_at=_token_end(facts),
        **_origin(facts),
    )
    if _is_over(session):
        session.ended_at = now
        session.ended_by = identity.user.latest_revocation()
    session.save()
    if session.ended_at:
        _block(session, now)
    return session


def _last_use(facts: SignInFacts, now: datetime) -> datetime:
    return min(max(facts.last_used_at or facts.began_at, facts.began_at), now)


def _longest(facts: SignInFacts, issuer: Issuer | None) -> datetime | None:
    """What the issuer's profile allows at most, so that nothing unreported stays open for ever."""
    return facts.began_at + timedelta(seconds=issuer.max_session_seconds) if issuer else None


def _token_end(facts: SignInFacts) -> datetime | None:
    ends = [facts.token_expires_at, *(token.expires_at for token in facts.tokens)]
    return max((end for end in ends if end), default=None)


def _origin(facts: SignInFacts) -> dict[str, Any]:
    """Where and with what, as far as the sender knows."""
    methods = [shown(method, limit=64) for method in facts.authentication_methods[:METHODS_AT_MOST]]
    told = {
        "address": plain_address(facts.address) if facts.address else None,
        "user_agent": shown(facts.user_agent, limit=1000),
        "device_id": shown(facts.device_id, limit=200),
        "place": shown(facts.place, limit=200),
        "authentication_methods": [method for method in methods if method],
    }
    return {name: value for name, value in told.items() if value}


def _is_over(session: Session) -> bool:
    """Whether a guard refuses it already. Tokens give the start in whole seconds, so the fraction is cut."""
    if session.user.sign_in_blocked_at is not None:
        return True
    entry = BlacklistEntry.objects.filter(
        kind=EntryKind.USER, realm=session.realm, person_id=session.identity.person_id
    ).first()
    cutoff_ms = max(entry.cutoff_ms if entry else 0, latest_cutoff_ms(session.user), everyone.cutoff_ms())
    return to_milliseconds(session.began_at.replace(microsecond=0)) <= cutoff_ms


def _block(session: Session, now: datetime) -> None:
    """Where an issuer's tokens hide the start of the session, a cutoff alone does not hold it: its sid does."""
    state = _next_state(session.user, now, ended_by=session.ended_by)
    entries.write_sessions([session], {session.user_id: state})


def _next_state(user: User, now: datetime, *, ended_by: Revocation | None) -> PersonState:
    """The next revision of the person, for the entry of one session or token."""
    user.revision += 1
    user.save(update_fields=["revision"])
    return PersonState(
        revision=user.revision,
        cutoff_ms=to_milliseconds(now),
        blocked=not user.is_active,
        second_factor_since_ms=0,
        receipt=ended_by.receipt if ended_by else "",
        why=entries.why_of(ended_by),
        lost=entries.lost_by(user),
    )


def _bring_forward(session: Session, facts: SignInFacts) -> Kept:
    now = database_now()
    wanted: dict[str, Any] = {"last_used_at": max(session.last_used_at, _last_use(facts, now))}
    if facts.expires_at and session.expires_at:
        wanted["expires_at"] = max(session.expires_at, facts.expires_at)
    wanted["token_expires_at"] = _later(session.token_expires_at, _token_end(facts))
    if _last_use(facts, now) >= session.last_used_at:
        # An older report that comes late must not bring back an older address.
        wanted |= _origin(facts)
    changed = [name for name, value in wanted.items() if getattr(session, name) != value]
    for name in changed:
        setattr(session, name, wanted[name])
    if changed:
        session.save(update_fields=changed)
    return Kept.CHANGED if changed else Kept.UNCHANGED


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment), default=None)


def _seen_at(session: Session, application: Application, kept: Kept) -> Kept:
    seen, is_new = SessionApplication.objects.get_or_create(
        session=session, application=application, defaults={"last_seen_at": session.last_used_at}
    )
    if not is_new and session.last_used_at > seen.last_seen_at:
        seen.last_seen_at = session.last_used_at
        seen.save(update_fields=["last_seen_at"])
    return Kept.CHANGED if is_new and kept is Kept.UNCHANGED else kept


def _keep_token(session: Session, facts: TokenFacts, kept: Kept) -> Kept:
    token, is_new = Token.objects.get_or_create(
        realm=session.realm,
        token_id=facts.token_id,
        defaults={
            "session": session,
            "kind": facts.kind,
            "issued_at": facts.issued_at,
            "expires_at": facts.expires_at,
        },
    )
    if token.session_id != session.pk:
        raise TokenTaken
    grows = not is_new and facts.expires_at > token.expires_at
    if grows:
        token.expires_at = facts.expires_at
        token.save(update_fields=["expires_at"])
    if grows and token.revoked_at:
        _refuse_for_longer(token, session.user)
    return Kept.CHANGED if (is_new or grows) and kept is Kept.UNCHANGED else kept


def _refuse_for_longer(token: Token, user: User) -> None:
    """A revoked token that lives longer than was reported first must stay refused for as long."""
    state = _next_state(user, database_now(), ended_by=token.revocations.order_by("-decided_at").first())
    entries.write_token(token, state, expires_ms=to_milliseconds(token.expires_at))
