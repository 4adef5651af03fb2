"""Legal hold: what is kept of one person stays until whoever asked for it says otherwise."""

from __future__ import annotations

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _


class LegalHoldQuerySet(QuerySet["LegalHold"]):
    def standing(self) -> LegalHoldQuerySet:
        """Those that nobody has released."""
        return self.filter(released_at=None)


class LegalHold(models.Model):
    """Stops retention and erasing for one person. A passed review date releases nothing: a person does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="legal_holds")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.PROTECT,
        related_name="legal_holds_owned",
    )
    case = models.CharField(_("case"), max_length=100)
    reason = models.CharField(_("reason"), max_length=500)
    review_on = models.DateField(_("review on"))
    opened_at = models.DateTimeField(_("opened"))
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        ordering = ["review_on", "id"]
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "case"],
                name="one_standing_hold_per_case",
                condition=models.Q(released_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"legal hold {self.pk}"

    def is_due(self, today: date) -> bool:
        return self.released_at is None and self.review_on <= today
