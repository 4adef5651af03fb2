"""Point tally: how often an enforcement point got which answer, hour by hour."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PointTally(models.Model):
    """`was_enforced` is False for what enforcing would have refused while the point only observed."""

    point = models.ForeignKey(
        "sessions_app.EnforcementPoint", on_delete=models.PROTECT, related_name="tallies"
    )
    hour = models.DateTimeField(_("hour"))
    outcome = models.CharField(_("verdict"), max_length=10)
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    was_enforced = models.BooleanField(_("enforced"), default=True)
    times = models.PositiveBigIntegerField(_("times"), default=0)
    last_at = models.DateTimeField(_("last"))

    class Meta:
        ordering = ["-hour", "outcome", "cause"]
        indexes = [models.Index(fields=["hour"], name="tallies_by_age")]
        constraints = [
            models.UniqueConstraint(
                fields=["point", "hour", "outcome", "cause", "was_enforced"], name="one_tally_per_hour"
            )
        ]

    def __str__(self) -> str:
        return f"tally {self.pk}"
