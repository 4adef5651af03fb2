"""Large exports: each one is a row first, and whoever works on it only holds it for a while."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.exports.files import folder
from audit.exports.forms import Form
from audit.initiators import Initiator
from audit.query_terms import LONGEST_LINE

KEPT_FOR = timedelta(days=7)  # the file, once it is there
FORGOTTEN_AFTER = timedelta(days=30)  # the row; the entry in the trail stays for ever
LEASE_LASTS = timedelta(seconds=30)
MOST_ATTEMPTS = 3
MOST_UNFINISHED = 3  # of one asker, so that nobody keeps every worker busy
LONGEST_KEY = 200
KEYS_LIVE = timedelta(hours=24)


class State(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


UNFINISHED = (State.WAITING, State.RUNNING)


class ExportJobQuerySet(QuerySet["ExportJob"]):
    def asked_by(self, initiator: Initiator) -> ExportJobQuerySet:
        return self.filter(initiator_kind=initiator.kind.value, initiator_id=initiator.id)

    def older_than(self, job: ExportJob) -> ExportJobQuerySet:
        """Those behind it in a list, which has the newest first."""
        return self.filter(Q(asked_at__lt=job.asked_at) | Q(asked_at=job.asked_at, id__lt=job.id))

    def unfinished(self) -> ExportJobQuerySet:
        return self.filter(state__in=UNFINISHED)

    def free(self) -> ExportJobQuerySet:
        """What nobody works on: not begun, or left by somebody whose lease has run out."""
        return self.filter(Q(state=State.WAITING) | Q(state=State.RUNNING, lease_until__lt=timezone.now()))


class ExportJob(models.Model):
    """What was asked for, how far it is, and where the file is known by. The file itself lies in the exports' folder.

    Who asked stands here as an id only; what they may read is looked up again when the file is written.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    initiator_kind = models.CharField(_("kind of initiator"), max_length=8)
    initiator_id = models.CharField(_("initiator"), max_length=100)
    initiator_roles = models.CharField(_("roles at the time"), max_length=120, blank=True)
    door = models.CharField(_("door"), max_length=16)
    cid = models.CharField(_("request"), max_length=255, blank=True)
    line = models.CharField(_("filter"), max_length=LONGEST_LINE + 40, blank=True)
    form = models.CharField(_("form"), max_length=8, choices=Form.choices)
    has_notes = models.BooleanField(_("with notes"), default=False)
    order_key = models.CharField(_("order key"), max_length=LONGEST_KEY, blank=True)
    slot = models.PositiveSmallIntegerField(_("which of the few at once"), null=True, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    why = models.CharField(_("why it failed"), max_length=200, blank=True)
    rows_total = models.BigIntegerField(_("rows to write"), null=True, blank=True)
    rows_done = models.BigIntegerField(_("rows written"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    holder = models.CharField(_("held by"), max_length=64, blank=True)
    lease_until = models.DateTimeField(_("held until"), null=True, blank=True)
    woken_at = models.DateTimeField(_("last wake-up call"), null=True, blank=True)

    size = models.BigIntegerField(_("bytes"), null=True, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    expires_at = models.DateTimeField(_("file kept until"), null=True, blank=True)
    rights = models.JSONField(_("rights it was written by"), default=list, blank=True)

    objects = ExportJobQuerySet.as_manager()

    class Meta:
        app_label = "audit"
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["state", "asked_at"], name="export_by_state"),
            models.Index(fields=["initiator_id", "-asked_at"], name="export_by_initiator"),
        ]
        # Two that ask at once find the same slot free, or the same key unused: the database lets one of them have it.
        constraints = [
            models.UniqueConstraint(
                fields=["initiator_kind", "initiator_id", "slot"],
                condition=Q(state__in=UNFINISHED),
                name="export_few_at_once",
            ),
            models.UniqueConstraint(
                fields=["initiator_kind", "initiator_id", "order_key"],
                condition=~Q(order_key=""),
                name="export_once_for_a_key",
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def has_expired(self) -> bool:
        """Whether the time of its file is over, also where the file was not deleted yet."""
        return self.state == State.EXPIRED or (
            self.state == State.READY and (self.expires_at is None or self.expires_at <= timezone.now())
        )

    @property
    def is_there(self) -> bool:
        """Whether the file can be fetched."""
        return self.state == State.READY and not self.has_expired and self.path.exists()

    @property
    def path(self) -> Path:
        return folder() / f"{self.pk}.{Form(self.form).extension}"

    @property
    def file_name(self) -> str:
        return f"audit-{self.asked_at:%Y%m%dT%H%M%SZ}.{Form(self.form).extension}"

    @property
    def share_done(self) -> float:
        """Between nought and one; nothing is known of the whole before it was counted."""
        return min(1.0, self.rows_done / self.rows_total) if self.rows_total else 0.0
