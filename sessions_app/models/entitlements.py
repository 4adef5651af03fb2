"""Entitlement: what membership of a group makes a person in an application."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entitlement(models.Model):
    """Appears in tokens as a role; a role change is a change of these."""

    application = models.ForeignKey(
        "sessions_app.Application", on_delete=models.PROTECT, related_name="entitlements"
    )
    group = models.ForeignKey("sessions_app.Group", on_delete=models.PROTECT, related_name="entitlements")
    name = models.CharField(_("entitlement"), max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "group", "name"], name="one_entitlement_per_mapping"
            )
        ]

    def __str__(self) -> str:
        return self.name
