"""What people do by hand where no connector does it: marked done with how they know, and reopened with why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Initiator
from audit.record import Occurrence, Target, record_many
from sessions_app.changes.errors import NothingToDo, ValuesRefused
from sessions_app.models import Revocation, Step, StepState
from sessions_app.models.moments import database_now
from sessions_app.models.steps import OPEN_STEPS
from sessions_app.revocation.receipt_versions import Change, sign_version

SHORTEST_EVIDENCE = 10
LONGEST_EVIDENCE = 2000


def mark_done(steps: Collection[UUID], *, evidence: str, by: Initiator) -> list[Step]:
    """Note that these manual steps of one revocation are done, and how whoever did them knows.

    Those that are done already stay as they are, so that pressing twice changes nothing; returns the others. In one
    transaction with an entry for each and the next version of the receipt. Raises ValuesRefused for evidence that
    says nothing, NothingToDo where none of them is open.
    """
    evidence = evidence.strip()
    if not SHORTEST_EVIDENCE <= len(evidence) <= LONGEST_EVIDENCE:
        raise ValuesRefused(("evidence", _("Say how you know, in at least 10 characters.")))
    with transaction.atomic():
        locked = _lock(steps)
        open_steps = [step for step in locked if step.state in OPEN_STEPS]
        if not open_steps:
            raise NothingToDo
        now = database_now()
        for step in open_steps:
            step.state, step.evidence = StepState.DONE, evidence
            step.done_at, step.done_by_id = now, by.user_id
        _store(open_steps)
        _record(Events.TASK_DONE, open_steps, note=evidence, by=by)
        sign_version(open_steps[0].revocation, Change.TASKS_DONE)
    return open_steps


def reopen(step: Step, *, reason: str, by: Initiator) -> None:
    """A step that was marked done was not: it is to be done again. What was said of it stays in the trail.

    Raises ValuesRefused for a reason that says nothing, NothingToDo for a step that is open.
    """
    reason = reason.strip()
    if not SHORTEST_EVIDENCE <= len(reason) <= LONGEST_EVIDENCE:
        raise ValuesRefused(("reason", _("Say why, in at least 10 characters.")))
    with transaction.atomic():
        (locked,) = _lock([step.pk])
        if locked.state in OPEN_STEPS or not locked.is_manual:
            raise NothingToDo
        locked.state, locked.evidence = StepState.WAITING, ""
        locked.done_at, locked.done_by_id = None, None
        _store([locked])
        _record(Events.TASK_REOPENED, [locked], note=reason, by=by)
        sign_version(locked.revocation, Change.TASK_REOPENED)


def _lock(steps: Collection[UUID]) -> Sequence[Step]:
    """Their decision first, as whoever carries it out does. Raises NothingToDo where there are none."""
    found = Step.objects.filter(pk__in=list(steps), is_manual=True)
    one = found.first()
    if one is None:
        raise NothingToDo
    Revocation.objects.select_for_update(no_key=True).get(pk=one.revocation_id)
    same = found.filter(revocation=one.revocation_id).select_related("revocation__project")
    in_order = same.order_by("pk").select_for_update(of=("self",))
    return list(in_order)


def _store(steps: Sequence[Step]) -> None:
    Step.objects.bulk_update(steps, ["state", "evidence", "done_at", "done_by"], batch_size=500)


def _record(event: EventKind, steps: Sequence[Step], *, note: str, by: Initiator) -> None:
    record_many(event, initiator=by, occurrences=[_occurrence(step, note) for step in steps])


def _occurrence(step: Step, note: str) -> Occurrence:
    """About the person it is taken from, or the project where it is taken away as a whole."""
    project = step.revocation.project
    target = Target.of(step.user, label=step.user.display_name) if step.user else None
    return Occurrence(
        target=target or (Target.of(project, label=project.name) if project else Target.of(step)),
        reason=step.revocation.reason,
        receipt=step.revocation.receipt,
        project=project.key if project else "",
        details={"step": str(step.pk), "system": step.system, "kind": step.what.get("kind", step.kind)},
        personal={"note": note, "resource": step.what.get("name", "")},
    )
