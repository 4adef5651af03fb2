"""What guards saw, kept in SQL: sessions and their last use, attempts after a cutoff, tallies, and proofs."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from audit.initiators import Door, Initiator, InitiatorKind
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.observations import Observation
from sessions_app.blacklist.verdict import Note, Outcome
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.naming import Place
from sessions_app.models import (
    Application,
    Attempt,
    EnforcementPoint,
    Identity,
    Issuer,
    PointTally,
    Revocation,
    Session,
    User,
)
from sessions_app.models.moments import from_milliseconds
from sessions_app.revocation.confirmations import note_claims, note_second_factor
from sessions_app.sightings.facts import SignInFacts
from sessions_app.sightings.reported import report_sign_in

logger = logging.getLogger(__name__)

LAST_USE_WRITTEN_EVERY = timedelta(minutes=1)


def the_guard() -> Initiator:
    """Our own guards, where what they saw changes something by itself."""
    return Initiator(kind=InitiatorKind.MACHINE, id="guard", name="", door=Door.GUARD)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a batch."""

    sessions_begun: int = 0
    attempts: int = 0


def keep_observations(batch: Sequence[Observation], *, by: Initiator) -> Kept:
    """Write what was seen; the same batch twice counts uses and attempts twice and changes nothing else.

    Each part stands for itself: what cannot be kept of one observation is logged and costs the others nothing.
    Raises DatabaseError where SQL is away; the caller then keeps the batch.
    """
    places = {point.name: point for point in EnforcementPoint.objects.select_related("application")}
    _tally(batch, places)
    known = _people_in(batch)
    begun = _note_uses(
        [seen for seen in batch if seen.outcome is Outcome.ALLOWED and seen.sid], places, by=by
    )
    attempts = _note_attempts(batch, known, places)
    _note_proofs(batch, known, by=by)
    return Kept(sessions_begun=begun, attempts=attempts)


# --- Tallies ----------------------------------------------------------------------------------------


def _tally(batch: Sequence[Observation], places: dict[str, EnforcementPoint]) -> None:
    counted = Counter(
        (places[seen.where].pk, _hour(seen), str(seen.outcome), _plain_cause(seen), seen.was_enforced)
        for seen in batch
        if seen.where in places
    )
    latest = from_milliseconds(max((seen.at_ms for seen in batch), default=0))
    for (point_id, hour, outcome, cause, was_enforced), times in counted.items():
        tally, _made = PointTally.objects.get_or_create(
            point_id=point_id,
            hour=hour,
            outcome=outcome,
            cause=cause,
            was_enforced=was_enforced,
            defaults={"last_at": latest},
        )
        PointTally.objects.filter(pk=tally.pk).update(times=F("times") + times, last_at=latest)


def _hour(seen: Observation) -> datetime:
    return from_milliseconds(seen.at_ms - seen.at_ms % 3_600_000)


def _plain_cause(seen: Observation) -> str:
    return seen.cause[:60]


# --- Sessions and their last use --------------------------------------------------------------------


def _note_uses(allowed: Sequence[Observation], places: dict[str, EnforcementPoint], *, by: Initiator) -> int:
    latest = {(seen.realm, seen.sid): seen for seen in sorted(allowed, key=lambda seen: seen.at_ms)}
    known = {
        (session.realm.key, session.sid): session
        for session in Session.objects.select_related("realm").filter(
            realm__key__in={realm for realm, _sid in latest}, sid__in={sid for _realm, sid in latest}
        )
    }
    begun = 0
    for key, seen in latest.items():
        if key in known:
            _move_last_use(known[key], seen)
        else:
            begun += _begin(seen, places.get(seen.where), by=by)
    return begun


def _move_last_use(session: Session, seen: Observation) -> None:
    at = from_milliseconds(seen.at_ms)
    if at - session.last_used_at > LAST_USE_WRITTEN_EVERY:
        Session.objects.filter(pk=session.pk, last_used_at__lt=at).update(last_used_at=at)


def _begin(seen: Observation, point: EnforcementPoint | None, *, by: Initiator) -> int:
    """A valid token of a session nobody reported. A person nobody knows is kept as unmatched, once."""
    application = point.application if point else None
    facts = SignInFacts(
        known_in=Place(realm="", issuer=seen.issuer),
        person_id=seen.person,
        sid=seen.sid,
        began_at=from_milliseconds(seen.started_ms),
        last_used_at=from_milliseconds(seen.at_ms),
        application=application.key if application else "",
        client=seen.client,
        address=seen.address,
    )
    try:
        report_sign_in(facts, by=by)
    except (ChangeRefused, BlacklistUnavailable) as refusal:
        logger.info("a session seen at %s was not kept: %s", seen.where, type(refusal).__name__)
        return 0
    return 1


# --- Attempts after the cutoff ----------------------------------------------------------------------


def _people_in(batch: Iterable[Observation]) -> dict[tuple[str, str], User]:
    named = {(seen.realm, seen.person) for seen in batch if seen.receipt}
    found = Identity.objects.select_related("user", "realm").filter(
        realm__key__in={realm for realm, _person in named},
        person_id__in={person for _realm, person in named},
    )
    return {(identity.realm.key, identity.person_id): identity.user for identity in found}


def _note_attempts(
    batch: Sequence[Observation],
    known: dict[tuple[str, str], User],
    places: dict[str, EnforcementPoint],
) -> int:
    refused = [
        seen for seen in batch if seen.outcome is Outcome.REVOKED and seen.receipt and seen.was_enforced
    ]
    counted = Counter(_fingerprint(seen) for seen in refused if (seen.realm, seen.person) in known)
    latest = {_fingerprint(seen): seen for seen in sorted(refused, key=lambda seen: seen.at_ms)}
    for fingerprint, times in counted.items():
        seen = latest[fingerprint]
        point = places.get(seen.where)
        _count_attempt(
            seen,
            fingerprint,
            times,
            user=known[seen.realm, seen.person],
            application=point.application if point else None,
        )
    return sum(counted.values())


def _fingerprint(seen: Observation) -> str:
    day = from_milliseconds(seen.at_ms).date().isoformat()
    parts = (seen.receipt, seen.realm, seen.person, seen.sid, seen.where, seen.address or "", seen.cause, day)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _count_attempt(
    seen: Observation, fingerprint: str, times: int, *, user: User, application: Application | None
) -> None:
    at = from_milliseconds(seen.at_ms)
    counted = Attempt.objects.filter(fingerprint=fingerprint)
    if counted.update(times=F("times") + times, last_at=at):
        return
    if not Revocation.objects.filter(receipt=seen.receipt).exists():
        return
    try:
        with transaction.atomic():
            Attempt.objects.create(
                fingerprint=fingerprint,
                receipt=seen.receipt,
                user=user,
                session=Session.objects.filter(realm__key=seen.realm, sid=seen.sid).first(),
                application=application,
                where=seen.where[:200],
                cause=seen.cause[:40],
                address=seen.address,
                first_at=at,
                last_at=at,
                times=times,
            )
    except IntegrityError:  # another process kept the first of the same
        counted.update(times=F("times") + times, last_at=at)


# --- What a token proved ----------------------------------------------------------------------------


def _note_proofs(batch: Sequence[Observation], known: dict[tuple[str, str], User], *, by: Initiator) -> None:
    """Second factors and reduced claims, oldest first: the first token after a decision is the one that counts."""
    issuers: dict[str, Issuer] = {}
    for seen in sorted(batch, key=lambda seen: seen.at_ms):
        user = known.get((seen.realm, seen.person))
        if user is None or not (seen.notes or _still_claims_what_was_lost(seen)):
            continue
        issuer = issuers.get(seen.issuer) or Issuer.objects.filter(iss=seen.issuer).first()
        if issuer is None:
            continue
        issuers[seen.issuer] = issuer
        _note_proof(seen, user, issuer, by=by)


def _still_claims_what_was_lost(seen: Observation) -> bool:
    """Only a guard that read the token itself knows its claims."""
    return seen.cause == "claims_changed" and seen.entitlements is not None


def _note_proof(seen: Observation, user: User, issuer: Issuer, *, by: Initiator) -> None:
    at = from_milliseconds(seen.at_ms)
    if Note.SECOND_FACTOR_PROVED in seen.notes:
        note_second_factor(user, issuer=issuer, proved_at=at, by=by)
    if _still_claims_what_was_lost(seen) or {Note.CLAIMS_REDUCED, Note.CLAIMS_NOT_COMPARED} & set(seen.notes):
        note_claims(user, issuer=issuer, names=seen.entitlements, seen_at=at, by=by)
