"""ProjectCheck: a later look at everything an ended project had given, and what of it was alive or back."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _


class CheckKind(models.TextChoices):
    AFTER_AN_HOUR = "1_hour", _("after 1 hour")
    AFTER_A_DAY = "1_day", _("after 1 day")
    AFTER_A_WEEK = "7_days", _("after 7 days")
    AFTER_A_MONTH = "30_days", _("after 30 days")
    ASKED_FOR = "asked_for", _("asked for")


PLANNED_AFTER = {
    CheckKind.AFTER_AN_HOUR: timedelta(hours=1),
    CheckKind.AFTER_A_DAY: timedelta(days=1),
    CheckKind.AFTER_A_WEEK: timedelta(days=7),
    CheckKind.AFTER_A_MONTH: timedelta(days=30),
}


class ProjectCheckQuerySet(QuerySet["ProjectCheck"]):
    def due(self, at: datetime) -> ProjectCheckQuerySet:
        """Not done yet although their moment has come, however long ago; the oldest first."""
        return self.filter(done_at=None, due_at__lte=at).order_by("due_at", "id")


class ProjectCheck(models.Model):
    """Made with the decision that ends the project, or when somebody asks. Its end is an entry of the trail.

    `found` holds ids and numbers only, `reached` the last person looked at while it is going on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ending = models.ForeignKey("sessions_app.ProjectEnding", on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(_("which"), max_length=10, choices=CheckKind.choices)
    due_at = models.DateTimeField(_("due"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reached = models.UUIDField(null=True, editable=False)
    found = models.JSONField(default=dict)
    is_clean = models.BooleanField(_("nothing was alive or back"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)

    objects = ProjectCheckQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ending", "kind"],
                name="each_planned_check_once",
                condition=~Q(kind=CheckKind.ASKED_FOR),
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="checks_due", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"check {self.pk}"
