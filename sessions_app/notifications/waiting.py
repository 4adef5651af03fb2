"""What waits for somebody now: one rule for the portal's lines and for the mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, Min, OuterRef, Q

from sessions_app.changes.approval_rules import why_not_decide
from sessions_app.changes.leavings import owner_of
from sessions_app.models import (
    Approval,
    Correction,
    CorrectionState,
    Leaving,
    Project,
    ProjectCheck,
    Role,
    Step,
    User,
    WaitingKind,
)
from sessions_app.models.leavings import LeavingQuerySet
from sessions_app.models.projects import ProjectQuerySet

STAGES: Final = (1, 3, 14)
"""Days before a project's end on which its people are reminded, the last one first."""
FINDINGS_WAIT: Final = timedelta(days=31)
GIVES_BACK: Final = frozenset({Role.IT, Role.SECURITY})
ENDS_ACCESS: Final = frozenset({Role.HR, Role.IT, Role.SECURITY})


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One thing that waits. `about` is the same for the same reminder, however often it is asked for.

    Before its last colon `about` names the matter: a newer reminder of it makes older ones needless. `name` is a
    project's, never a person's. `at` is the moment it is about, `zone` the one it is shown in.
    """

    kind: WaitingKind
    about: str
    path: str
    name: str = ""
    count: int = 1
    at: datetime | None = None
    zone: str = "UTC"
    days: int = 0
    is_late: bool = False

    @property
    def matter(self) -> str:
        return self.about.rpartition(":")[0]


def waiting_for(person: User, *, now: datetime) -> list[Waiting]:
    """Everything that waits for this person, the most urgent kinds first; nothing for who may not sign in."""
    if not person.is_active:
        return []
    return [waiting for ask in _KINDS for waiting in ask(person, now)]


# --- Leavings -------------------------------------------------------------------------------------------


def _stuck(person: User, now: datetime) -> Iterator[Waiting]:
    """For whoever has to see to it, and whoever had scheduled it."""
    for leaving in Leaving.objects.stuck().filter(leaves_at__lte=now):
        mine = Leaving.objects.visible_to(person, through={owner_of(leaving)}, own_through=ENDS_ACCESS)
        if mine.filter(pk=leaving.pk).exists():
            yield Waiting(
                kind=WaitingKind.LEAVING_STUCK,
                about=f"{leaving.pk}:{leaving.stuck_because}",
                path=f"/people/{leaving.user_id}/",
                at=leaving.leaves_at,
                zone=leaving.time_zone,
                is_late=True,
            )


def _leave_today(person: User, now: datetime) -> Iterator[Waiting]:
    """For HR, and whoever scheduled one: those of whom it is the day, where they are."""
    mine: LeavingQuerySet = Leaving.objects.visible_to(person, through={Role.HR}, own_through=ENDS_ACCESS)
    near = mine.scheduled().filter(leaves_at__gt=now, leaves_at__lt=now + timedelta(days=1), stuck_because="")
    today = [leaving for leaving in near if leaving.local.date() == _there(now, leaving.time_zone).date()]
    if today:
        yield Waiting(
            kind=WaitingKind.LEAVES_TODAY,
            about=f"leavings:{now.astimezone(UTC).date()}",
            path="/people/?leaving=scheduled",
            count=len(today),
        )


# --- The wrong person -----------------------------------------------------------------------------------


def _wrong_person(person: User, now: datetime) -> Iterator[Waiting]:
    """For whoever may give back what was taken; of privileged people that is Security alone."""
    reached = User.objects.visible_to(person, through=GIVES_BACK).exclude(pk=person.pk)
    theirs = User.objects.visible_to(person, through={Role.SECURITY}).values("pk")
    asked = Correction.objects.filter(state=CorrectionState.ASKED, user__in=reached.values("pk"))
    mine = asked.exclude(Q(user__in=User.objects.privileged()) & ~Q(user__in=theirs))
    for correction in mine.select_related("revocation").order_by("asked_at"):
        yield Waiting(
            kind=WaitingKind.WRONG_PERSON,
            about=f"{correction.pk}:asked",
            path=f"/revocations/{correction.revocation.receipt}/",
            at=correction.asked_at,
            is_late=True,
        )


# --- A second person ------------------------------------------------------------------------------------


def _approvals(person: User, now: datetime) -> Iterator[Waiting]:
    for approval in Approval.objects.waiting(now).select_related("project", "asked_by", "person"):
        if why_not_decide(approval, person) is None:
            yield _about_approval(WaitingKind.APPROVAL, approval, at=approval.expires_at)


def _reviews(person: User, now: datetime) -> Iterator[Waiting]:
    for approval in Approval.objects.to_review().select_related("project", "asked_by", "person"):
        if why_not_decide(approval, person) is None:
            late = approval.review_due_at is not None and approval.review_due_at < now
            yield _about_approval(WaitingKind.REVIEW, approval, at=approval.review_due_at, is_late=late)


def _about_approval(
    kind: WaitingKind, approval: Approval, *, at: datetime | None, is_late: bool = False
) -> Waiting:
    return Waiting(
        kind=kind,
        about=f"{approval.pk}:{kind}",
        path=f"/approvals/{approval.pk}/",
        name=approval.project.name if approval.project else "",
        count=approval.people,
        at=at,
        is_late=is_late,
    )


# --- Projects -------------------------------------------------------------------------------------------


def _projects_end(person: User, now: datetime) -> Iterator[Waiting]:
    """For the manager and the deputies; for IT where none of them is left."""
    for project in _looked_after_by(person).not_ended().filter(ends_at__gt=now).order_by("ends_at", "key"):
        days = (
            _there(project.ends_at, project.time_zone).date() - _there(now, project.time_zone).date()
        ).days
        stage = next((each for each in STAGES if days <= each), None)
        if stage is not None:
            yield Waiting(
                kind=WaitingKind.PROJECT_ENDS,
                about=f"{project.key}:{project.ends_at:%Y%m%d%H%M}:{stage}",
                path=f"/projects/{project.key}/",
                name=project.name,
                at=project.ends_at,
                zone=project.time_zone,
                days=days,
            )


def _findings(person: User, now: datetime) -> Iterator[Waiting]:
    """What the newest check of an ended project found, for its people, IT and Security."""
    later = ProjectCheck.objects.filter(ending=OuterRef("ending"), done_at__gt=OuterRef("done_at"))
    newest = ProjectCheck.objects.filter(is_clean=False, done_at__gt=now - FINDINGS_WAIT).exclude(
        Exists(later)
    )
    reached = Project.objects.reached_by(person, through={Role.IT, Role.SECURITY}).values("pk")
    own = _looked_after_by(person).values("pk")
    mine = newest.filter(Q(ending__project__in=own) | Q(ending__project__in=reached))
    for check in mine.select_related("ending__project").order_by("done_at"):
        yield Waiting(
            kind=WaitingKind.FINDINGS,
            about=f"{check.ending_id}:{check.pk}",
            path=f"/projects/{check.ending.project.key}/report/",
            name=check.ending.project.name,
            at=check.done_at,
            is_late=True,
        )


def _tasks(person: User, now: datetime) -> Iterator[Waiting]:
    """One line for all tasks of one receipt that the person's roles own: one for each resource."""
    for role in sorted(person.lasting_roles):
        reached = Project.objects.reached_by(person, through={role}).values("pk")
        mine = Step.objects.open().filter(is_manual=True, owner_role=role)
        if not person.reaches_everybody(through={role}):
            mine = mine.filter(revocation__project__in=reached)
        by_receipt = mine.order_by().values("revocation__receipt", "revocation__project__name")
        counted = by_receipt.annotate(
            open=Count("resource", distinct=True),
            late=Count("resource", distinct=True, filter=Q(due_at__lt=now)),
            first=Min("due_at"),
        )
        yield from (_of_receipt(row, role) for row in counted.order_by("first", "revocation__receipt"))


def _of_receipt(row: Mapping[str, Any], role: Role) -> Waiting:
    receipt, late = row["revocation__receipt"], row["late"]
    return Waiting(
        kind=WaitingKind.TASKS,
        about=f"{receipt}:{role}:{'overdue' if late else 'open'}",
        path="/tasks/",
        name=row["revocation__project__name"] or "",
        count=late or row["open"],
        at=row["first"],
        is_late=bool(late),
    )


def _looked_after_by(person: User) -> ProjectQuerySet:
    """Their own projects, and for IT those of which every manager and deputy has left."""
    own = Project.objects.managed_by(person)
    orphans = Project.objects.reached_by(person, through={Role.IT}).without_anybody()
    return Project.objects.filter(Q(pk__in=own.values("pk")) | Q(pk__in=orphans.values("pk")))


def _there(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


_KINDS: Final[tuple[Callable[[User, datetime], Iterator[Waiting]], ...]] = (
    _stuck,
    _wrong_person,
    _approvals,
    _reviews,
    _findings,
    _tasks,
    _leave_today,
    _projects_end,
)
