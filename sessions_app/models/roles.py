"""Role: a right inside Curfew, granted by name, with a reason, optionally for a population and until a date."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    HR = "hr", _("HR")
    IT = "it", _("IT")
    SECURITY = "security", _("Security")
    PROJECT_MANAGER = "project_manager", _("Project manager")
    AUDITOR = "auditor", _("Auditor")
    ADMIN = "admin", _("Admin")


PRIVILEGED = frozenset({Role.ADMIN, Role.SECURITY})


class PopulationKind(models.TextChoices):
    EVERYBODY = "everybody", _("Everybody")
    LEGAL_ENTITY = "legal_entity", _("Legal entity")
    COUNTRY = "country", _("Country")
    DEPARTMENT = "department", _("Department")
    GROUP = "group", _("Group")
    PROJECT = "project", _("Project")


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def active(self) -> RoleGrantQuerySet:
        """Grants that count now: neither revoked nor expired."""
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()), revoked_at__isnull=True
        )


class RoleGrant(models.Model):
    """One person's right, and where it came from. Revoked or expired grants stay as history."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    population_kind = models.CharField(
        _("for"), max_length=20, choices=PopulationKind.choices, default=PopulationKind.EVERYBODY
    )
    population_value = models.CharField(_("population"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    granted_at = models.DateTimeField(_("granted"), auto_now_add=True)
    granted_by = models.CharField(_("granted by"), max_length=200)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    entries_from = models.DateTimeField(_("entries from"), null=True, blank=True)
    entries_until = models.DateTimeField(_("entries until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.CharField(_("revoked by"), max_length=200, blank=True)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        ordering = ["role", "granted_at"]
        indexes = [models.Index(fields=["user", "revoked_at"], name="role_grants_of_user")]

    def __str__(self) -> str:
        return f"{self.role} grant {self.pk}"

    def covers_everybody(self) -> bool:
        return self.population_kind == PopulationKind.EVERYBODY

    @property
    def is_for_a_period(self) -> bool:
        """Whether it opens a stretch of the trail and nothing else, as for an auditor from outside."""
        return self.entries_from is not None or self.entries_until is not None
