"""Orders about many people: decided as one, carried out person after person, resumable at every point.

The decision is one transaction: the revocation, a target for each person, and its entry in the trail. What it does
to people follows in transactions of few people each, so that an urgent order about one of them never waits long:
first the cutoffs of all, then their sessions by name. Whoever stops half-way, another goes on (`carry_on_all`).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
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
    Policy,
    Project,
    Revocation,
    RevocationScope,
    RevocationTarget,
    RoleGrant,
    Session,
    User,
)
from sessions_app.models.moments import database_now, from_milliseconds, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import OF_MANY_PEOPLE
from sessions_app.revocation import entries, everyone, leaving, publishing, rules
from sessions_app.revocation.already_done import could_have_begun_after
from sessions_app.revocation.coverage import SessionFate, fate_of
from sessions_app.revocation.effects import advance, end_sessions, end_what_may_be_alive
from sessions_app.revocation.entries import PersonState
from sessions_app.revocation.entries_of_record import (
    record_left_out,
    record_many_decided,
    record_part,
    record_repetition,
)
from sessions_app.revocation.errors import LastAdmin, NothingToEnd
from sessions_app.revocation.order_keys import answer_to_repeat, remember_order_key
from sessions_app.revocation.orders import Order
from sessions_app.revocation.populations import lock_scope, people_of
from sessions_app.revocation.reasons import RULES
from sessions_app.revocation.receipt_versions import Change, sign_version
from sessions_app.revocation.storing import store_revocation

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=5)  # for which whoever asked waits, before the clock takes over

# Far fewer than the contract's 500, because an urgent order waits for one such transaction.
CUT_OFF_AT_ONCE = 100
ENDED_AT_ONCE = 100
SESSIONS_AT_ONCE = 250
PUBLISHED_AT_ONCE = 1000
BEATS_SECONDS = 2.5  # two beats of the clock and a bit
ROWS_AT_ONCE = 1000


# --- The decision -----------------------------------------------------------------------------------


def decide(order: Order) -> Revocation:
    """Store the decision and whom it is about; expects a transaction. Nobody's access has ended after it.

    Repeats, and an order on the same that is still being carried out, answer with what there is already. Raises a
    child of OrderRefused: an order about people who may not be touched leaves those out instead.
    """
    project = lock_scope(order.scope)  # type: ignore[arg-type]  # the engine sends only these here
    repeated = answer_to_repeat(order)
    if repeated:
        return repeated
    rules.refuse_many(order, project=project)
    plan = _plan(order, list(people_of(order.scope)), project)  # type: ignore[arg-type]
    under_way = _under_way(order, plan)
    if under_way:
        remember_order_key(order, under_way)
        record_repetition(order, under_way, None)
        return under_way
    if not plan.people and project is None:
        raise NothingToEnd
    revocation = store_revocation(order, project=project)
    targets = plan.targets(revocation)
    RevocationTarget.objects.bulk_create(targets, batch_size=ROWS_AT_ONCE)
    if leaving.ends_project(revocation):
        leaving.make_steps_of_the_whole(revocation)
    remember_order_key(order, revocation)
    record_many_decided(order, revocation, targets)
    if revocation.scope == RevocationScope.EVERYONE:
        everyone.raise_cutoff(revocation.decided_at)
    return revocation


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What an order would do to whom, if it were decided now."""

    people: Sequence[User]
    keeps: Mapping[UUID, list[str]]
    blocked: Collection[UUID]
    left_out: Mapping[UUID, str]

    def targets(self, revocation: Revocation) -> list[RevocationTarget]:
        return [
            RevocationTarget(
                revocation=revocation,
                user=user,
                keeps=self.keeps.get(user.pk, []),
                blocks_sign_in=user.pk in self.blocked,
                left_out=self.left_out.get(user.pk, ""),
            )
            for user in self.people
        ]

    def is_done_by(self, other: Sequence[RevocationTarget]) -> bool:
        """Whether these targets of a decision under way reach everybody it would, at least as hard.

        Not where somebody may have signed in since their cutoff was drawn.
        """
        theirs = {target.user_id: target for target in other if not target.left_out}
        return all(
            user.pk in self.left_out or (user.pk in theirs and self._is_done_to(user, theirs[user.pk]))
            for user in self.people
        )

    def _is_done_to(self, user: User, target: RevocationTarget) -> bool:
        if target.blocks_sign_in:
            return True
        is_drawn = target.cutoff_ms > 0
        has_passed = is_drawn and could_have_begun_after(from_milliseconds(target.cutoff_ms))
        return user.pk not in self.blocked and not has_passed


def _plan(order: Order, people: Sequence[User], project: Project | None) -> _Plan:
    keeps = leaving.other_projects(people, project) if project else {}
    blocked = _blocked(order, people, project, keeps)
    left_out = rules.left_out_of(order, people, blocked=blocked)
    return _Plan(people=people, keeps=keeps, blocked=blocked - left_out.keys(), left_out=left_out)


def _under_way(order: Order, plan: _Plan) -> Revocation | None:
    """The same order, still being carried out, that does all of this one: not where somebody joined since."""
    same = Revocation.objects.pending().filter(
        scope=order.scope.kind, subject=order.scope.subject, reason=order.reason
    )
    newest = same.order_by("-decided_at").first()
    return newest if newest is not None and plan.is_done_by(list(newest.targets.all())) else None


def _blocked(
    order: Order, people: Sequence[User], project: Project | None, keeps: Mapping[UUID, list[str]]
) -> set[UUID]:
    """Who loses sign-in by it: by the reason, or as a contractor whom no running project is left."""
    if RULES[order.reason].blocks_sign_in:
        return {user.pk for user in people}
    if project is None or order.reason != Reason.PROJECT_END:
        return set()
    if not Policy.current().contractors_without_project_lose_sign_in:
        return set()
    # Whoever holds a Role here is no mere contractor: the project takes its own from them, and no more.
    with_role = set(RoleGrant.objects.active().filter(user__in=people).values_list("user", flat=True))
    return {user.pk for user in people if not keeps.get(user.pk) and user.pk not in with_role}


@transaction.atomic  # who is the last Admin is found under a lock
def loses_sign_in(
    order: Order, people: Sequence[User], project: Project | None
) -> tuple[set[UUID], dict[UUID, str]]:
    """Who would lose sign-in by this order now, and who would be left out of it: what a preview shows."""
    plan = _plan(order, people, project)
    return set(plan.blocked), dict(plan.left_out)


# --- Carrying it out --------------------------------------------------------------------------------


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
