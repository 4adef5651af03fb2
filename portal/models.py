"""What the pages themselves keep: views of the trail that somebody saved under a name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.query_terms import LONGEST_LINE
from sessions_app.models import User

LONGEST_NAME = 80


class SavedViewQuerySet(QuerySet["SavedView"]):
    def open_to(self, reader: User) -> SavedViewQuerySet:
        """One's own, and what others share. A view is a question: what it finds is always the reader's."""
        return self.filter(Q(owner=reader) | Q(is_shared=True))

    def of(self, owner: User) -> SavedViewQuerySet:
        return self.filter(owner=owner)


class SavedView(models.Model):
    """A line of the audit page under a name."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_views")
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    line = models.CharField(_("filters"), max_length=LONGEST_LINE, blank=True)
    is_shared = models.BooleanField(_("shared"), default=False)
    saved_at = models.DateTimeField(_("saved"), auto_now=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_view_has_one_name")]

    def __str__(self) -> str:
        return f"saved view {self.pk}"
