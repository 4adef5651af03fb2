"""Application: something people sign in to, and how it learns that their access ended."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AsksHow(models.TextChoices):
    GUARD = "guard", _("guard in the application")
    VERDICT = "verdict", _("forward auth at the gateway")
    INTROSPECTION = "introspection", _("token introspection")
    NOT_AT_ALL = "not_at_all", _("does not ask")


class Application(models.Model):
    key = models.SlugField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    asks = models.CharField(_("asks us"), max_length=20, choices=AsksHow.choices, default=AsksHow.GUARD)
    cache_seconds = models.PositiveIntegerField(
        _("declared cache in seconds"),
        default=0,
        help_text=_("How long the application may remember our answer. It is added to every promise."),
    )
    token_seconds = models.PositiveIntegerField(
        _("token lifetime in seconds"),
        default=3600,
        help_text=_("The longest a token of this application lives by itself."),
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def can_be_cut(self) -> bool:
        """Whether ending a session takes effect there before the token ends by itself."""
        return self.asks != AsksHow.NOT_AT_ALL
