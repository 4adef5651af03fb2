"""Attempt: a use of access that had already been ended, refused by a guard."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Attempt(models.Model):
    """Repeats of the same receipt, session, place, address and cause on one day are one row, counted.

    `where` is the name of the enforcement point or the reporting service; empty for the rest of a day on which
    there was too much to be kept apart. The address goes after its retention;
    `fingerprint` is what tells two attempts apart without it.
    """

    fingerprint = models.CharField(max_length=64, unique=True)

    receipt = models.CharField(_("receipt"), max_length=13, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attempts")
    session = models.ForeignKey(
        "sessions_app.Session", on_delete=models.PROTECT, null=True, related_name="attempts"
    )
    application = models.ForeignKey(
        "sessions_app.Application", on_delete=models.PROTECT, null=True, related_name="attempts"
    )
    where = models.CharField(_("where"), max_length=200)
    cause = models.CharField(_("cause"), max_length=40)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))
    times = models.PositiveIntegerField(_("times"), default=1)

    class Meta:
        ordering = ["-last_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-last_at"], name="attempts_of_user"),
            models.Index(fields=["receipt"], name="attempts_by_receipt"),
            models.Index(fields=["last_at"], name="attempts_by_age"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk}"
