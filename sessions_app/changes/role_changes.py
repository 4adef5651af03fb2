"""A role change: what somebody is in the company's applications becomes more or less, and their tokens follow."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import ProjectOver
from sessions_app.changes.groups import MembershipChange, by_single_groups, by_whole_list, join_exactly
from sessions_app.models import (
    BlacklistEntry,
    EntryKind,
    Project,
    Revocation,
    RoleChange,
    RoleChangeState,
    User,
)
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation import entries
from sessions_app.revocation.claims import PersonClaims, Row, claims_of, remember_lost, without
from sessions_app.revocation.confirmations import publish_what_is_true
from sessions_app.revocation.engine import cut_off, decide
from sessions_app.revocation.entries_of_record import record_refusal
from sessions_app.revocation.errors import OrderKeyReused, OrderRefused, PrivilegedPerson
from sessions_app.revocation.order_keys import answer_to_repeat
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.revocation.receipt_versions import Change, sign_version


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is said beside the groups themselves. `as_of` is how recent the news is, as its sender's clock has it.

    `project` is the key of the one whose members are changed by it.
    """

    received_at: datetime
    as_of: datetime | None = None
    note: str = ""
    ticket: str = ""
    order_key: str = ""
    project: str = ""

    @property
    def news_of(self) -> datetime:
        """Never later than its arrival: news from the future would silence everybody who comes after it."""
        return min(self.as_of or self.received_at, self.received_at)


@dataclass(frozen=True, kw_only=True)
class RoleOutcome:
    """`change` is None where nothing became different; `is_outdated` where newer news had been applied already."""

    change: RoleChange | None
    is_outdated: bool = False

    @property
    def revocation(self) -> Revocation | None:
        return self.change.revocation if self.change else None


def role_changed(user: User, groups: Collection[str], *, by: Initiator, wish: Wish) -> RoleOutcome:
    """Make these exactly the person's groups, and let their tokens follow.

    1. Lock the person; news older than what was applied last changes nothing.
    2. In one transaction: the memberships, the role change, and where anything was lost the order that ends
       the person's tokens. What was lost is also named in their entries, so that no guard accepts it again.
    3. Cut off. An upgrade signs nobody out; it only lets guards accept again what was regained.

    Applied in any order and repeated, the newest news decides. A group nobody knew is made. The same order key
    answers with what it led to first. Raises ValuesRefused for a name that cannot be one, and the child of
    OrderRefused that fits, having stored nothing but the refusal; a privileged person's groups change all the
    same (`decide_role_change`).
    """
    return _applied(user, lambda locked: by_whole_list(locked, groups, as_of=wish.news_of), by=by, wish=wish)


def groups_changed(
    user: User, *, joined: Collection[str] = (), left: Collection[str] = (), by: Initiator, wish: Wish
) -> RoleOutcome:
    """The same for somebody who knows of some groups only: all others stay as they are when the person is locked.

    Raises ProjectOver as well, where it is about a project's members and that has ended.
    """
    return _applied(
        user,
        lambda locked: by_single_groups(locked, joined=joined, left=left, as_of=wish.news_of),
        by=by,
        wish=wish,
    )


def _applied(
    user: User, told: Callable[[User], set[str] | None], *, by: Initiator, wish: Wish
) -> RoleOutcome:
    order = _order(user, by=by, wish=wish)
    try:
        with transaction.atomic():
            _refuse_what_is_over(wish)
            locked = User.objects.select_for_update().get(pk=user.pk)
            before = claims_of(locked)
            groups = told(locked)
            if groups is None:
                return RoleOutcome(change=None, is_outdated=True)
            if repeated := answer_to_repeat(order):
                return RoleOutcome(change=_made_by(repeated, groups))
            memberships = join_exactly(locked, groups)
            change = decide_role_change(locked, before, memberships, by=by, wish=wish)
    except OrderRefused as refusal:
        record_refusal(order, refusal)
        raise
    if change is not None:
        carry_out(change, by=by)
    return RoleOutcome(change=change)


def _refuse_what_is_over(wish: Wish) -> None:
    """Locks the project, before anybody: whoever ends it sees the member, or this sees that it has ended."""
    if not wish.project:
        return
    project = Project.objects.select_for_update().get(key=wish.project)
    if project.ended_at is not None:
        raise ProjectOver


def _made_by(repeated: Revocation, groups: set[str]) -> RoleChange:
    """What the first click of two led to. The groups are no part of the order, so they are compared here."""
    for change in repeated.role_changes.all():
        if {row["group"] for row in change.after if "group" in row} == groups:
            return change
    raise OrderKeyReused


def note_refused_change(user: User, *, why: str, by: Initiator) -> None:
    """Somebody tried who may not: an entry of its own, nothing else."""
    with transaction.atomic():
        record(
            Events.ROLE_CHANGED,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            outcome=Outcome.REFUSED,
            details={"why": why},
        )


def decide_role_change(
    user: User, before: PersonClaims, memberships: MembershipChange, *, by: Initiator, wish: Wish
) -> RoleChange | None:
    """Step 2 for a change that moves memberships among other things; expects its transaction and the person's lock.

    Such a change calls `carry_out` once it is committed. Only Security ends the access of privileged people:
    where somebody else asks, the memberships change all the same, nobody is signed out, and guards refuse
    whatever still claims what was lost. Raises any other child of OrderRefused.
    """
    after = claims_of(user)
    lost, gained = without(before.rows, after.rows), without(after.rows, before.rows)
    if not memberships and not lost and not gained:
        return None
    remember_lost(user, before, after)
    user.save(update_fields=["lost_claims"])
    _supersede(user, after, by=by)
    change = RoleChange(
        user=user,
        before=before.rows,
        after=after.rows,
        lost=lost,
        gained=gained,
        kept=without(before.rows, lost),
        decided_at=database_now(),
        state=RoleChangeState.WAITING if lost else RoleChangeState.NOT_NEEDED,
    )
    if lost:
        change.revocation = _end_tokens(user, by=by, wish=wish)
        change.decided_at = _no_earlier(change.decided_at, change.revocation)
    # The decision locked and advanced a row of its own reading.
    user.refresh_from_db(fields=["revision", "sign_in_blocked_at", "lost_claims"])
    change.save()
    _say_what_was_lost(user)
    _record(change, by=by, project=wish.project)
    if wish.project:
        _record_members(user, memberships, by=by, project=wish.project)
    _sign(change)
    return change


def carry_out(change: RoleChange, *, by: Initiator) -> None:
    """After the commit: cut off what was decided, or publish what is true now."""
    if change.revocation is not None:
        cut_off(change.revocation, by=by)
    publish_what_is_true(change.user)


def _say_what_was_lost(user: User) -> None:
    """In the person's entries, unless the order has just written them anew.

    After the order, from which an entry that is not published yet would hide that its work is done already.
    """
    lost = list(entries.lost_by(user))
    said = list(BlacklistEntry.objects.filter(user=user, kind=EntryKind.USER).values_list("lost", flat=True))
    is_missing = bool(lost) and len(said) < user.identities.count()
    if is_missing or any(each != lost for each in said):
        entries.restate_person(user)


def _supersede(user: User, after: PersonClaims, *, by: Initiator) -> None:
    """Downgrades of which everything was given back: there is nothing left to compare."""
    for change in RoleChange.objects.unproved().filter(user=user).select_related("revocation"):
        if not without(change.lost, after.rows):
            change.state = RoleChangeState.SUPERSEDED
            change.save(update_fields=["state"])
            record(
                Events.CLAIMS_REGAINED,
                initiator=by,
                target=Target.of(user, label=user.display_name),
                receipt=change.revocation.receipt if change.revocation else "",
            )
            _sign(change)


def _sign(change: RoleChange) -> None:
    """The receipt says what became of the role."""
    if change.revocation is not None:
        sign_version(change.revocation, Change.ROLE_CHANGED)


def _end_tokens(user: User, *, by: Initiator, wish: Wish) -> Revocation | None:
    order = _order(user, by=by, wish=wish)
    try:
        with transaction.atomic():
            return decide(order)
    except PrivilegedPerson as refusal:
        record_refusal(order, refusal)
        return None


def _order(user: User, *, by: Initiator, wish: Wish) -> Order:
    return Order(
        initiator=by,
        reason=Reason.ROLE_CHANGE,
        scope=OneUser(user_id=user.pk),
        received_at=wish.received_at,
        order_key=wish.order_key,
        note=wish.note,
        ticket=wish.ticket,
        for_project=wish.project,
    )


def _no_earlier(moment: datetime, revocation: Revocation | None) -> datetime:
    return max(moment, revocation.decided_at) if revocation else moment


def _record(change: RoleChange, *, by: Initiator, project: str) -> None:
    record(
        Events.ROLE_CHANGED,
        initiator=by,
        target=Target.of(change.user, label=change.user.display_name),
        reason=Reason.ROLE_CHANGE,
        receipt=change.revocation.receipt if change.revocation else "",
        project=project,
        details={
            "change": f"-{len(change.lost)} +{len(change.gained)}",
            "lost": _named(change.lost),
            "gained": _named(change.gained),
        },
    )


def _record_members(user: User, memberships: MembershipChange, *, by: Initiator, project: str) -> None:
    """What it means for the project, beside what it means for the person."""
    for event, groups in (
        (Events.MEMBER_ADDED, memberships.joined),
        (Events.MEMBER_REMOVED, memberships.left),
    ):
        if groups:
            record(
                event,
                initiator=by,
                target=Target.of(user, label=user.display_name),
                project=project,
                details={"groups": groups},
            )


def _named(rows: list[Row]) -> list[str]:
    return [row.get("group") or f"{row['application']}:{row['role']}" for row in rows]
