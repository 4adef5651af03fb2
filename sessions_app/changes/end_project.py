"""Ending a project: asked for now or for a moment, by people, machines or its own end date, and carried out once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Initiator, InitiatorKind, acting
from audit.receipts import stamp
from audit.record import Target, record
from sessions_app.changes.approvals import overtake
from sessions_app.changes.blast_radius import refuse_machine_alone
from sessions_app.changes.errors import EndingOver, ProjectOver, ValuesRefused
from sessions_app.changes.project_checks import plan_checks
from sessions_app.changes.project_preview import ProjectPreview, news_since, numbers_of, preview_of, reach_of
from sessions_app.models import EndingState, Project, ProjectCheck, ProjectEnding, Revocation
from sessions_app.models.moments import database_now
from sessions_app.models.projects import OPEN_ENDINGS
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import cut_off, decide
from sessions_app.revocation.entries_of_record import record_refusal
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.leaving import groups_kept
from sessions_app.revocation.order_keys import answer_to_repeat
from sessions_app.revocation.orders import OneProject, Order, SecondPerson
from sessions_app.revocation.project_facts import tasks_as_kept
from sessions_app.revocation.receipt_versions import Change, sign_version

logger = logging.getLogger(__name__)

LATEST = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class EndingWish:
    """What is said beside the project. `due_at` None is now; `seen` is the preview that was shown, as it was kept."""

    received_at: datetime
    due_at: datetime | None = None
    note: str = ""
    ticket: str = ""
    order_key: str = ""
    seen: dict[str, Any] = field(default_factory=dict)


def end_project(project: Project, wish: EndingWish, *, by: Initiator) -> ProjectEnding:
    """End a project now, or at a moment that can be cancelled until it starts.

    1. Lock the project; an ending that is open already is the answer, whoever asked for it, unless it is only
       scheduled and this one is for now.
    2. In one transaction: the ending with what was seen, and if it is due the order (`many_decided.decide`).
    3. Cut off; the clock goes on where that takes longer.

    Whether a second person is needed is the door's to ask (`blast_radius`). Raises ProjectOver, ValuesRefused for a
    moment too far away, or the child of OrderRefused that fits, having stored nothing but the refusal.
    """
    check_moment(wish)
    order = order_to_end(project, wish, by=by)
    try:
        with transaction.atomic():
            locked = Project.objects.select_for_update().get(pk=project.pk)
            if locked.ended_at is not None:
                return ended_before(locked)
            ending = _open_ending(locked, wish, by=by)
            if ending is not None:
                return ending
            ending = store_ending(locked, wish, by=by)
            if ending.state == EndingState.RUNNING:
                decide_ending(ending, order, preview=preview_of(locked, by=by))
            else:
                record_scheduled(ending, by=by)
    except OrderRefused as refusal:
        record_refusal(order, refusal)
        raise
    return carry_out(ending, by=by)


def end_by_machine(project: Project, wish: EndingWish, *, by: Initiator) -> ProjectEnding:
    """The same for a program, which can ask no second person: where the policy asks for one it is refused.

    What has ended or is under way is the answer all the same. Raises SecondPersonAsksFirst, which is recorded,
    OrderKeyReused, or what `end_project` does.
    """
    order = order_to_end(project, wish, by=by)
    answer_to_repeat(order)
    is_new = project.ended_at is None and ending_under_way(project) is None
    if is_new:
        refuse_machine_alone(order, reach_of(preview_of(project, by=by)))
    return end_project(project, wish, by=by)


def ending_under_way(project: Project) -> ProjectEnding | None:
    """What a second click finds: the ending that ended it, is being carried out, or waits for a second person.

    Not one that is only scheduled: an order for now takes its place.
    """
    waiting = Q(state__in=[EndingState.WAITING, EndingState.RUNNING])
    if project.ended_at is not None:
        waiting |= ~Q(revocation=None)
    return project.endings.filter(waiting).order_by("-asked_at").first()


def carry_out(ending: ProjectEnding, *, by: Initiator) -> ProjectEnding:
    """Go on with what is decided; never raises for the blacklist."""
    if ending.revocation is not None:
        cut_off(ending.revocation, by=by)
        settle(ending)
    return ending


def settle(ending: ProjectEnding) -> None:
    """An ending whose revocation is cut off is carried out; told by the clock where the request was over before."""
    assert ending.revocation is not None
    if ending.revocation.cut_off_at is None:
        return
    ProjectEnding.objects.filter(pk=ending.pk, state=EndingState.RUNNING).update(
        state=EndingState.DONE, finished_at=ending.revocation.cut_off_at
    )
    ending.refresh_from_db()


def cancel_ending(ending: ProjectEnding, *, by: Initiator) -> None:
    """Take back an ending that has not begun. Raises EndingOver where it has, or is over."""
    with transaction.atomic():
        locked = ProjectEnding.objects.select_for_update().select_related("project").get(pk=ending.pk)
        if locked.state != EndingState.SCHEDULED:
            raise EndingOver
        locked.state = EndingState.CANCELLED
        locked.cancelled_at = database_now()
        locked.cancelled_by_id = by.user_id
        locked.save(update_fields=["state", "cancelled_at", "cancelled_by"])
        record(
            Events.ENDING_CANCELLED,
            initiator=by,
            target=Target.of(locked.project, label=locked.project.name),
            project=locked.project.key,
            details={"due_at": locked.due_at.isoformat()},
        )


# --- What the clock does ------------------------------------------------------------------------------


def end_what_is_due(*, by: Initiator) -> int:
    """Decide scheduled endings whose moment has come, and projects that reached their end date; returns how many.

    However long no clock ran: what is due is due. One that fails does not hold up the others. Carrying it out is
    the engine's (`many.carry_on_all`), and `settle_endings` notes when it is.
    """
    now = database_now()
    scheduled = ProjectEnding.objects.filter(state=EndingState.SCHEDULED, due_at__lte=now)
    over = Project.objects.not_ended().filter(ends_at__lte=now)
    begin: list[Callable[[], None]] = [partial(_begin, ending, by=by) for ending in scheduled]
    begin += [partial(_end_by_date, project, by=by) for project in over]
    return sum(_has_worked(work) for work in begin)


def settle_endings() -> None:
    """Every ending whose revocation is cut off by now."""
    for ending in ProjectEnding.objects.filter(state=EndingState.RUNNING).select_related("revocation"):
        settle(ending)


def _has_worked(work: Callable[[], None]) -> bool:
    try:
        work()
    except Exception:  # one project that cannot be ended must not keep the others open
        logger.exception("a project that was due could not be ended")
        return False
    return True


def _begin(scheduled: ProjectEnding, *, by: Initiator) -> None:
    """By the clock, whoever asked: they may have left since, and what was decided then holds."""
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=scheduled.project_id)
        ending = ProjectEnding.objects.select_for_update().get(pk=scheduled.pk)
        if ending.state != EndingState.SCHEDULED or project.ended_at is not None:
            return
        ending.project = project
        order = order_to_end(project, _wish_of(ending), by=by, second=_second_of(ending))
        decide_ending(ending, order, preview=preview_of(project, by=by))


def _second_of(ending: ProjectEnding) -> SecondPerson | None:
    return SecondPerson(approval_id=ending.approval_id) if ending.approval_id else None


def _end_by_date(project: Project, *, by: Initiator) -> None:
    """Whatever else waits for this project is overtaken by its end date."""
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        if locked.ended_at is not None or locked.ends_at > database_now():
            return
        locked.endings.filter(state__in=[EndingState.WAITING, EndingState.SCHEDULED]).update(
            state=EndingState.LAPSED
        )
        wish = EndingWish(received_at=locked.ends_at)
        ending = store_ending(locked, wish, by=by)
        decide_ending(ending, order_to_end(locked, wish, by=by), preview=preview_of(locked, by=by))


# --- Parts ---------------------------------------------------------------------------------------------


def check_moment(wish: EndingWish) -> None:
    if wish.due_at is not None and wish.due_at > wish.received_at + LATEST:
        raise ValuesRefused(("due_at", _("A project is ended at most a year ahead.")))


def ended_before(project: Project) -> ProjectEnding:
    """The second click finds what the first did. Raises ProjectOver for a project ended without an order."""
    done = project.endings.exclude(revocation=None).order_by("-asked_at").first()
    if done is None:
        raise ProjectOver
    return done


def _open_ending(project: Project, wish: EndingWish, *, by: Initiator) -> ProjectEnding | None:
    """The one that is under way. A scheduled one gives way to an order for now, one that waits to the server's own."""
    found = project.endings.select_for_update().filter(state__in=OPEN_ENDINGS).first()
    gives_way = [EndingState.SCHEDULED, *([EndingState.WAITING] if by.kind == InitiatorKind.SHELL else [])]
    if found is not None and found.state in gives_way and not is_later(wish):
        found.state = EndingState.LAPSED
        found.save(update_fields=["state"])
        return None
    return found


def is_later(wish: EndingWish) -> bool:
    return wish.due_at is not None and wish.due_at > database_now()


def store_ending(
    project: Project, wish: EndingWish, *, by: Initiator, state: EndingState | None = None
) -> ProjectEnding:
    """Its row; running or scheduled, unless another state is given."""
    later = is_later(wish)
    return ProjectEnding.objects.create(
        project=project,
        state=state or (EndingState.SCHEDULED if later else EndingState.RUNNING),
        asked_at=wish.received_at,
        due_at=wish.due_at if later and wish.due_at else wish.received_at,
        initiator_kind=by.kind,
        initiator_id=by.id,
        initiator_name=by.name,
        initiator_user_id=by.user_id,
        door=by.door,
        note=wish.note,
        ticket=wish.ticket,
        preview=wish.seen,
    )


def decide_ending(ending: ProjectEnding, order: Order, *, preview: ProjectPreview) -> Revocation:
    """Expects the project's lock. The project counts as ended from here on, whatever becomes of the cut-off.

    Nobody is asked any more about what waits for it.
    """
    ending.news = news_since(ending.preview, preview) if ending.preview else {}
    ending.groups_kept = groups_kept(ending.project)
    revocation = decide(order)
    ending.fingerprint = preview.fingerprint
    ending.revocation = revocation
    ending.state = EndingState.RUNNING
    ending.started_at = revocation.decided_at
    ending.save()
    ending.project.ended_at = revocation.decided_at
    with acting(order.initiator):
        ending.project.save(update_fields=["ended_at"])
    overtake(ending.project, by=order.initiator)
    _record_begun(ending, plan_checks(ending), by=order.initiator)
    sign_version(revocation, Change.DECIDED)
    return revocation


def _record_begun(ending: ProjectEnding, checks: Sequence[ProjectCheck], *, by: Initiator) -> None:
    """What the report says of the ending itself, for good: who asked, what was seen, and what it was."""
    project, revocation = ending.project, ending.revocation
    assert revocation is not None
    asked_by = {"kind": ending.initiator_kind, "id": ending.initiator_id, "door": ending.door}
    of_the_whole = revocation.steps.filter(user=None)
    record(
        Events.ENDING_BEGUN,
        initiator=by,
        target=Target.of(project, label=project.name),
        reason=revocation.reason,
        receipt=revocation.receipt,
        project=project.key,
        details={
            "ending": str(ending.pk),
            "asked_by": asked_by,
            "asked_at": stamp(ending.asked_at),
            "due_at": stamp(ending.due_at),
            "approval": str(ending.approval_id) if ending.approval_id else None,
            "ticket": ending.ticket,
            "fingerprint": ending.fingerprint,
            "seen": numbers_of(ending.preview),
            "news": ending.news,
            "manager": str(project.manager_id) if project.manager_id else None,
            "groups": [group.name for group in project.groups.order_by("name")],
            "groups_kept": ending.groups_kept,
            "ends_at": stamp(project.ends_at),
            "time_zone": project.time_zone,
            "checks": {check.kind: stamp(check.due_at) for check in checks},
            "tasks": tasks_as_kept(list(of_the_whole)),
        },
    )


def order_to_end(
    project: Project, wish: EndingWish, *, by: Initiator, second: SecondPerson | None = None
) -> Order:
    seen = wish.seen.get("sessions")
    return Order(
        initiator=by,
        reason=Reason.PROJECT_END,
        scope=OneProject(key=project.key),
        received_at=wish.received_at,
        order_key=wish.order_key,
        note=wish.note,
        ticket=wish.ticket,
        sessions_seen=seen if isinstance(seen, int) else None,
        second=second,
    )


def _wish_of(ending: ProjectEnding) -> EndingWish:
    return EndingWish(received_at=ending.due_at, note=ending.note, ticket=ending.ticket, seen=ending.preview)


def record_scheduled(ending: ProjectEnding, *, by: Initiator) -> None:
    record(
        Events.ENDING_SCHEDULED,
        initiator=by,
        target=Target.of(ending.project, label=ending.project.name),
        project=ending.project.key,
        details={"due_at": ending.due_at.isoformat(), "ticket": ending.ticket},
        personal={"note": ending.note} if ending.note else None,
    )
