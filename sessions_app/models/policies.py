"""Policy: the thresholds a company sets itself, in one row that every rule reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


def _between(least: int, most: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(least), MaxValueValidator(most)]


class Policy(models.Model):
    """Changed by an Admin in Settings; every value is in the trail with what it was before."""

    people_alone = models.PositiveIntegerField(
        _("people one person may end alone"), default=25, validators=_between(1, 10_000)
    )
    staff_percent_alone = models.PositiveIntegerField(
        _("per cent of everybody one person may end alone"), default=10, validators=_between(1, 100)
    )
    people_always_alone = models.PositiveIntegerField(
        _("people below which the share does not matter"), default=5, validators=_between(0, 1000)
    )
    sessions_alone = models.PositiveIntegerField(
        _("sessions one person may end alone"), default=500, validators=_between(1, 100_000)
    )
    approval_minutes = models.PositiveIntegerField(
        _("minutes an approval is waited for"), default=30, validators=_between(5, 1440)
    )
    extension_days_alone = models.PositiveIntegerField(
        _("days a project may be extended by one person"), default=30, validators=_between(0, 3650)
    )
    manual_task_hours = models.PositiveIntegerField(
        _("hours until a manual task is due"), default=24, validators=_between(1, 720)
    )
    contractors_without_project_lose_sign_in = models.BooleanField(
        _("contractors without any running project lose sign-in"), default=True
    )

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return "policy"

    @classmethod
    def current(cls) -> Self:
        """The row; before anybody has changed anything, the values everybody starts with."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def approval_lasts(self) -> timedelta:
        return timedelta(minutes=self.approval_minutes)
