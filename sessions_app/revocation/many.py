"""Orders about many people: decided as one (`many_decided`), carried out person after person, resumable everywhere.

The decision is one transaction: the revocation, a target for each person, and its entry in the trail. What it does
to people follows in transactions of few people each, so that an urgent order about one of them never waits long:
first the cutoffs of all, then their sessions by name. Whoever stops half-way, another goes on (`carry_on_all`).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Count, F, Q, QuerySet

from audit.initiators import Door, Initiator, InitiatorKind
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.models import (
    BlacklistEntry,
    EntryKind,
    Identity,
    Revocation,
    RevocationScope,
    RevocationTarget,
    Session,
    User,
)
from sessions_app.models.moments import database_now, from_milliseconds, to_milliseconds
from sessions_app.models.revocations import OF_MANY_PEOPLE
from sessions_app.revocation import entries, everyone, leaving, publishing, rules
from sessions_app.revocation.coverage import SessionFate, fate_of
from sessions_app.revocation.effects import advance, end_sessions, end_what_may_be_alive
from sessions_app.revocation.entries import PersonState
from sessions_app.revocation.entries_of_record import (
    record_left_out,
    record_part,
)
from sessions_app.revocation.errors import LastAdmin
from sessions_app.revocation.giving_way import let_the_clock_beat
from sessions_app.revocation.receipt_versions import Change, sign_version

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=5)  # for which whoever asked waits, before the clock takes over

# Far fewer than the contract's 500, because an urgent order waits for one such transaction.
CUT_OFF_AT_ONCE = 100
ENDED_AT_ONCE = 100
SESSIONS_AT_ONCE = 250
PUBLISHED_AT_ONCE = 1000
BEATS_SECONDS = 2.5  # two beats of the clock and a bit
ROWS_AT_ONCE = 1000


def carry_on(revocation: Revocation, *, by: Initiator, seconds: float | None = None) -> bool:
    """Go on with a decision where it stands; True once it is cut off. Repeating it and doing it twice at once is safe.

    1. Draw the cutoff of everybody, and publish each lot. 2. Take from those left out what the project gave them.
    3. End the sessions of the others by name, and publish each lot. 4. Once nothing is missing in the blacklist,
    note the moment. Stops between two lots when `seconds` are over. Never raises for the blacklist: the decision is
    carried out in SQL all the same, and published later.
    """
    run = _Run(revocation, by=by, deadline=None if seconds is None else time.monotonic() + seconds)
    if all(run.repeat(part) for part in PARTS) and run.is_published() and run.is_in_the_markers():
        revocation.refresh_from_db()  # its entry says how many sessions were counted meanwhile
        publishing.finish(revocation, by=by)
    revocation.refresh_from_db()
    return revocation.cut_off_at is not None


def carry_on_all(*, by: Initiator, seconds: float, left_alone: timedelta = timedelta()) -> int:
    """What the clock does: every decision about many that is not cut off yet, oldest first, in about the time given.

    Each gets its share of what is left of it, and one lot at least, so that a small one never waits for a huge one.
    Those younger than `left_alone` are still being carried out by whoever decided them: two at once would only wait
    for each other, and keep everybody else from writing. Returns how many are cut off now.
    """
    deadline = time.monotonic() + seconds
    is_taken_over = Q(decided_at__lte=database_now() - left_alone) | Q(initiator_kind=by.kind)
    pending = Revocation.objects.pending().filter(is_taken_over, scope__in=OF_MANY_PEOPLE)
    waiting = list(pending.order_by("decided_at"))
    done = 0
    for position, revocation in enumerate(waiting):
        share = (deadline - time.monotonic()) / (len(waiting) - position)
        try:
            done += carry_on(revocation, by=by, seconds=share)
        except Exception:  # one poisoned decision must not keep the others open
            logger.exception("revocation %s could not be carried on", revocation.receipt)
    return done


Part = Callable[[Revocation], list[UUID]]


class _Run:
    """One stretch of work on one decision; remembers that the blacklist does not answer, to ask it only once."""

    def __init__(self, revocation: Revocation, *, by: Initiator, deadline: float | None) -> None:
        self._revocation = revocation
        self._by = by
        self._deadline = deadline
        self._is_silent = False

    def repeat(self, part: Part) -> bool:
        """Do this part until nobody is left; False where time ran out before."""
        while people := self._once_more(part):
            self._publish(people)
            let_the_clock_beat()
            if self._deadline is not None and time.monotonic() > self._deadline:
                return False
        return True

    def _once_more(self, part: Part) -> list[UUID]:
        """One lot. Where the database let another transaction win a deadlock, nothing of it was done: again."""
        try:
            return part(self._revocation)
        except OperationalError:
            return part(self._revocation)

    def is_published(self) -> bool:
        """Publish whatever an earlier run left; False while the blacklist does not take it."""
        if self._is_silent:
            return False
        theirs = RevocationTarget.objects.filter(revocation=self._revocation).values("user")
        waiting = BlacklistEntry.objects.filter(user__in=theirs).unpublished()
        while rows := list(waiting.select_related("realm").order_by("id")[:PUBLISHED_AT_ONCE]):
            if not self._try(rows):
                return False
        return True

    def is_in_the_markers(self) -> bool:
        """Whether every marker says what holds for everyone; waits a little for the clock, who alone writes them."""
        if self._revocation.scope != RevocationScope.EVERYONE:
            return True
        until = time.monotonic() + BEATS_SECONDS
        try:
            while not everyone.is_in_the_markers(self._revocation.decided_at):
                if time.monotonic() > min(until, self._deadline or until):
                    return False
                time.sleep(0.1)
        except BlacklistUnavailable as failure:
            publishing.note_failure(self._revocation, failure)
            return False
        return True

    def _publish(self, people: Collection[UUID]) -> None:
        if self._is_silent:
            return
        waiting = BlacklistEntry.objects.filter(user__in=people).unpublished().select_related("realm")
        self._try(list(waiting))

    def _try(self, rows: Sequence[BlacklistEntry]) -> bool:
        try:
            publishing.publish_entries(rows, asked=publishing.worth_asking(rows))
        except BlacklistUnavailable as failure:
            self._is_silent = True
            publishing.note_failure(self._revocation, failure)
            return False
        return True


@transaction.atomic
def _draw_cutoffs(revocation: Revocation) -> list[UUID]:
    """The next lot of people without a cutoff gets one; returns whom. Nobody where all have theirs."""
    found = _next(revocation, RevocationTarget.objects.without_cutoff(), CUT_OFF_AT_ONCE)
    spared = _spare_last_admins(found)
    targets = [target for target in found if target.user_id not in spared]
    if not targets:
        return sorted(spared)
    leaving.leave(revocation, targets)
    cutoff_ms = to_milliseconds(database_now())
    for target in targets:
        target.cutoff_ms = cutoff_ms
    states = advance(revocation, targets)
    identities = Identity.objects.filter(user__in=states).select_related("realm")
    entries.write_people(list(identities), states)
    RevocationTarget.objects.bulk_update(targets, ["cutoff_ms"], batch_size=ROWS_AT_ONCE)
    return list(states)


def _spare_last_admins(targets: Sequence[RevocationTarget]) -> set[UUID]:
    """Who became one of the last Admins since it was decided is left out after all, as the decision would have."""
    last = rules.last_admins_among({target.user_id for target in targets if target.blocks_sign_in})
    spared = [target.pk for target in targets if target.user_id in last]
    RevocationTarget.objects.filter(pk__in=spared).update(left_out=LastAdmin.code, blocks_sign_in=False)
    return last


@transaction.atomic
def _take_from_those_left_out(revocation: Revocation) -> list[UUID]:
    """Their sessions stay; what the project gave them goes all the same, and guards refuse it. Returns whose."""
    if not leaving.ends_project(revocation):
        return []
    waiting = RevocationTarget.objects.exclude(left_out="").filter(ended_at=None)
    targets = _next(revocation, waiting, CUT_OFF_AT_ONCE)
    leaving.leave(revocation, targets)
    for target in targets:
        entries.restate_person(target.user)
    RevocationTarget.objects.filter(pk__in=[target.pk for target in targets]).update(ended_at=database_now())
    record_left_out(revocation, targets, by=initiator_of(revocation))
    return [target.user_id for target in targets]


@transaction.atomic
def _end_by_name(revocation: Revocation) -> list[UUID]:
    """The sessions of the next lot of people are counted and ended, each by its name; returns whose."""
    targets = _bounded(_next(revocation, RevocationTarget.objects.unfinished(), ENDED_AT_ONCE))
    if not targets:
        return []
    now = database_now()
    fates = _open_before_cutoff(targets)
    people = [target.user for target in targets]
    cut_at = from_milliseconds(max(target.cutoff_ms for target in targets))
    end_sessions(revocation, fates, at=cut_at)
    unreported = end_what_may_be_alive(revocation, people, at=cut_at)
    states = {target.user_id: _as_it_stands(revocation, target) for target in targets}
    entries.write_sessions([fate.session for fate in fates] + unreported, states)
    counts = Counter(fate.session.user_id for fate in fates)
    for target in targets:
        target.sessions_ended = counts[target.user_id]
        target.ended_at = now
    RevocationTarget.objects.bulk_update(targets, ["ended_at", "sessions_ended"], batch_size=ROWS_AT_ONCE)
    Revocation.objects.filter(pk=revocation.pk).update(sessions_ended=F("sessions_ended") + len(fates))
    record_part(revocation, targets, by=initiator_of(revocation))
    if not revocation.targets.unfinished().exists():
        sign_version(revocation, Change.SESSIONS_ENDED)
    return list(states)


PARTS: tuple[Part, ...] = (_draw_cutoffs, _take_from_those_left_out, _end_by_name)


def _next(
    revocation: Revocation, targets: QuerySet[RevocationTarget], at_most: int
) -> list[RevocationTarget]:
    """The next of them, first their people locked in the order of their keys and then the decision.

    In that order because whoever changes one person, and with them what the decision says, locks so. Another run may
    have done the whole lot while this one waited; then it is the lot after that.
    """
    waiting = targets.filter(revocation=revocation).order_by("user_id")
    while keys := list(waiting.values_list("user_id", flat=True)[:at_most]):
        people = User.objects.select_for_update().filter(pk__in=keys).order_by("pk")
        locked = {user.pk: user for user in people}
        # Without its key: rows that name the decision are written meanwhile by whoever holds other people.
        Revocation.objects.select_for_update(no_key=True).get(pk=revocation.pk)
        found = list(waiting.filter(user__in=keys))
        for target in found:
            target.user = locked[target.user_id]
        if found:
            return found
    return []


def _bounded(targets: Sequence[RevocationTarget]) -> list[RevocationTarget]:
    """As many of them, one at least, as have no more sessions together than may be in memory at once."""
    open_now = Session.objects.filter(user__in=[target.user_id for target in targets]).open()
    counts = dict(open_now.order_by().values("user").annotate(count=Count("pk")).values_list("user", "count"))
    taken: list[RevocationTarget] = []
    sessions = 0
    for target in targets:
        sessions += counts.get(target.user_id, 0)
        if taken and sessions > SESSIONS_AT_ONCE:
            break
        taken.append(target)
    return taken


def _open_before_cutoff(targets: Sequence[RevocationTarget]) -> list[SessionFate]:
    """Open sessions that guards refuse by the cutoff of their person: who signed in again since keeps that one."""
    decided = {target.user_id: target.cutoff_ms for target in targets}
    theirs = BlacklistEntry.objects.filter(user__in=decided, kind=EntryKind.USER)
    written = {
        (realm_id, person_id): cutoff_ms
        for realm_id, person_id, cutoff_ms in theirs.values_list("realm_id", "person_id", "cutoff_ms")
    }
    return [
        fate_of(session)
        for session in _open_sessions(list(decided))
        if _started_ms(session)
        <= max(decided[session.user_id], written.get((session.realm_id, session.identity.person_id), 0))
    ]


def _open_sessions(people: Collection[UUID]) -> list[Session]:
    """With their identities, realms and applications: each of those read once, however many sessions share it."""
    theirs = {each.pk: each for each in Identity.objects.filter(user__in=people).select_related("realm")}
    sessions = list(Session.objects.filter(user__in=people).open().prefetch_related("applications"))
    for session in sessions:
        session.identity = theirs[session.identity_id]
        session.realm = session.identity.realm
    return sessions


def _started_ms(session: Session) -> int:
    """As tokens say it, which is in whole seconds."""
    return to_milliseconds(session.began_at.replace(microsecond=0))


def _as_it_stands(revocation: Revocation, target: RevocationTarget) -> PersonState:
    """For entries of sessions, which say nothing of the person but the revision."""
    return PersonState(
        revision=target.user.revision,
        cutoff_ms=target.cutoff_ms,
        blocked=False,
        second_factor_since_ms=0,
        receipt=revocation.receipt,
        why=entries.why_of(revocation),
        lost=(),
    )


def initiator_of(revocation: Revocation) -> Initiator:
    """Who ordered it, for what is done on their word later. Without the address they came from."""
    return Initiator(
        kind=InitiatorKind(revocation.initiator_kind),
        id=revocation.initiator_id,
        name=revocation.initiator_name,
        door=Door(revocation.door),
        roles=frozenset(revocation.initiator_roles),
    )
