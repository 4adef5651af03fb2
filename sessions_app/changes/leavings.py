"""Scheduled leaving: one person's access ends by itself at a moment said beforehand, unless a signal comes first."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Initiator
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import (
    AccessIsOver,
    LeavingChanged,
    LeavingOver,
    ValuesRefused,
)
from sessions_app.changes.zones import LocalMoment
from sessions_app.models import Leaving, LeavingState, Revocation, Role, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.already_done import find_already_done
from sessions_app.revocation.engine import answers_another, cut_off, decide
from sessions_app.revocation.errors import (
    ActingOnOneself,
    LastAdmin,
    OrderRefused,
    PrivilegedPerson,
    ReasonNotAllowed,
    SecondPersonNeeded,
    TicketMalformed,
)
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.revocation.reasons import may_use
from sessions_app.revocation.receipt_versions import Change, sign_version
from sessions_app.revocation.rules import TICKET, refuse_privileged, within_reach

logger = logging.getLogger(__name__)

LATEST = timedelta(days=366)
TRIED_AGAIN = timedelta(minutes=1)
FAILED = "error_here"
"""Why something is stuck that no rule refused; the log tells more."""


@dataclass(frozen=True, kw_only=True)
class LeavingWish:
    """What is said beside the person. `instead_of` is the leaving that whoever asks saw standing, if one did."""

    received_at: datetime
    moment: LocalMoment
    note: str = ""
    ticket: str = ""
    instead_of: UUID | None = None


def schedule_leaving(user: User, wish: LeavingWish, *, by: Initiator) -> Leaving:
    """Let this person's access end at that moment, as an offboarding.

    1. Refuse what could never be carried out. 2. Lock the person. What stands already is the answer where it is the
       same; where it is what the asker saw, it is cancelled. 3. Store it, and its entry, in one transaction.

    Whose people they are is the door's to check. Raises ValuesRefused, AccessIsOver, LeavingChanged, or the child
    of OrderRefused that fits; what somebody may not do is stored as a refusal, and nothing else.
    """
    _check_moment(wish)
    if wish.ticket and not TICKET.fullmatch(wish.ticket):
        raise TicketMalformed
    try:
        with transaction.atomic():
            locked = User.objects.select_for_update().get(pk=user.pk)
            _refuse(locked, by=by)
            if not locked.is_active:
                raise AccessIsOver
            return _schedule(locked, wish, by=by)
    except OrderRefused as refusal:
        _record_refusal(Events.LEAVING_SCHEDULED, user, refusal, by=by)
        raise


def cancel_leaving(leaving: Leaving, *, by: Initiator) -> None:
    """Take back a leaving that has not begun, or that cannot be carried out.

    Raises LeavingOver once its moment has come, or the child of OrderRefused that fits.
    """
    try:
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=leaving.user_id)
            _refuse(user, by=by)
            _cancel(_lock(leaving), user, by=by)
    except OrderRefused as refusal:
        _record_refusal(Events.LEAVING_CANCELLED, leaving.user, refusal, by=by)
        raise


def owner_of(leaving: Leaving) -> Role:
    """Whose work it is to get a stuck one going."""
    refused = {PrivilegedPerson.code, SecondPersonNeeded.code, LastAdmin.code}
    return Role.SECURITY if leaving.stuck_because in refused else Role.IT


# --- What the clock does ------------------------------------------------------------------------------


def let_people_leave(*, by: Initiator) -> int:
    """End the access of everybody whose moment has come, however long no clock ran; returns how many.

    What came earlier is noted first. One that is refused or fails stays open, visibly stuck, holds up nobody else,
    and is tried again every minute.
    """
    merge_with_what_came_first(by=by)
    now = database_now()
    is_its_turn = Q(tried_at=None) | Q(tried_at__lte=now - TRIED_AGAIN)
    return sum(_let_leave(leaving, by=by) for leaving in Leaving.objects.due(now).filter(is_its_turn))


def merge_with_what_came_first(*, by: Initiator) -> None:
    """A leaving whose work an earlier order did is overtaken. It stands again once that person may sign in again."""
    blocked = Leaving.objects.scheduled().filter(user__sign_in_blocked_at__isnull=False)
    for leaving in blocked:
        _overtake(leaving, by=by)
    let_in_again = Leaving.objects.filter(
        state=LeavingState.OVERTAKEN, leaves_at__gt=database_now(), user__sign_in_blocked_at=None
    )
    for leaving in let_in_again.order_by("-asked_at"):
        _resume(leaving, by=by)


def _let_leave(leaving: Leaving, *, by: Initiator) -> bool:
    try:
        revocation = _carry_out(leaving, by=by)
    except OrderRefused as refusal:
        _note_stuck(leaving, refusal.code, by=by)
        return False
    except Exception:  # one that fails must not keep the others in
        logger.exception("%s could not be carried out", leaving)
        _note_stuck(leaving, FAILED, by=by)
        return False
    if revocation is not None:
        cut_off(revocation, by=by)
    return revocation is not None


@transaction.atomic
def _carry_out(leaving: Leaving, *, by: Initiator) -> Revocation | None:
    """None where somebody else was faster."""
    user = User.objects.select_for_update().get(pk=leaving.user_id)
    locked = _lock(leaving)
    if not locked.is_open:
        return None
    order = _order(locked, by=by)
    revocation = decide(order)
    if answers_another(revocation, order):
        _close_as_overtaken(locked, user, revocation, by=by)
        return revocation
    _close(locked, LeavingState.DONE, revocation=revocation)
    _record(Events.LEAVING_CARRIED_OUT, locked, user, by=by, receipt=revocation.receipt)
    sign_version(revocation, Change.DECIDED)
    return revocation


@transaction.atomic
def _overtake(leaving: Leaving, *, by: Initiator) -> None:
    """Only by what the engine counts as done: whatever ended less leaves the leaving standing."""
    user = User.objects.select_for_update().get(pk=leaving.user_id)
    locked = _lock(leaving)
    done = find_already_done(_order(locked, by=by), [user]) if locked.is_open else None
    if done is not None:
        _close_as_overtaken(locked, user, done, by=by)


@transaction.atomic
def _resume(leaving: Leaving, *, by: Initiator) -> None:
    user = User.objects.select_for_update().get(pk=leaving.user_id)
    locked = _lock(leaving)
    stands_already = user.leavings.scheduled().exists()
    if locked.state != LeavingState.OVERTAKEN or not user.is_active or stands_already:
        return
    _record(
        Events.LEAVING_RESUMED,
        locked,
        user,
        by=by,
        receipt=locked.revocation.receipt if locked.revocation else "",
    )
    locked.state = LeavingState.SCHEDULED
    locked.revocation = None
    locked.closed_at = None
    locked.save(update_fields=["state", "revocation", "closed_at"])


@transaction.atomic
def _note_stuck(leaving: Leaving, code: str, *, by: Initiator) -> None:
    """One entry for each new cause, however often it is tried."""
    locked = _lock(leaving)
    if not locked.is_open:
        return
    is_news = locked.stuck_because != code
    locked.stuck_because = code
    if is_news:
        _record(Events.LEAVING_CARRIED_OUT, locked, locked.user, by=by, failed_because=code)
    locked.tried_at = database_now()
    locked.save(update_fields=["stuck_because", "tried_at"])


# --- Parts ---------------------------------------------------------------------------------------------


def _check_moment(wish: LeavingWish) -> None:
    if wish.moment.at <= database_now():
        raise ValuesRefused(("moment", _("This moment has passed. To end access now, use Terminate now.")))
    if wish.moment.at > wish.received_at + LATEST:
        raise ValuesRefused(("moment", _("A leaving is scheduled at most a year ahead.")))


def _refuse(user: User, *, by: Initiator) -> None:
    if by.user_id == user.pk:
        raise ActingOnOneself
    if not may_use(Reason.OFFBOARDING, within_reach(by, user), on_own_session=False):
        raise ReasonNotAllowed
    refuse_privileged(by, user)


def _schedule(user: User, wish: LeavingWish, *, by: Initiator) -> Leaving:
    standing = user.leavings.select_for_update().scheduled().first()
    if standing is not None and _is_same(standing, wish, by=by):
        return standing
    if (standing.pk if standing else None) != wish.instead_of:
        raise LeavingChanged
    if standing is not None:
        _cancel(standing, user, by=by)
    leaving = Leaving.objects.create(
        user=user,
        leaves_at=wish.moment.at,
        time_zone=wish.moment.zone,
        asked_at=wish.received_at,
        initiator_kind=by.kind,
        initiator_id=by.id,
        initiator_name=by.name,
        initiator_user_id=by.user_id,
        initiator_roles=sorted(by.roles),
        door=by.door,
        note=wish.note,
        ticket=wish.ticket,
    )
    _record(Events.LEAVING_SCHEDULED, leaving, user, by=by, note=wish.note)
    return leaving


def _is_same(standing: Leaving, wish: LeavingWish, *, by: Initiator) -> bool:
    """The second of two clicks."""
    asked = (by.id, wish.moment.at, wish.moment.zone, wish.note, wish.ticket)
    stored = (
        standing.initiator_id, standing.leaves_at, standing.time_zone, standing.note, standing.ticket,
    )  # fmt: skip
    return asked == stored


def _lock(leaving: Leaving) -> Leaving:
    """Always after the person's row, so that no two changes wait for each other."""
    return Leaving.objects.select_for_update().get(pk=leaving.pk)


def _cancel(locked: Leaving, user: User, *, by: Initiator) -> None:
    has_begun = locked.leaves_at <= database_now() and not locked.is_stuck
    if not locked.is_open or has_begun:
        raise LeavingOver
    locked.cancelled_by_id = by.user_id
    _close(locked, LeavingState.CANCELLED)
    _record(Events.LEAVING_CANCELLED, locked, user, by=by)


def _close(locked: Leaving, state: LeavingState, *, revocation: Revocation | None = None) -> None:
    locked.state = state
    locked.revocation = revocation
    locked.closed_at = database_now()
    locked.stuck_because = ""
    locked.save(update_fields=["state", "revocation", "closed_at", "stuck_because", "cancelled_by"])


def _close_as_overtaken(locked: Leaving, user: User, done: Revocation, *, by: Initiator) -> None:
    _close(locked, LeavingState.OVERTAKEN, revocation=done)
    _record(Events.LEAVING_OVERTAKEN, locked, user, by=by, receipt=done.receipt)


def _order(leaving: Leaving, *, by: Initiator) -> Order:
    """By the clock, whoever asked: they may have left since, and what was decided then holds."""
    return Order(
        initiator=by,
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=leaving.user_id),
        received_at=leaving.leaves_at,
        note=leaving.note,
        ticket=leaving.ticket,
    )


def _record(
    event: EventKind,
    leaving: Leaving,
    user: User,
    *,
    by: Initiator,
    receipt: str = "",
    note: str = "",
    failed_because: str = "",
) -> None:
    why = {"why": failed_because, "owner": owner_of(leaving)} if failed_because else {}
    record(
        event,
        initiator=by,
        target=Target.of(user, label=user.display_name),
        reason=Reason.OFFBOARDING,
        receipt=receipt,
        outcome=Outcome.FAILED if failed_because else Outcome.DONE,
        details={
            "leaves_at": leaving.leaves_at.isoformat(),
            "time_zone": leaving.time_zone,
            "ticket": leaving.ticket,
            **why,
        },
        personal={"note": note} if note else None,
    )


def _record_refusal(event: EventKind, user: User, refusal: OrderRefused, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            event,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            outcome=Outcome.REFUSED,
            details={"why": refusal.code},
        )
