"""Reason codes: the short fixed list every ending of access carries."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    OFFBOARDING = "offboarding", _("Offboarding")
    SECURITY_INCIDENT = "security_incident", _("Security incident")
    ROLE_CHANGE = "role_change", _("Role change")
    PROJECT_END = "project_end", _("Project end")
    LOST_DEVICE = "lost_device", _("Lost device")
    USER_REQUEST = "user_request", _("User request")
    OTHER = "other", _("Other")
    CANARY = "canary", _("Canary")
