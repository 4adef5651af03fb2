"""A role change: what somebody is in the company's applications becomes more or less, and their tokens follow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Target, record
from sessions_app.changes.groups import MembershipChange, join_exactly
from sessions_app.models import Revocation, RoleChange, RoleChangeState, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation import entries
from sessions_app.revocation.confirmations import publish_what_is_true
from sessions_app.revocation.engine import cut_off, decide
from sessions_app.revocation.entries_of_record import record_refusal
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.tokens.entitlements import PersonClaims, Row, claims_of


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is said beside the groups themselves. `as_of` is how recent the news is, as its sender's clock has it."""

    received_at: datetime
    as_of: datetime | None = None
    note: str = ""
    ticket: str = ""
    order_key: str = ""

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

    Applied in any order and repeated, the newest news decides. A group nobody knew is made. Raises
    ValuesRefused for a name that cannot be one, having stored nothing.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.groups_as_of is not None and wish.news_of < locked.groups_as_of:
            return RoleOutcome(change=None, is_outdated=True)
        before = claims_of(locked)
        memberships = join_exactly(locked, groups)
        change = decide_role_change(locked, before, memberships, by=by, wish=wish)
    if change is not None:
        carry_out(change, by=by)
    return RoleOutcome(change=change)


def decide_role_change(
    user: User, before: PersonClaims, memberships: MembershipChange, *, by: Initiator, wish: Wish
) -> RoleChange | None:
    """Step 2 for a change that moves memberships among other things; expects its transaction and the person's lock.

    Such a change calls `carry_out` once it is committed. Where the order is refused (only Security ends the
    access of privileged people) the memberships change all the same, nobody is signed out, and guards refuse
    whatever still claims what was lost.
    """
    user.groups_as_of = wish.news_of
    user.save(update_fields=["groups_as_of"])
    after = claims_of(user)
    lost, gained = _without(before.rows, after.rows), _without(after.rows, before.rows)
    if not memberships and not lost and not gained:
        return None
    _remember_what_was_lost(user, before, after)
    RoleChange.objects.waiting().filter(user=user).update(state=RoleChangeState.SUPERSEDED)
    change = RoleChange(
        user=user,
        before=before.rows,
        after=after.rows,
        lost=lost,
        gained=gained,
        kept=_without(before.rows, lost),
        decided_at=database_now(),
        state=RoleChangeState.WAITING if lost else RoleChangeState.NOT_NEEDED,
    )
    if lost:
        change.revocation = _end_tokens(user, by=by, wish=wish)
        change.decided_at = change.revocation.decided_at if change.revocation else change.decided_at
    change.save()
    _record(change, by=by)
    # The decision locked and advanced a row of its own reading.
    user.refresh_from_db(fields=["revision", "sign_in_blocked_at", "lost_claims"])
    return change


def carry_out(change: RoleChange, *, by: Initiator) -> None:
    """After the commit: cut off what was decided, or publish what is true now."""
    if change.revocation is not None:
        cut_off(change.revocation, by=by)
    publish_what_is_true(change.user)


def _remember_what_was_lost(user: User, before: PersonClaims, after: PersonClaims) -> None:
    """Names no token may claim any more: what was lost, ever, and is not held again."""
    lost = (set(user.lost_claims) | (before.names - after.names)) - after.names
    user.lost_claims = sorted(lost)
    user.save(update_fields=["lost_claims"])
    entries.restate_person(user)


def _end_tokens(user: User, *, by: Initiator, wish: Wish) -> Revocation | None:
    order = Order(
        initiator=by,
        reason=Reason.ROLE_CHANGE,
        scope=OneUser(user_id=user.pk),
        received_at=wish.received_at,
        order_key=wish.order_key,
        note=wish.note,
        ticket=wish.ticket,
    )
    try:
        with transaction.atomic():
            return decide(order)
    except OrderRefused as refusal:
        record_refusal(order, refusal)
        return None


def _without(rows: list[Row], others: list[Row]) -> list[Row]:
    return [row for row in rows if row not in others]


def _record(change: RoleChange, *, by: Initiator) -> None:
    record(
        Events.ROLE_CHANGED,
        initiator=by,
        target=Target.of(change.user, label=change.user.display_name),
        reason=Reason.ROLE_CHANGE,
        receipt=change.revocation.receipt if change.revocation else "",
        details={
            "change": f"-{len(change.lost)} +{len(change.gained)}",
            "lost": _named(change.lost),
            "gained": _named(change.gained),
        },
    )


def _named(rows: list[Row]) -> list[str]:
    return [row.get("group") or f"{row['application']}:{row['role']}" for row in rows]
