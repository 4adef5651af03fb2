"""Approval: the second person a large or dangerous ending of access waits for."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ApprovalKind(models.TextChoices):
    """What is asked for; `changes.approvals` knows how each is carried out."""

    END_PROJECT = "end_project", _("End Project")
    EXTEND_PROJECT = "extend_project", _("Extend a project")
    SHORTEN_PROJECT = "shorten_project", _("Bring the end of a project forward")
    TAKE_GROUPS = "take_groups", _("Take groups off a project")
    TERMINATE = "terminate", _("Terminate now")
    END_SESSIONS = "end_sessions", _("End selected sessions")
    END_PEOPLE = "end_people", _("End the access of many people")


class ApprovalState(models.TextChoices):
    WAITING = "waiting", _("waits")
    APPROVED = "approved", _("approved")
    DECLINED = "declined", _("declined")
    LAPSED = "lapsed", _("nobody approved in time")
    WITHDRAWN = "withdrawn", _("withdrawn")
    OVERTAKEN = "overtaken", _("overtaken: the project had ended")
    BROKEN_GLASS = "broken_glass", _("carried out alone")


class ReviewVerdict(models.TextChoices):
    JUSTIFIED = "justified", _("it was justified")
    NOT_JUSTIFIED = "not_justified", _("it was not justified")


class ApprovalQuerySet(QuerySet["Approval"]):
    def waiting(self, at: datetime) -> ApprovalQuerySet:
        """Still to be decided, and not too old for it."""
        return self.filter(state=ApprovalState.WAITING, expires_at__gt=at)

    def too_old(self, at: datetime) -> ApprovalQuerySet:
        """Nobody decided them in time, and the clock has not said so yet."""
        return self.filter(state=ApprovalState.WAITING, expires_at__lte=at)

    def overtaken(self) -> ApprovalQuerySet:
        """They waited when the project ended without them, and nobody has said so yet: nothing is left to decide."""
        about = [
            ApprovalKind.END_PROJECT,
            ApprovalKind.EXTEND_PROJECT,
            ApprovalKind.SHORTEN_PROJECT,
            ApprovalKind.TAKE_GROUPS,
        ]
        in_time = Q(expires_at__gt=F("project__ended_at"))  # never where the project has not ended
        return self.filter(in_time, state=ApprovalState.WAITING, kind__in=about)

    def to_review(self) -> ApprovalQuerySet:
        """Done alone by breaking the glass, and nobody has looked at it since."""
        return self.filter(state=ApprovalState.BROKEN_GLASS, reviewed_at=None)


class Approval(models.Model):
    """`request` is what is carried out once somebody approves: ids and codes, never a name or a token.

    `asked_as` is the initiator who asked, as the order will name it. Both stay as they were asked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=ApprovalKind.choices)
    state = models.CharField(
        _("state"), max_length=15, choices=ApprovalState.choices, default=ApprovalState.WAITING
    )
    request = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)
    people = models.PositiveIntegerField(_("people"), default=0)
    sessions = models.PositiveIntegerField(_("sessions"), default=0)
    why = models.JSONField(_("why a second person"), default=list)
    project = models.ForeignKey(
        "sessions_app.Project", on_delete=models.PROTECT, null=True, related_name="approvals"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="approvals_about"
    )

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approvals_asked"
    )
    asked_as = models.JSONField(default=dict)
    asked_at = models.DateTimeField(_("asked"))
    asked_note = models.TextField(_("note of whoever asked"), blank=True)
    expires_at = models.DateTimeField(_("until"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="approvals_decided"
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.TextField(_("note"), blank=True)
    revocation = models.OneToOneField(
        "sessions_app.Revocation", on_delete=models.PROTECT, null=True, related_name="approval"
    )

    review_due_at = models.DateTimeField(_("review due"), null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    verdict = models.CharField(_("verdict"), max_length=15, choices=ReviewVerdict.choices, blank=True)
    review_note = models.TextField(_("note of the review"), blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        indexes = [
            models.Index(
                fields=["expires_at"], name="approvals_waiting", condition=Q(state=ApprovalState.WAITING)
            )
        ]

    def __str__(self) -> str:
        return f"approval {self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.state == ApprovalState.WAITING and self.expires_at > timezone.now()
