"""Step: one request to take something away in one system, and its outcome."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.models.roles import Role


class StepKind(models.TextChoices):
    LEAVE_GROUPS = "leave_groups", _("leave the project's groups")
    REMOVE_RESOURCE = "remove_resource", _("remove from an outside resource")


class StepState(models.TextChoices):
    WAITING = "waiting", _("to do")
    DONE = "done", _("done")
    NOT_NEEDED = "not_needed", _("not needed")
    FAILED = "failed", _("failed")


OPEN_STEPS = [StepState.WAITING, StepState.FAILED]


class StepQuerySet(QuerySet["Step"]):
    def open(self) -> StepQuerySet:
        return self.filter(state__in=OPEN_STEPS)

    def overdue(self, at: datetime) -> StepQuerySet:
        return self.open().filter(due_at__lt=at)


class Step(models.Model):
    """Made in the transaction of the decision. Where no connector does it, it is a task for people: `is_manual`.

    `user` is empty where the resource is taken away as a whole. `evidence` is what somebody wrote who did it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    revocation = models.ForeignKey("sessions_app.Revocation", on_delete=models.PROTECT, related_name="steps")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="steps"
    )
    resource = models.ForeignKey(
        "sessions_app.ProjectResource", on_delete=models.PROTECT, null=True, related_name="steps"
    )
    kind = models.CharField(_("kind"), max_length=20, choices=StepKind.choices)
    key = models.CharField(max_length=120, editable=False)
    """Whom and what it is about, so that resuming makes none twice."""
    system = models.CharField(_("system"), max_length=50)
    what = models.JSONField(default=dict)
    """What exactly: {"groups": [...]} or {"kind": ..., "name": ...}. It outlives the resource's row."""
    state = models.CharField(_("state"), max_length=12, choices=StepState.choices, default=StepState.WAITING)
    is_manual = models.BooleanField(default=False)
    owner_role = models.CharField(_("owner"), max_length=20, choices=Role.choices, default=Role.IT)
    made_at = models.DateTimeField(_("made"))
    due_at = models.DateTimeField(_("due"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    evidence = models.TextField(_("evidence"), blank=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["system", "kind", "id"]
        constraints = [
            models.UniqueConstraint(fields=["revocation", "key"], name="one_step_per_person_and_resource")
        ]
        indexes = [models.Index(fields=["due_at"], name="steps_open", condition=Q(state__in=OPEN_STEPS))]

    def __str__(self) -> str:
        return f"step {self.pk}"

    @property
    def is_overdue(self) -> bool:
        return self.state in OPEN_STEPS and self.due_at is not None and self.due_at < timezone.now()
