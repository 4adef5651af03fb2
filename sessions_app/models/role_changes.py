"""Role change: what somebody was before and after, and whether the tokens that came later really say so."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _


class RoleChangeState(models.TextChoices):
    """`NOT_NEEDED`: nothing was lost, so nobody was signed out and there is nothing to compare."""

    NOT_NEEDED = "not_needed", _("nothing was lost")
    WAITING = "waiting", _("not signed in again yet")
    CONFIRMED = "confirmed", _("the new token is reduced")
    NOT_REDUCED = "not_reduced", _("the new token is not reduced")
    NOT_SIGNED_IN = "not_signed_in", _("not signed in again within a day")
    NOT_CHECKABLE = "not_checkable", _("cannot be checked at this issuer")
    SUPERSEDED = "superseded", _("followed by a later change")


UNPROVED = [
    RoleChangeState.WAITING,
    RoleChangeState.NOT_SIGNED_IN,
    RoleChangeState.NOT_REDUCED,
    RoleChangeState.NOT_CHECKABLE,
]


class RoleChangeQuerySet(QuerySet["RoleChange"]):
    def unproved(self) -> RoleChangeQuerySet:
        """Downgrades after which no token has shown yet that it says less."""
        return self.filter(state__in=UNPROVED)


class RoleChange(models.Model):
    """`before`, `after`, `lost`, `kept` and `gained` are sorted lists of claims as they stand in tokens.

    A group is {"group": name}; an entitlement is {"application": key, "role": name}.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="role_changes")
    revocation = models.ForeignKey(
        "sessions_app.Revocation", on_delete=models.PROTECT, null=True, related_name="role_changes"
    )
    before = models.JSONField(default=list)
    after = models.JSONField(default=list)
    lost = models.JSONField(default=list)
    kept = models.JSONField(default=list)
    gained = models.JSONField(default=list)
    decided_at = models.DateTimeField(_("decided"))
    state = models.CharField(_("state"), max_length=20, choices=RoleChangeState.choices)
    checked_at = models.DateTimeField(_("compared"), null=True)
    checked_issuer = models.ForeignKey(
        "sessions_app.Issuer", on_delete=models.PROTECT, null=True, related_name="+"
    )
    seen = models.JSONField(_("what the new token says"), default=list)

    objects = RoleChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "-id"]
        indexes = [models.Index(fields=["state", "decided_at"], name="role_changes_by_state")]

    def __str__(self) -> str:
        return f"role change {self.pk}"
