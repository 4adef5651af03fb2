"""Session: one (realm, sid); where an issuer has no sid, one (realm, person, started, client)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from sessions_app.models.roles import Role
    from sessions_app.models.users import User


class SessionQuerySet(QuerySet["Session"]):
    def open(self) -> SessionQuerySet:
        """Neither ended by anybody nor past its end."""
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()), ended_at__isnull=True
        )

    def of(self, user: User) -> SessionQuerySet:
        return self.filter(user=user)

    def visible_to(self, viewer: User, *, through: Collection[Role]) -> SessionQuerySet:
        """Sessions of people whom the viewer reaches by one of these roles."""
        from sessions_app.models.users import User

        if viewer.reaches_everybody(through=through):
            # A condition that everybody meets would keep the database from paging by last use.
            return self
        return self.filter(user__in=User.objects.visible_to(viewer, through=through).values("pk"))


class Session(models.Model):
    """The row stays after it ended. Address, device and place go after their retention."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    realm = models.ForeignKey("sessions_app.Realm", on_delete=models.PROTECT, related_name="sessions")
    issuer = models.ForeignKey(
        "sessions_app.Issuer", on_delete=models.PROTECT, related_name="sessions", null=True, blank=True
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sessions")
    identity = models.ForeignKey("sessions_app.Identity", on_delete=models.PROTECT, related_name="sessions")
    sid = models.CharField(_("session id"), max_length=512, null=True, blank=True)  # noqa: DJ001  # null where the issuer has none
    client = models.CharField(_("client"), max_length=200, blank=True)
    applications = models.ManyToManyField(
        "sessions_app.Application", through="sessions_app.SessionApplication", related_name="sessions"
    )

    began_at = models.DateTimeField(_("began"))
    last_used_at = models.DateTimeField(_("last used"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    token_expires_at = models.DateTimeField(_("token ends"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.ForeignKey(
        "sessions_app.Revocation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=1000, blank=True)
    device_id = models.CharField(_("device"), max_length=200, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    authentication_methods = models.JSONField(_("authentication methods"), default=list, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_used_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["realm", "sid"], name="one_session_per_sid", condition=Q(sid__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["realm", "identity", "began_at", "client"],
                name="one_session_per_start_where_there_is_no_sid",
                condition=Q(sid__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "ended_at", "expires_at"], name="open_sessions_of_user"),
            models.Index(fields=["-last_used_at", "id"], name="sessions_by_last_use"),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class SessionApplication(models.Model):
    """An application the session was seen at; all of them end together."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="seen_at")
    application = models.ForeignKey(
        "sessions_app.Application", on_delete=models.PROTECT, related_name="seen_with"
    )
    first_seen_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "application"], name="one_row_per_session_and_application"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id} in {self.session_id}"
