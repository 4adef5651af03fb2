"""Signal: one inbound event, kept once, with what became of it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SignalOutcome(models.TextChoices):
    APPLIED = "applied", _("acted on")
    NOTHING_TO_DO = "nothing_to_do", _("nothing to do")
    SUPERSEDED = "superseded", _("older than what is known")
    UNMATCHED = "unmatched", _("nobody known by this name")
    REFUSED = "refused", _("refused")
    KEPT = "kept", _("kept")


class Signal(models.Model):
    """`source` is whose event it is (a credential's prefix, a client id); `event_id` is the sender's own id."""

    source = models.CharField(_("source"), max_length=200)
    event_id = models.CharField(_("event id"), max_length=200)
    kind = models.CharField(_("kind"), max_length=100)
    fingerprint = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField(_("occurred"), null=True)
    received_at = models.DateTimeField(_("received"))
    outcome = models.CharField(_("what became of it"), max_length=20, choices=SignalOutcome.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="signals"
    )
    session = models.ForeignKey(
        "sessions_app.Session", on_delete=models.PROTECT, null=True, related_name="signals"
    )
    revocation = models.ForeignKey(
        "sessions_app.Revocation", on_delete=models.PROTECT, null=True, related_name="signals"
    )
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="one_signal_per_event")]
        indexes = [models.Index(fields=["user", "-received_at"], name="signals_of_user")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
