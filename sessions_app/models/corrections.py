"""Correction: somebody says that a revocation met the wrong person, and what was given back."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CorrectionState(models.TextChoices):
    ASKED = "asked", _("waits for IT or Security")
    GIVEN_BACK = "given_back", _("given back")
    DECLINED = "declined", _("not given back")


class Correction(models.Model):
    """`given_back` and `not_given_back` are lists of what, in codes and names of groups and systems."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    revocation = models.ForeignKey(
        "sessions_app.Revocation", on_delete=models.PROTECT, related_name="corrections"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="corrections")
    state = models.CharField(
        _("state"), max_length=12, choices=CorrectionState.choices, default=CorrectionState.ASKED
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("said"))
    why = models.TextField(_("why"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.TextField(_("note"), blank=True)
    in_effect_at = models.DateTimeField(_("in effect"), null=True)
    """When the blacklist let the person in again: what the second clock shows."""
    given_back = models.JSONField(default=list)
    not_given_back = models.JSONField(default=list)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["revocation", "user"],
                name="one_correction_per_person_and_receipt",
                condition=~Q(state=CorrectionState.DECLINED),
            )
        ]

    def __str__(self) -> str:
        return f"correction {self.pk}"

    @property
    def seconds_to_effect(self) -> float | None:
        """From the moment it was said; None while it is not in effect."""
        return (self.in_effect_at - self.asked_at).total_seconds() if self.in_effect_at else None

    @property
    def seconds_waiting(self) -> float:
        return (timezone.now() - self.asked_at).total_seconds()
