"""What guards saw, kept in SQL: sessions and their last use, attempts after a cutoff, tallies, and proofs."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Cast, Greatest, Least
from django.utils import timezone

from audit.initiators import Door, Initiator, InitiatorKind
from sessions_app.blacklist.causes import known_cause
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.observations import Observation
from sessions_app.blacklist.verdict import Note, Outcome
from sessions_app.changes.errors import ChangeRefused, SessionTaken, TooManyReported
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
    SessionApplication,
    User,
)
from sessions_app.models.moments import from_milliseconds, to_milliseconds
from sessions_app.revocation.confirmations import note_claims, note_second_factor
from sessions_app.sightings.facts import SignInFacts
from sessions_app.sightings.quotas import Made, may_make
from sessions_app.sightings.reported import report_sign_in

logger = logging.getLogger(__name__)

WRITTEN_EVERY = timedelta(minutes=1)
ATTEMPTS_A_DAY = 200  # rows of one person and receipt
COUNTED_WITHIN = timedelta(days=1)
MOST_TIMES = 2_000_000_000  # what the column holds on every database


def the_guard() -> Initiator:
    """Our own guards, where what they saw changes something by itself."""
    return Initiator(kind=InitiatorKind.MACHINE, id="guard", name="", door=Door.GUARD)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a batch."""

    sessions_begun: int = 0
    attempts: int = 0


def keep_observations(batch: Sequence[Observation], *, by: Initiator) -> Kept:
    """Write what was seen.

    1. Sessions, their last use and what tokens proved: the same batch twice changes nothing more. What cannot
       be kept of one observation is logged and costs the others nothing.
    2. What is counted (tallies, attempts), in one transaction and last.

    Causes are ours alone, and what is older than a day is neither counted nor an attempt: so the number of rows
    has a bound, whatever is reported. Raises OperationalError where SQL is away. The caller then keeps the batch;
    nothing of it is counted yet.
    """
    batch = [_plain(seen) for seen in batch if _can_be_kept(seen)]
    recent = [seen for seen in batch if seen.at_ms > to_milliseconds(timezone.now() - COUNTED_WITHIN)]
    places = {point.name: point for point in EnforcementPoint.objects.select_related("application")}
    known = _people_in(batch)
    begun = _note_uses(
        [seen for seen in batch if seen.outcome is Outcome.ALLOWED and seen.sid], places, by=by
    )
    _note_proofs(batch, known, by=by)
    with transaction.atomic():
        _tally(recent, places)
        attempts = _note_attempts(recent, known, places, by=by)
    return Kept(sessions_begun=begun, attempts=attempts)


def _plain(seen: Observation) -> Observation:
    return replace(seen, cause=known_cause(seen.outcome, seen.cause))


def _can_be_kept(seen: Observation) -> bool:
    """PostgreSQL has no NUL in texts; one token with one must not cost the whole batch."""
    return "\x00" not in "".join((seen.where, seen.issuer, seen.realm, seen.person, seen.sid, seen.client))


@contextmanager
def _costing_no_other(seen: Observation) -> Iterator[None]:
    """Whatever is wrong with one observation; that SQL is away is wrong with none."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except (ChangeRefused, BlacklistUnavailable) as refusal:
        logger.info("what was seen at %s was not kept: %s", seen.where, type(refusal).__name__)
    except Exception:
        logger.exception("what was seen at %s could not be kept", seen.where)


# --- Tallies ----------------------------------------------------------------------------------------


def _tally(batch: Sequence[Observation], places: dict[str, EnforcementPoint]) -> None:
    alike: dict[tuple[int, datetime, str, str, bool], list[Observation]] = defaultdict(list)
    for seen in batch:
        if seen.where in places:
            key = (places[seen.where].pk, _hour(seen), str(seen.outcome), seen.cause, seen.was_enforced)
            alike[key].append(seen)
    # In one order, so that two processes never wait for each other crosswise.
    for key in sorted(alike):
        point_id, hour, outcome, cause, was_enforced = key
        at, times = _latest_at(alike[key]), _times(alike[key])
        tally, _made = PointTally.objects.get_or_create(
            point_id=point_id,
            hour=hour,
            outcome=outcome,
            cause=cause,
            was_enforced=was_enforced,
            defaults={"last_at": at},
        )
        PointTally.objects.filter(pk=tally.pk).update(times=F("times") + times, last_at=_no_earlier(at))


def _hour(seen: Observation) -> datetime:
    return from_milliseconds(seen.at_ms - seen.at_ms % 3_600_000)


def _latest_at(alike: Iterable[Observation]) -> datetime:
    return from_milliseconds(max(seen.at_ms for seen in alike))


def _times(alike: Iterable[Observation]) -> int:
    return sum(seen.times for seen in alike)


def _no_earlier(at: datetime) -> Greatest:
    """Reports come in any order; the last time is never moved back by one that comes late."""
    return Greatest(F("last_at"), Value(at))


# --- Sessions and their last use --------------------------------------------------------------------


def _note_uses(allowed: Sequence[Observation], places: dict[str, EnforcementPoint], *, by: Initiator) -> int:
    """Each session once per place, by its latest use there. Returns how many were not known before."""
    latest = {(seen.realm, seen.sid, seen.where): seen for seen in sorted(allowed, key=_moment)}
    known = {
        (session.realm.key, session.sid): session
        for session in Session.objects.select_related("realm", "identity").filter(
            realm__key__in={realm for realm, _sid, _where in latest},
            sid__in={sid for _realm, sid, _where in latest},
        )
    }
    standing = dict(known)
    seen_at = {
        (row.session_id, row.application_id): row
        for row in SessionApplication.objects.filter(session__in=known.values())
    }
    for (realm, sid, where), seen in latest.items():
        application = places[where].application if where in places else None
        with _costing_no_other(seen):
            session = known.get((realm, sid))
            if session is None:
                known[realm, sid] = _begin(seen, application, by=by)
                continue
            if session.identity.person_id != seen.person:
                raise SessionTaken
            _move_last_use(session, seen)
            if application is not None:
                _list_application(session, application, seen, seen_at)
    return len(known) - len(standing)


def _moment(seen: Observation) -> int:
    return seen.at_ms


def _move_last_use(session: Session, seen: Observation) -> None:
    at = from_milliseconds(seen.at_ms)
    if at - session.last_used_at > WRITTEN_EVERY:
        Session.objects.filter(pk=session.pk, last_used_at__lt=at).update(last_used_at=at)
        session.last_used_at = at


def _list_application(
    session: Session,
    application: Application,
    seen: Observation,
    seen_at: dict[tuple[UUID, int], SessionApplication],
) -> None:
    """One session serves many applications; each is listed under it with its own last use."""
    at = from_milliseconds(seen.at_ms)
    row = seen_at.get((session.pk, application.pk))
    if row is None:
        SessionApplication.objects.get_or_create(
            session=session, application=application, defaults={"last_seen_at": at}
        )
    elif at - row.last_seen_at > WRITTEN_EVERY:
        SessionApplication.objects.filter(pk=row.pk, last_seen_at__lt=at).update(last_seen_at=at)


def _begin(seen: Observation, application: Application | None, *, by: Initiator) -> Session:
    """A valid token of a session nobody reported. A person nobody knows is kept as unmatched, once.

    Raises TooManyReported where somebody's reports make more sessions of a person than a day can have.
    """
    is_somebody = Identity.objects.filter(realm__key=seen.realm, person_id=seen.person).exists()
    if is_somebody and not may_make(Made.SESSION, by=by, about=f"{seen.realm}\n{seen.person}"):
        raise TooManyReported
    facts = SignInFacts(
        known_in=Place(realm="" if seen.issuer else seen.realm, issuer=seen.issuer),
        person_id=seen.person,
        sid=seen.sid,
        began_at=from_milliseconds(seen.started_ms),
        last_used_at=from_milliseconds(seen.at_ms),
        application=application.key if application else "",
        client=seen.client,
        address=seen.address,
    )
    return report_sign_in(facts, by=by).session


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
    *,
    by: Initiator,
) -> int:
    refused = [
        seen for seen in batch if seen.outcome is Outcome.REVOKED and seen.receipt and seen.was_enforced
    ]
    alike: dict[str, list[Observation]] = defaultdict(list)
    for seen in sorted(refused, key=_moment):
        if (seen.realm, seen.person) in known:
            alike[_fingerprint(seen)].append(seen)
    for fingerprint in sorted(alike):
        seen = alike[fingerprint][0]
        point = places.get(seen.where)
        _count_attempt(
            alike[fingerprint],
            user=known[seen.realm, seen.person],
            application=point.application if point else None,
            by=by,
        )
    return sum(_times(found) for found in alike.values())


def _fingerprint(seen: Observation) -> str:
    day = from_milliseconds(seen.at_ms).date().isoformat()
    parts = (seen.receipt, seen.realm, seen.person, seen.sid, seen.where, seen.address or "", seen.cause, day)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _count_attempt(
    alike: Sequence[Observation], *, user: User, application: Application | None, by: Initiator
) -> None:
    """`alike` is in the order it was seen. A receipt that is not this person's is nobody's attempt.

    Who comes from ever new addresses, sessions or places is counted without them, in one row a day and cause.
    """
    seen, at, times = alike[0], _latest_at(alike), _times(alike)
    fingerprint = _fingerprint(seen)
    counted = Attempt.objects.filter(fingerprint=fingerprint)
    if counted.update(times=_more(times), last_at=_no_earlier(at)):
        return
    if not Revocation.objects.of(user).filter(receipt=seen.receipt).exists():
        return
    if seen.where and _are_many(user, seen):
        rest = [replace(each, address=None, sid="", where="") for each in alike]
        _count_attempt(rest, user=user, application=None, by=by)
        return
    if not may_make(Made.ATTEMPT, by=by):
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
                cause=seen.cause,
                address=seen.address,
                first_at=from_milliseconds(seen.at_ms),
                last_at=at,
                times=min(times, MOST_TIMES),
            )
    except IntegrityError:  # another process kept the first of the same
        counted.update(times=_more(times), last_at=_no_earlier(at))


def _more(times: int) -> Least:
    """Counted no further than the column holds, which would be an error to whoever reports; nor while adding."""
    return Least(Cast(F("times"), BigIntegerField()) + times, Value(MOST_TIMES))


def _are_many(user: User, seen: Observation) -> bool:
    day = from_milliseconds(seen.at_ms).replace(hour=0, minute=0, second=0, microsecond=0)
    kept = Attempt.objects.filter(user=user, receipt=seen.receipt, last_at__gte=day)
    return kept[:ATTEMPTS_A_DAY].count() >= ATTEMPTS_A_DAY


# --- What a token proved ----------------------------------------------------------------------------


def _note_proofs(batch: Sequence[Observation], known: dict[tuple[str, str], User], *, by: Initiator) -> None:
    """Second factors and reduced claims, oldest first: the first token after a decision is the one that counts."""
    issuers: dict[str, Issuer] = {}
    for seen in sorted(batch, key=_moment):
        user = known.get((seen.realm, seen.person))
        if user is None or not (seen.notes or _still_claims_what_was_lost(seen)):
            continue
        issuer = issuers.get(seen.issuer) or Issuer.objects.filter(iss=seen.issuer).first()
        if issuer is None:
            continue
        issuers[seen.issuer] = issuer
        with _costing_no_other(seen):
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
