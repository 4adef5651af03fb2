"""Leaving: the moment at which one person's access ends by itself, said beforehand."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from sessions_app.models.roles import Role
    from sessions_app.models.users import User


class LeavingState(models.TextChoices):
    SCHEDULED = "scheduled", _("scheduled")
    DONE = "done", _("carried out")
    CANCELLED = "cancelled", _("cancelled")
    OVERTAKEN = "overtaken", _("ended earlier")


class LeavingQuerySet(QuerySet["Leaving"]):
    def scheduled(self) -> LeavingQuerySet:
        return self.filter(state=LeavingState.SCHEDULED)

    def due(self, at: datetime) -> LeavingQuerySet:
        """Scheduled ones whose moment has come, stuck ones included."""
        return self.scheduled().filter(leaves_at__lte=at)

    def stuck(self) -> LeavingQuerySet:
        """Their moment has come, and the access could not be ended."""
        return self.scheduled().exclude(stuck_because="")

    def standing_or_overtaken(self, at: datetime) -> LeavingQuerySet:
        """What still matters: open ones, and those overtaken whose moment lies ahead. Open ones first."""
        ahead = Q(state=LeavingState.OVERTAKEN, leaves_at__gt=at)
        found = self.filter(Q(state=LeavingState.SCHEDULED) | ahead).order_by("-state", "-asked_at")
        return found.select_related("initiator_user", "user", "revocation")

    def visible_to(
        self, viewer: User, *, through: Collection[Role], own_through: Collection[Role]
    ) -> LeavingQuerySet:
        """Of people reached by `through`, and what the viewer scheduled where `own_through` is held.

        Never the viewer's own: whoever leaves is told by people, not by a page.
        """
        from sessions_app.models.users import User

        allowed = Q(user__in=User.objects.visible_to(viewer, through=through).values("pk"))
        own_reach = User.objects.visible_to(viewer, through=own_through).values("pk")
        allowed |= Q(initiator_user=viewer, user__in=own_reach)
        return self.filter(allowed).exclude(user=viewer)


class Leaving(models.Model):
    """`leaves_at` is the moment itself; `time_zone` is the one it was said in, and how people are shown it.

    At most one is open per person. While it stands, `stuck_because` is the code of why the engine refused it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="leavings")
    state = models.CharField(
        _("state"), max_length=10, choices=LeavingState.choices, default=LeavingState.SCHEDULED
    )
    leaves_at = models.DateTimeField(_("last working moment"))
    time_zone = models.CharField(_("time zone"), max_length=64)
    asked_at = models.DateTimeField(_("asked"))
    initiator_kind = models.CharField(max_length=10)
    initiator_id = models.CharField(max_length=100)
    initiator_name = models.CharField(max_length=200, blank=True)
    initiator_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="leavings_scheduled"
    )
    initiator_roles = models.JSONField(default=list)
    door = models.CharField(max_length=20)
    note = models.TextField(_("note"), blank=True)
    ticket = models.CharField(_("ticket"), max_length=100, blank=True)

    revocation = models.ForeignKey(
        "sessions_app.Revocation", on_delete=models.PROTECT, null=True, related_name="leavings"
    )
    closed_at = models.DateTimeField(_("carried out, overtaken or cancelled"), null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    tried_at = models.DateTimeField(_("last try"), null=True)
    stuck_because = models.CharField(max_length=40, blank=True)

    objects = LeavingQuerySet.as_manager()

    class Meta:
        ordering = ["leaves_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="one_open_leaving_per_person",
                condition=Q(state=LeavingState.SCHEDULED),
            )
        ]
        indexes = [models.Index(fields=["state", "leaves_at"], name="leavings_due")]

    def __str__(self) -> str:
        return f"leaving {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == LeavingState.SCHEDULED

    @property
    def is_stuck(self) -> bool:
        return self.is_open and bool(self.stuck_because)

    @property
    def local(self) -> datetime:
        """The moment as the clocks of its zone show it."""
        return self.leaves_at.astimezone(ZoneInfo(self.time_zone))
