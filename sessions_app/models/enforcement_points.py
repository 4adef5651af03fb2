"""Enforcement point: a service or gateway that uses a guard."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UnknownPolicy(models.TextChoices):
    CLOSED = "closed", _("refuse")


class PointMode(models.TextChoices):
    ENFORCE = "enforce", _("enforce")
    OBSERVE = "observe", _("observe: decide and count, refuse nothing")


class EnforcementPoint(models.Model):
    """Registered by name; the name stands in the proxy's configuration (`/verdict/<name>`), never in a request."""

    DEFAULT = "default"

    name = models.SlugField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=500, blank=True)
    audiences = models.JSONField(_("audiences"), default=list, blank=True)
    unknown_policy = models.CharField(
        _("when the answer is unknown"),
        max_length=20,
        choices=UnknownPolicy.choices,
        default=UnknownPolicy.CLOSED,
    )
    cache_seconds = models.PositiveIntegerField(_("declared cache in seconds"), default=0)
    application = models.ForeignKey(
        "sessions_app.Application",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="enforcement_points",
    )
    token_header = models.CharField(
        _("header with the token"),
        max_length=100,
        blank=True,
        help_text=_("Beside Authorization, and only from a trusted proxy, such as X-Forwarded-Access-Token."),
    )
    mode = models.CharField(_("mode"), max_length=20, choices=PointMode.choices, default=PointMode.ENFORCE)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
