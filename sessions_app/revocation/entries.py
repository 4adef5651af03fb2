"""What a decision writes into the blacklist table, always upwards, under the lock of the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.db.models import Max

from sessions_app.blacklist.values import SessionValue, TokenValue, UserValue
from sessions_app.blacklist.writer import Entry
from sessions_app.models import BlacklistEntry, EntryKind, Identity, Issuer, Realm, Session, Token, User

PORTAL_LIFE_MS = 13 * 3_600_000

WRITTEN_KINDS: dict[EntryKind, Literal["user", "session", "token"]] = {
    EntryKind.USER: "user",
    EntryKind.SESSION: "session",
    EntryKind.TOKEN: "token",
}


@dataclass(frozen=True, kw_only=True)
class PersonState:
    """What the person's entries say from now on."""

    revision: int
    cutoff_ms: int
    blocked: bool
    second_factor_since_ms: int
    receipt: str


def life_in(realm: Realm) -> int:
    """Milliseconds for which a session of this realm, once begun, could be carried by some token."""
    return max((issuer.longest_life_ms for issuer in realm.issuers.all()), default=PORTAL_LIFE_MS)


def allowance_in(realm: Realm) -> int:
    """Milliseconds by which a clock of this realm's issuers may run ahead of ours (own issuers declare 0)."""
    widest = realm.issuers.aggregate(widest=Max("clock_allowance_seconds"))["widest"]
    return (widest or 0) * 1000


def write_person(identity: Identity, state: PersonState) -> BlacklistEntry:
    """The user entry of one identity: its cutoff includes the realm's clock allowance."""
    cutoff_ms = state.cutoff_ms + allowance_in(identity.realm)
    return _raise_entry(
        EntryKind.USER,
        identity=identity,
        ident="",
        state=state,
        cutoff_ms=cutoff_ms,
        expires_at_ms=cutoff_ms + life_in(identity.realm),
    )


def write_session(session: Session, state: PersonState) -> BlacklistEntry | None:
    """The entry of one session, None where the issuer has no session ids (its user entry covers it)."""
    if not session.sid:
        return None
    expires_at_ms = state.cutoff_ms + life_in(session.realm)
    return _raise_entry(
        EntryKind.SESSION,
        identity=session.identity,
        ident=session.sid,
        state=state,
        cutoff_ms=0,
        expires_at_ms=expires_at_ms,
    )


def write_token(token: Token, state: PersonState, *, expires_ms: int) -> BlacklistEntry:
    """The entry of one token; `expires_ms` is the token's own `exp` in milliseconds."""
    issuer: Issuer | None = token.session.issuer
    allowance = issuer.allowance_ms if issuer else 60_000
    return _raise_entry(
        EntryKind.TOKEN,
        identity=token.session.identity,
        ident=token.token_id,
        state=state,
        cutoff_ms=0,
        expires_at_ms=expires_ms + allowance,
    )


def _raise_entry(
    kind: EntryKind, *, identity: Identity, ident: str, state: PersonState, cutoff_ms: int, expires_at_ms: int
) -> BlacklistEntry:
    # Locked: the clock and a longer profile raise its expiry without the person's lock.
    locked = BlacklistEntry.objects.select_for_update()
    entry = locked.filter(
        kind=kind, realm=identity.realm, person_id=identity.person_id, ident=ident
    ).first() or BlacklistEntry(
        kind=kind,
        realm=identity.realm,
        user=identity.user,
        person_id=identity.person_id,
        ident=ident,
        expires_at_ms=0,
    )
    entry.revision = state.revision
    entry.blocked = state.blocked and kind == EntryKind.USER
    entry.second_factor_since_ms = state.second_factor_since_ms if kind == EntryKind.USER else 0
    entry.receipt = state.receipt
    entry.cutoff_ms = max(entry.cutoff_ms, cutoff_ms)
    entry.expires_at_ms = max(entry.expires_at_ms, expires_at_ms)
    entry.save()
    return entry


def as_written(entry: BlacklistEntry) -> Entry:
    """The row as the writer wants it. Expects `realm` to be loaded."""
    value: UserValue | SessionValue | TokenValue
    if entry.kind == EntryKind.USER:
        value = UserValue(
            revision=entry.revision,
            blocked=entry.blocked,
            cutoff_ms=entry.cutoff_ms,
            second_factor_since_ms=entry.second_factor_since_ms,
            receipt=entry.receipt,
        )
    elif entry.kind == EntryKind.SESSION:
        value = SessionValue(revision=entry.revision, receipt=entry.receipt)
    else:
        value = TokenValue(revision=entry.revision, receipt=entry.receipt)
    return Entry(
        kind=WRITTEN_KINDS[EntryKind(entry.kind)],
        realm=entry.realm.key,
        person=entry.person_id,
        ident=entry.ident,
        value=value,
        expires_at_ms=entry.expires_at_ms,
    )


def second_factor_since(user: User) -> int:
    """Since when a second factor is demanded of this person, in milliseconds; 0 where it is not."""
    found = BlacklistEntry.objects.filter(user=user, kind=EntryKind.USER).aggregate(
        since=Max("second_factor_since_ms")
    )
    return found["since"] or 0
