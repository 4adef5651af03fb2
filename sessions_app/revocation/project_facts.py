"""What the trail keeps of everybody who left a project, so that the project's report needs nothing but entries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max

from audit.receipts import stamp
from sessions_app.models import EndedSession, Revocation, RevocationTarget, Session, Step, StepKind
from sessions_app.models.moments import from_milliseconds


def facts_of(revocation: Revocation, targets: Sequence[RevocationTarget]) -> dict[UUID, dict[str, Any]]:
    """For each of these people, whose sessions were just ended: ids, codes and moments, in four look-ups."""
    people = [target.user_id for target in targets]
    active = _newest(Session.objects.filter(user__in=people), "user", "last_used_at")
    lives = _newest(
        EndedSession.objects.filter(revocation=revocation, session__user__in=people),
        "session__user",
        "lives_until",
    )
    steps = _steps_of(revocation, people)
    return {
        target.user_id: {
            "cutoff_at": stamp(from_milliseconds(target.cutoff_ms)) if target.cutoff_ms else None,
            "last_active_at": stamp(active.get(target.user_id)),
            "cannot_be_cut_before": stamp(lives.get(target.user_id)),
            "groups_left": _groups(steps.get(target.user_id, [])),
            "tasks": tasks_as_kept(steps.get(target.user_id, [])),
        }
        for target in targets
    }


def tasks_as_kept(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Each thing to be taken away outside, as it was when the task was made."""
    return [
        {
            "task": str(step.pk),
            "system": step.system,
            "kind": step.what["kind"],
            "name": step.what["name"],
            "state": step.state,
            "due_at": stamp(step.due_at),
        }
        for step in steps
        if step.kind == StepKind.REMOVE_RESOURCE
    ]


def _groups(steps: Sequence[Step]) -> list[str]:
    return [name for step in steps if step.kind == StepKind.LEAVE_GROUPS for name in step.what["groups"]]


def _steps_of(revocation: Revocation, people: Collection[UUID]) -> dict[UUID, list[Step]]:
    found: dict[UUID, list[Step]] = {}
    for step in Step.objects.filter(revocation=revocation, user__in=people):
        if step.user_id:
            found.setdefault(step.user_id, []).append(step)
    return found


def _newest(rows: Any, person: str, column: str) -> dict[UUID, Any]:
    return dict(rows.order_by().values(person).annotate(newest=Max(column)).values_list(person, "newest"))
