"""Unmatched sighting: a sign-in reported for somebody we do not know, kept until a person looks at it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UnmatchedSighting(models.Model):
    realm = models.ForeignKey(
        "sessions_app.Realm", on_delete=models.PROTECT, related_name="unmatched_sightings"
    )
    person_id = models.CharField(_("person id"), max_length=512)
    sid = models.CharField(_("session id"), max_length=512, blank=True)
    reported_by = models.CharField(_("reported by"), max_length=200)
    facts = models.JSONField(_("what was reported"), default=dict)
    first_seen_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"), auto_now=True)
    times_seen = models.PositiveIntegerField(_("times seen"), default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["realm", "person_id", "sid"], name="one_sighting_per_person_and_session"
            )
        ]
        ordering = ["-last_seen_at"]
        indexes = [models.Index(fields=["last_seen_at"], name="unmatched_by_age")]

    def __str__(self) -> str:
        return f"unmatched sighting {self.pk}"
