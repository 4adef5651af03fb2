"""Notice: one reminder that goes to one person by mail, kept so that it goes once."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _


class WaitingKind(models.TextChoices):
    """What can wait for somebody."""

    PROJECT_ENDS = "project_ends", _("a project ends soon")
    TASKS = "tasks", _("tasks to do by hand")
    APPROVAL = "approval", _("somebody needs a second person")
    WRONG_PERSON = "wrong_person", _("a receipt may have met the wrong person")
    REVIEW = "review", _("a review of what was done alone")
    FINDINGS = "findings", _("a later check found something")
    LEAVES_TODAY = "leaves_today", _("people leave today")
    LEAVING_STUCK = "stuck", _("a leaving that could not be carried out")


class NoticeQuerySet(QuerySet["Notice"]):
    def open(self) -> NoticeQuerySet:
        """Neither sent nor given up."""
        return self.filter(sent_at=None, closed_at=None)

    def due(self, at: datetime) -> NoticeQuerySet:
        return self.open().filter(next_try_at__lte=at).order_by("next_try_at", "id")


class Notice(models.Model):
    """What the mail says is made when it is sent, from what is true then. No address and no text is kept.

    `about` names one reminder of the matter before its last colon: "phoenix:2026-12-10T17:00:3". `last_error` is
    the kind of a failure and its number, never what a server wrote.
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(_("kind"), max_length=15, choices=WaitingKind.choices)
    about = models.CharField(max_length=150)
    queued_at = models.DateTimeField(_("queued"))
    next_try_at = models.DateTimeField(_("next try"))
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    closed_at = models.DateTimeField(_("given up"), null=True)
    last_error = models.CharField(max_length=100, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "kind", "about"], name="each_reminder_once")
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="notices_due", condition=Q(sent_at=None, closed_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"notice {self.pk}"
