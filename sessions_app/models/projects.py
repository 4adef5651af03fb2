"""Project: a contractor project, which ends at a moment of its own and gives nothing after it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from sessions_app.models.users import User


class ProjectQuerySet(QuerySet["Project"]):
    def running(self, at: datetime) -> ProjectQuerySet:
        """Projects that have neither been ended nor reached their end at this moment."""
        return self.filter(ended_at__isnull=True, ends_at__gt=at)

    def of(self, user: User) -> ProjectQuerySet:
        """Projects this person works on: those with a group they are a member of, each once."""
        return self.filter(groups__members=user).distinct()


class Project(models.Model):
    """`ends_at` is the moment itself; `time_zone` is how people are shown it. Membership comes from the groups."""

    key = models.SlugField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="projects_managed",
    )
    groups = models.ManyToManyField("sessions_app.Group", related_name="projects", blank=True)
    ends_at = models.DateTimeField(_("ends"))
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["ends_at", "key"]

    def __str__(self) -> str:
        return self.key
