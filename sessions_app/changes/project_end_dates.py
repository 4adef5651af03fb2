"""When a project ends: later with a reason, earlier at once for every token; beyond the policy with a second person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Initiator, acting
from audit.record import Outcome, Target, record
from sessions_app.changes.approvals import ask, second_person_of
from sessions_app.changes.blast_radius import Reach, Why, why_not_alone
from sessions_app.changes.configuration import Problems
from sessions_app.changes.errors import (
    ChangeRefused,
    MayNotExtend,
    ProjectOver,
    ReasonTooShort,
    SecondPersonNeeded,
    ValuesRefused,
)
from sessions_app.changes.texts import shown
from sessions_app.models import Approval, ApprovalKind, Policy, Project, Revocation, Role, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import answers_another, cut_off, decide
from sessions_app.revocation.orders import OneProject, Order, SecondPerson
from sessions_app.revocation.populations import members_of, people_of
from sessions_app.revocation.receipt_versions import Change, sign_version

SHORTEST_REASON = 3
LONGEST_REASON = 500
LATEST = timedelta(days=3660)


@dataclass(frozen=True, kw_only=True)
class EndWish:
    """When it is to end and why. `second`: somebody who has said yes to exactly this.

    `seen` is whose tokens an earlier end ends, as it was counted for whoever asks; None where nobody looked.
    """

    ends_at: datetime
    reason: str
    received_at: datetime
    seen: Reach | None = None
    second: SecondPerson | None = None


@dataclass(frozen=True, kw_only=True)
class EndChange:
    """`revocation` is what ended the tokens that carry the later date; None where nothing had to end."""

    project: Project
    was: datetime
    revocation: Revocation | None = None

    @property
    def is_later(self) -> bool:
        return self.project.ends_at > self.was


def end_problems(ends_at: datetime) -> Problems:
    """Why nothing can end then, from now on."""
    now = database_now()
    if ends_at <= now:
        return [("ends_on", _("This moment has passed. To end a project now, use End Project."))]
    if ends_at > now + LATEST:
        return [("ends_on", _("A project ends within ten years."))]
    return []


def alone_until(project: Project) -> datetime:
    """The latest end to which one person alone may move it."""
    return (project.agreed_ends_at or project.ends_at) + timedelta(days=Policy.current().extension_days_alone)


def change_end(project: Project, wish: EndWish, *, by: Initiator) -> EndChange:
    """Move the end of a project.

    1. Lock it. What has ended, by a click or by its date, is not prolonged any more.
    2. Later: with a reason; beyond `alone_until` only once a second person approved, from whose word the limit
       counts anew. However often somebody extends by a little, the limit is one.
    3. Earlier: in the same transaction the order that ends the tokens of its members, who may sign in again at once
       and then carry the new date. Cut off after the commit; the clock goes on where the blacklist does not answer.
       Of more than one person may end alone only once a second person approved.

    The same end again changes nothing. Raises ProjectOver, ValuesRefused, ReasonTooShort or SecondPersonNeeded,
    having stored nothing but the refusal of an extension, or the child of OrderRefused that fits.
    """
    try:
        with transaction.atomic(), acting(by):
            locked = Project.objects.select_for_update().get(pk=project.pk)
            was = locked.ends_at
            _refuse(locked, wish, by=by)
            if wish.ends_at == was:
                return EndChange(project=locked, was=was)
            revocation = _store(locked, wish, by=by)
    except (ProjectOver, SecondPersonNeeded) as refusal:
        _record_refusal(project, refusal, by=by)
        raise
    if revocation is not None:
        cut_off(revocation, by=by)
    return EndChange(project=locked, was=was, revocation=revocation)


def reach_of_earlier_end(project: Project) -> Reach:
    """Whose tokens an earlier end would end now."""
    return Reach.of(people_of(OneProject(key=project.key)))


def why_second_person(project: Project, wish: EndWish, *, by: Initiator) -> list[Why]:
    """Why moving its end so takes a second person; empty where it does not. Of an earlier end, as it was seen."""
    if wish.ends_at > project.ends_at:
        return [Why.BEYOND_LIMIT] if wish.ends_at > alone_until(project) else []
    if wish.ends_at < project.ends_at:
        return why_not_alone(wish.seen or reach_of_earlier_end(project), by.kind)
    return []


def ask_to_move_end(project: Project, wish: EndWish, *, by: Initiator) -> Approval:
    """Let a second person decide on this end, and read why. Raises as `change_end` and `approvals.ask` do."""
    _refuse_end(project, wish)
    reach = wish.seen or reach_of_earlier_end(project)
    is_later = wish.ends_at > project.ends_at
    if not is_later:
        _refuse_without_reason(wish)
    return ask(
        ApprovalKind.EXTEND_PROJECT if is_later else ApprovalKind.SHORTEN_PROJECT,
        request={"ends_at": wish.ends_at.isoformat(), "was": project.ends_at.isoformat()},
        people=reach.people,
        sessions=0 if is_later else reach.sessions,
        why=why_second_person(project, wish, by=by),
        project=project,
        note=_reason(wish),
        by=by,
    )


def move_as_approved(approval: Approval, by: Initiator) -> Revocation | None:
    """What a second person agreed to, as long as whoever asked may still ask for it: later, or earlier for everybody
    on it by then, whoever joined meanwhile.

    Expects the approval's transaction; what it returns is still to be cut off. Raises MayNotExtend or what
    `change_end` raises.
    """
    assert approval.decided_at is not None
    assert approval.project is not None
    wish = EndWish(
        ends_at=datetime.fromisoformat(approval.request["ends_at"]),
        reason=approval.asked_note,
        received_at=approval.decided_at,
        seen=Reach(people=approval.people, sessions=approval.sessions),
        second=second_person_of(approval),
    )
    with acting(by):
        locked = Project.objects.select_for_update().get(pk=approval.project.pk)
        _refuse_end(locked, wish)
        if not _may_move_end(locked, by):
            raise MayNotExtend
        _refuse_other_direction(approval, wish, locked)
        return _store(locked, wish, by=by)


def _refuse_other_direction(approval: Approval, wish: EndWish, project: Project) -> None:
    """Raises ValuesRefused where the end was moved meanwhile, so that this would do what nobody agreed to."""
    if approval.kind == ApprovalKind.EXTEND_PROJECT and wish.ends_at <= project.ends_at:
        raise ValuesRefused(("ends_on", _("By now it ends then, or later.")))
    if approval.kind == ApprovalKind.SHORTEN_PROJECT and wish.ends_at >= project.ends_at:
        raise ValuesRefused(("ends_on", _("By now it ends then, or earlier.")))


def _may_move_end(project: Project, by: Initiator) -> bool:
    if by.roles & {Role.IT, Role.SECURITY}:
        return True
    asker = User.objects.filter(pk=by.user_id).first() if by.user_id else None
    return asker is not None and Project.objects.managed_by(asker).filter(pk=project.pk).exists()


def _refuse(project: Project, wish: EndWish, *, by: Initiator) -> None:
    _refuse_end(project, wish)
    why = why_second_person(project, wish, by=by)
    if why and wish.second is None:
        raise SecondPersonNeeded(*why)


def _refuse_end(project: Project, wish: EndWish) -> None:
    """What a second person could not change either."""
    if project.ended_at is not None or project.ends_at <= database_now():
        raise ProjectOver
    problems = end_problems(wish.ends_at)
    if project.starts_at is not None and wish.ends_at <= project.starts_at:
        problems = [*problems, ("ends_on", _("It would end before it begins."))]
    if problems:
        raise ValuesRefused(*problems)
    if wish.ends_at > project.ends_at:
        _refuse_without_reason(wish)


def _refuse_without_reason(wish: EndWish) -> None:
    if len(_reason(wish)) < SHORTEST_REASON:
        raise ReasonTooShort


def _store(project: Project, wish: EndWish, *, by: Initiator) -> Revocation | None:
    """Expects the project's lock."""
    was, is_later = project.ends_at, wish.ends_at > project.ends_at
    project.agreed_ends_at = wish.ends_at if wish.second else project.agreed_ends_at or was
    project.ends_at = wish.ends_at
    project.save(update_fields=["ends_at", "agreed_ends_at"])
    _record(Events.PROJECT_EXTENDED if is_later else Events.PROJECT_SHORTENED, project, wish, was=was, by=by)
    if is_later or not members_of(project.key).exists():
        return None
    order = Order(
        initiator=by,
        reason=Reason.ROLE_CHANGE,
        scope=OneProject(key=project.key),
        received_at=wish.received_at,
        sessions_seen=wish.seen.sessions if wish.seen else None,
        second=wish.second,
    )
    revocation = decide(order)
    if not answers_another(revocation, order):
        sign_version(revocation, Change.DECIDED)
    return revocation


def _reason(wish: EndWish) -> str:
    return shown(wish.reason, limit=LONGEST_REASON)


def _record(event: EventKind, project: Project, wish: EndWish, *, was: datetime, by: Initiator) -> None:
    reason = _reason(wish)
    record(
        event,
        initiator=by,
        target=Target.of(project, label=project.name),
        project=project.key,
        details={"was": was.isoformat(), "ends_at": wish.ends_at.isoformat()},
        personal={"note": reason} if reason else None,
    )


def _record_refusal(project: Project, refusal: ChangeRefused, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.PROJECT_EXTENDED,
            initiator=by,
            target=Target.of(project, label=project.name),
            project=project.key,
            outcome=Outcome.REFUSED,
            details={"why": refusal.code},
        )
