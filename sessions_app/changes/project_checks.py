"""Later checks of an ended project: whether anything it gave is alive or back, long after everybody has moved on."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Outcome, Target, record
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.project_scope import LotFindings, look_at_people, look_at_the_rest
from sessions_app.models import CheckKind, Project, ProjectCheck, ProjectEnding, RevocationTarget
from sessions_app.models.moments import database_now
from sessions_app.models.project_checks import PLANNED_AFTER

logger = logging.getLogger(__name__)

PEOPLE_AT_ONCE: Final = 50
NAMED_AT_MOST: Final = 200
SECONDS_OF_A_REQUEST: Final = 5.0

# What makes a check find fault, by what is worst; each is a key of what was found.
FAULTS: Final = ("alive", "not_refused", "claims_accepted", "returned", "newcomers", "tasks_overdue")


def plan_checks(ending: ProjectEnding) -> list[ProjectCheck]:
    """The four later checks of an ending that has just been decided, in its transaction."""
    assert ending.started_at is not None
    return ProjectCheck.objects.bulk_create(
        ProjectCheck(ending=ending, kind=kind, due_at=ending.started_at + after)
        for kind, after in PLANNED_AFTER.items()
    )


def check_now(ending: ProjectEnding, *, by: Initiator) -> ProjectCheck:
    """One more check because somebody asks; the clock goes on where it takes longer than a request may.

    Whoever asks while one that was asked for is going on gets that one.
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=ending.project_id)
        check = ending.checks.filter(kind=CheckKind.ASKED_FOR, done_at=None).first()
        if check is None:
            check = ProjectCheck.objects.create(
                ending=ending, kind=CheckKind.ASKED_FOR, due_at=database_now(), asked_by_id=by.user_id
            )
    carry_check_on(check, by=by, seconds=SECONDS_OF_A_REQUEST)
    return check


def run_what_is_due(*, by: Initiator, seconds: float) -> int:
    """What the clock does: every check whose moment has come, however late; returns how many are done now.

    One that cannot be done because the blacklist does not answer stays due and does not hold up the others.
    """
    deadline = time.monotonic() + seconds
    done = 0
    due = ProjectCheck.objects.due(database_now()).select_related("ending__project", "ending__revocation")
    for check in due:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        done += _has_worked(check, by=by, seconds=left)
    return done


def _has_worked(check: ProjectCheck, *, by: Initiator, seconds: float) -> bool:
    try:
        return carry_check_on(check, by=by, seconds=seconds)
    except Exception:  # one that fails must not keep the others from being done
        logger.exception("check %s could not be carried on", check.pk)
        return False


def carry_check_on(check: ProjectCheck, *, by: Initiator, seconds: float) -> bool:
    """Look at the next people until all were looked at, or time is over; True once the check is done.

    Two at once do no harm: whoever comes second with a lot finds it noted and goes on behind it. Nothing is
    noted of people about whom the guard could not say anything: the check waits for the blacklist.
    """
    deadline = time.monotonic() + seconds
    while check.done_at is None:
        people = _next(check)
        if not people:
            return _finish(check, by=by)
        try:
            found = look_at_people(people)
        except BlacklistUnavailable as failure:
            logger.warning("check %s waits for the blacklist: %s", check.pk, failure)
            return False
        _note(check, found, reached=people[-1])
        if time.monotonic() > deadline:
            return False
    return True


def _next(check: ProjectCheck) -> list[RevocationTarget]:
    targets = RevocationTarget.objects.filter(revocation=check.ending.revocation_id).select_related("user")
    if check.reached:
        targets = targets.filter(user_id__gt=check.reached)
    return list(targets.order_by("user_id")[:PEOPLE_AT_ONCE])


def _note(check: ProjectCheck, found: LotFindings, *, reached: RevocationTarget) -> None:
    """Guarded by where the check stood when this lot was read."""
    as_read = Q(reached=check.reached) if check.reached else Q(reached=None)
    ProjectCheck.objects.filter(as_read, pk=check.pk, done_at=None).update(
        found=found.added_to(check.found), reached=reached.user_id
    )
    check.refresh_from_db()


def _finish(check: ProjectCheck, *, by: Initiator) -> bool:
    """Note the end, the entry and what it makes of the project together, once; returns True."""
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=check.ending.project_id)
        locked = (
            ProjectCheck.objects.select_for_update(of=("self",))
            .select_related("ending__revocation")
            .get(pk=check.pk)
        )
        if locked.done_at is None:
            locked.ending.project = project
            _end(locked, by=by)
    check.refresh_from_db()
    return True


def _end(check: ProjectCheck, *, by: Initiator) -> None:
    check.found = {**check.found, **look_at_the_rest(check.ending)}
    check.done_at = database_now()
    faults = faults_of(check.found)
    check.is_clean = not faults
    check.save(update_fields=["found", "done_at", "is_clean"])
    if faults:
        # Never taken back: a later check that finds nothing does not undo what an earlier one found.
        Project.objects.filter(pk=check.ending.project_id).update(has_exceptions=True)
    _record(check, faults, by=by)


def faults_of(found: Mapping[str, Any]) -> list[str]:
    """What of it is alive or back, by code; empty where the check is clean."""
    return [fault for fault in FAULTS if found.get(fault)]


def late_seconds(check: ProjectCheck) -> int:
    """By how much it was done later than it was due; 0 while it is not done."""
    return max(0, int((check.done_at - check.due_at).total_seconds())) if check.done_at else 0


def _record(check: ProjectCheck, faults: Sequence[str], *, by: Initiator) -> None:
    project, revocation = check.ending.project, check.ending.revocation
    record(
        Events.PROJECT_CHECKED,
        initiator=by,
        target=Target.of(project, label=project.name),
        reason=revocation.reason if revocation else "",
        receipt=revocation.receipt if revocation else "",
        project=project.key,
        outcome=Outcome.FAILED if faults else Outcome.DONE,
        details={
            **({"why": faults[0]} if faults else {}),
            "check": str(check.pk),
            "which": check.kind,
            "due_at": check.due_at.isoformat(),
            "late_seconds": late_seconds(check),
            "asked_by": str(check.asked_by_id) if check.asked_by_id else None,
            "found": named(check.found),
        },
    )


def named(found: Mapping[str, Any]) -> dict[str, Any]:
    """As the entry keeps it: every number, and of very long lists the first ones and how many there are."""
    kept: dict[str, Any] = {}
    for key, value in found.items():
        kept[key] = value
        if isinstance(value, list | dict) and len(value) > NAMED_AT_MOST:
            few = list(value)[:NAMED_AT_MOST]
            kept[key] = {each: value[each] for each in few} if isinstance(value, dict) else few
            kept[f"{key}_count"] = len(value)
    return kept
