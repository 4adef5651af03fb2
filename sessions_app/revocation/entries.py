"""What a decision writes into the blacklist table, always upwards, under the lock of the person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import Max, QuerySet

from sessions_app.blacklist.values import SessionValue, TokenValue, UserValue
from sessions_app.blacklist.verdict import lost_digest
from sessions_app.blacklist.writer import Entry
from sessions_app.models import (
    BlacklistEntry,
    EntryKind,
    Identity,
    Issuer,
    Realm,
    Revocation,
    RevocationTarget,
    Session,
    Token,
    User,
)
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation.reasons import RULES

PORTAL_LIFE_MS = 13 * 3_600_000
LOST_AT_MOST = 64
RAISED_AT_ONCE = 2000
RAISED = (
    "revision", "blocked", "second_factor_since_ms", "receipt", "why", "lost", "cutoff_ms", "expires_at_ms",
)  # fmt: skip

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
    why: str
    lost: tuple[str, ...]


def life_in(realm: Realm) -> int:
    """Milliseconds for which a session of this realm, once begun, could be carried by some token."""
    return max((issuer.longest_life_ms for issuer in realm.issuers.all()), default=PORTAL_LIFE_MS)


def allowance_in(realm: Realm) -> int:
    """Milliseconds by which a clock of this realm's issuers may run ahead of ours (own issuers declare 0)."""
    widest = realm.issuers.aggregate(widest=Max("clock_allowance_seconds"))["widest"]
    return (widest or 0) * 1000


def write_person(identity: Identity, state: PersonState) -> BlacklistEntry:
    """The user entry of one identity: its cutoff includes the realm's clock allowance."""
    (entry,) = write_people([identity], {identity.user_id: state})
    return entry


def write_people(identities: Sequence[Identity], states: Mapping[UUID, PersonState]) -> list[BlacklistEntry]:
    """The same for identities of several people, all of them locked, in two statements however many there are."""
    now_ms = to_milliseconds(database_now())
    realms = _Realms()
    drafts = []
    for identity in identities:
        state = states[identity.user_id]
        draft = _draft(EntryKind.USER, identity, ident="", state=state)
        draft.blocked = state.blocked
        draft.lost = list(state.lost)
        draft.second_factor_since_ms = state.second_factor_since_ms
        draft.cutoff_ms = state.cutoff_ms + realms.allowance(identity.realm)
        # Of an old cutoff too: what else the entry says holds for sessions that begin now.
        draft.expires_at_ms = max(draft.cutoff_ms, now_ms) + realms.life(identity.realm)
        drafts.append(draft)
    return _raise_entries(drafts)


def write_sessions(sessions: Sequence[Session], states: Mapping[UUID, PersonState]) -> list[BlacklistEntry]:
    """The entries of these sessions, whose people are locked, in two statements for every 2,000 of them.

    A session whose issuer gives it no id has none: its person's entry covers it.
    """
    realms = _Realms()
    drafts = []
    for session in sessions:
        if not session.sid:
            continue
        state = states[session.user_id]
        draft = _draft(EntryKind.SESSION, session.identity, ident=session.sid, state=state)
        draft.expires_at_ms = state.cutoff_ms + realms.life(session.realm)
        drafts.append(draft)
    return [
        entry
        for start in range(0, len(drafts), RAISED_AT_ONCE)
        for entry in _raise_entries(drafts[start : start + RAISED_AT_ONCE])
    ]


class _Realms:
    """What is asked of few realms for many rows, asked once for each."""

    def __init__(self) -> None:
        self._lives: dict[int, int] = {}
        self._allowances: dict[int, int] = {}

    def life(self, realm: Realm) -> int:
        if realm.pk not in self._lives:
            self._lives[realm.pk] = life_in(realm)
        return self._lives[realm.pk]

    def allowance(self, realm: Realm) -> int:
        if realm.pk not in self._allowances:
            self._allowances[realm.pk] = allowance_in(realm)
        return self._allowances[realm.pk]


def write_token(token: Token, state: PersonState, *, expires_ms: int) -> BlacklistEntry:
    """The entry of one token; `expires_ms` is the token's own `exp` in milliseconds."""
    issuer: Issuer | None = token.session.issuer
    draft = _draft(EntryKind.TOKEN, token.session.identity, ident=token.token_id, state=state)
    draft.expires_at_ms = expires_ms + (issuer.allowance_ms if issuer else 60_000)
    (entry,) = _raise_entries([draft])
    return entry


def restate_person(user: User, *, second_factor_since_ms: int | None = None) -> None:
    """Let the person's entries say anew what is true of them, without ending anything: cutoffs stay where they are.

    Expects the person's lock. `second_factor_since_ms` is left as it is where None. An identity without an
    entry gets one where something was lost, because only an entry can tell a guard so.
    """
    user.revision += 1
    user.save(update_fields=["revision"])
    if user.lost_claims:
        _begin_missing_entries(user)
    standing = BlacklistEntry.objects.select_for_update(of=("self",)).select_related("realm")
    for entry in standing.filter(user=user, kind=EntryKind.USER):
        entry.revision = user.revision
        entry.blocked = user.sign_in_blocked_at is not None
        entry.lost = list(lost_by(user))
        if second_factor_since_ms is not None:
            entry.second_factor_since_ms = second_factor_since_ms
        if entry.lost:
            entry.expires_at_ms = max(entry.expires_at_ms, _outlives_what_is_out(entry.realm))
        entry.save(update_fields=["revision", "blocked", "lost", "second_factor_since_ms", "expires_at_ms"])


def _begin_missing_entries(user: User) -> None:
    """Entries that end nothing yet, and live as long as a token that is out now could."""
    standing = set(
        BlacklistEntry.objects.filter(user=user, kind=EntryKind.USER).values_list("realm_id", "person_id")
    )
    for identity in user.identities.select_related("realm"):
        if (identity.realm_id, identity.person_id) not in standing:
            BlacklistEntry.objects.create(
                kind=EntryKind.USER,
                realm=identity.realm,
                user=user,
                person_id=identity.person_id,
                revision=user.revision,
                receipt="",
                expires_at_ms=_outlives_what_is_out(identity.realm),
            )


def _outlives_what_is_out(realm: Realm) -> int:
    return to_milliseconds(database_now()) + life_in(realm)


def _draft(kind: EntryKind, identity: Identity, *, ident: str, state: PersonState) -> BlacklistEntry:
    return BlacklistEntry(
        kind=kind,
        realm_id=identity.realm_id,
        user_id=identity.user_id,
        person_id=identity.person_id,
        ident=ident,
        revision=state.revision,
        receipt=state.receipt,
        why=state.why,
    )


def _raise_entries(drafts: Sequence[BlacklistEntry]) -> list[BlacklistEntry]:
    """Store what is new, and raise what stands already. The drafts' people are locked."""
    if not drafts:
        return []
    # Locked as well: the clock and a longer profile raise an entry's expiry without the person's lock.
    standing = {
        _row_key(entry): entry
        for entry in BlacklistEntry.objects.select_for_update().filter(
            user_id__in={draft.user_id for draft in drafts}, ident__in={draft.ident for draft in drafts}
        )
    }
    BlacklistEntry.objects.bulk_create(draft for draft in drafts if _row_key(draft) not in standing)
    raised = [
        _raised(standing[key], draft) if (key := _row_key(draft)) in standing else draft for draft in drafts
    ]
    BlacklistEntry.objects.bulk_update(standing.values(), RAISED, batch_size=100)
    return raised


def _row_key(entry: BlacklistEntry) -> tuple[str, int, str, str]:
    return (str(entry.kind), entry.realm_id, entry.person_id, entry.ident)


def _raised(entry: BlacklistEntry, draft: BlacklistEntry) -> BlacklistEntry:
    entry.revision = draft.revision
    entry.blocked = draft.blocked
    entry.second_factor_since_ms = draft.second_factor_since_ms
    entry.receipt = draft.receipt
    entry.why = draft.why
    entry.lost = draft.lost
    entry.cutoff_ms = max(entry.cutoff_ms, draft.cutoff_ms)
    entry.expires_at_ms = max(entry.expires_at_ms, draft.expires_at_ms)
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
            why=entry.why,
            lost=tuple(entry.lost),
        )
    elif entry.kind == EntryKind.SESSION:
        value = SessionValue(revision=entry.revision, receipt=entry.receipt, why=entry.why)
    else:
        value = TokenValue(revision=entry.revision, receipt=entry.receipt, why=entry.why)
    return Entry(
        kind=WRITTEN_KINDS[EntryKind(entry.kind)],
        realm=entry.realm.key,
        person=entry.person_id,
        ident=entry.ident,
        value=value,
        expires_at_ms=entry.expires_at_ms,
    )


def why_of(revocation: Revocation | None) -> str:
    """The reason class that the entries of this decision tell a refused client."""
    return RULES[Reason(revocation.reason)].reason_class if revocation else ""


def lost_by(user: User) -> tuple[str, ...]:
    """Digests of what no token of this person may name any more; the first of them where there are very many."""
    return tuple(lost_digest(name) for name in user.lost_claims[:LOST_AT_MOST])


def second_factor_since(user: User) -> int:
    """Since when a second factor is demanded of this person, in milliseconds; 0 where it is not.

    Of somebody who had no identity yet there is no entry that could say so; the decisions do, until one is linked.
    """
    return second_factors_since([user])[user.pk]


def second_factors_since(people: Collection[User]) -> dict[UUID, int]:
    """The same of each of several, in two statements."""
    by_decision = _newest(
        RevocationTarget.objects.filter(user__in=people).demanding_second_factor(), "cutoff_ms"
    )
    theirs = BlacklistEntry.objects.filter(user__in=people, kind=EntryKind.USER)
    by_entry = _newest(theirs, "second_factor_since_ms")
    return {user.pk: by_entry.get(user.pk, by_decision.get(user.pk, 0)) for user in people}


def _newest(rows: QuerySet[Any], column: str) -> dict[UUID, int]:
    return dict(rows.order_by().values("user").annotate(since=Max(column)).values_list("user", "since"))
