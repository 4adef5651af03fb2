"""Sign-ins that somebody reports: each becomes a session of a person we know, or is kept as unmatched."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from audit.events import Events
from audit.initiators import Initiator, InitiatorKind
from audit.record import Target, record
from sessions_app.changes.errors import IdentityTaken, PersonUnknown, RealmUnknown
from sessions_app.changes.identities import make_links_count, record_taken, write_link
from sessions_app.changes.naming import find_issuer_and_realm, find_person
from sessions_app.changes.people import Kept
from sessions_app.models import Identity, Issuer, Realm, Session, User
from sessions_app.sightings.checks import refuse_impossible
from sessions_app.sightings.facts import SignInFacts
from sessions_app.sightings.session_rows import keep_session
from sessions_app.sightings.unmatched import keep_unmatched
from sessions_app.tokens.profiles import OWN_ISSUERS


@dataclass(frozen=True, kw_only=True)
class SignInOutcome:
    """The session as it is now. It may have been over before it was reported."""

    session: Session
    kept: Kept


def report_sign_in(facts: SignInFacts, *, by: Initiator) -> SignInOutcome:
    """Make a reported sign-in, or its later use, known as a session of its person.

    1. Find the person by the identity, or by the naming, which links the identity (`link_identity`).
    2. Lock them, store the session or bring it up to date, and write the audit entry of a new one, in one
       transaction. A session that began before a cutoff or a block is stored ended, never as open.
    3. Publish what the link or the ended session needs in the blacklist.

    Reports may be repeated and may arrive in any order: the last use only moves forward, the expiry only
    grows, the start never changes. Raises PersonUnknown after keeping the sighting as unmatched, another
    child of ChangeRefused having stored nothing but the refusal of an identity, and BlacklistUnavailable
    when step 3 fails: everything is stored then, and the sender repeats the report until it counts.
    """
    refuse_impossible(facts)
    try:
        outcome = _keep_once_more(facts, by=by)
    except PersonUnknown:
        keep_unmatched(facts, _where(facts, by=by)[1], by=by)
        raise
    make_links_count(outcome.session.user)
    return outcome


def _keep_once_more(facts: SignInFacts, *, by: Initiator) -> SignInOutcome:
    """Two first reports of the same at once: the one that comes second finds what the first one stored."""
    try:
        return _keep(facts, by=by)
    except IntegrityError:
        return _keep(facts, by=by)


def _keep(facts: SignInFacts, *, by: Initiator) -> SignInOutcome:
    issuer, realm = _where(facts, by=by)
    try:
        with transaction.atomic():
            identity = _identify(facts, realm, by=by)
            session, kept = keep_session(facts, identity, issuer)
            if kept is Kept.CREATED:
                _record(session, by=by)
    except IdentityTaken as refusal:
        person = find_person(facts.naming)
        record_taken(Target.of(person, label=person.display_name), refusal, by=by)
        raise
    return SignInOutcome(session=session, kept=kept)


def _where(facts: SignInFacts, *, by: Initiator) -> tuple[Issuer | None, Realm]:
    """Raises RealmUnknown, also for the portal's own sign-ins where a machine claims to have seen one."""
    issuer, realm = find_issuer_and_realm(facts.known_in)
    if by.kind == InitiatorKind.MACHINE and realm.key.startswith(OWN_ISSUERS):
        raise RealmUnknown
    return issuer, realm


def _identify(facts: SignInFacts, realm: Realm, *, by: Initiator) -> Identity:
    """The identity, with its person locked. Raises PersonUnknown or IdentityTaken."""
    known = Identity.objects.filter(realm=realm, person_id=facts.person_id).first()
    person = find_person(facts.naming) if known is None else _owner(known, facts)
    locked = User.objects.select_for_update().get(pk=person.pk)
    identity = write_link(locked, realm, facts.person_id, by=by)
    identity.user = locked
    return identity


def _owner(known: Identity, facts: SignInFacts) -> User:
    """Whose identity it is. A naming may say nothing, or name somebody unknown; it may not name another person."""
    try:
        named = find_person(facts.naming)
    except PersonUnknown:
        return known.user
    if named.pk != known.user_id:
        raise IdentityTaken(known.realm.key)
    return named


def _record(session: Session, *, by: Initiator) -> None:
    user = session.user
    record(
        Events.SESSION_REPORTED,
        initiator=by,
        target=Target.of(user, label=user.display_name),
        details={
            "session": str(session.pk),
            "realm": session.realm.key,
            "already_over": session.ended_at is not None,
        },
    )
