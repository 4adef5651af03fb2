"""Report quota: how many rows one machine's reports have made on one day, so that they cannot fill the database."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReportQuota(models.Model):
    """`about` is empty for all of a day, else the SHA-256 of whom the rows are about."""

    reporter = models.CharField(_("reporter"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20)
    about = models.CharField(max_length=64, blank=True)
    day = models.DateField(_("day"))
    rows = models.PositiveIntegerField(_("rows"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reporter", "kind", "about", "day"], name="one_quota_a_day")
        ]

    def __str__(self) -> str:
        return f"report quota {self.pk}"
