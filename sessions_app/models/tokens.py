"""Token: identifier, kind and expiry of a token, never the token itself."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TokenKind(models.TextChoices):
    ACCESS = "access", _("access token")
    REFRESH = "refresh", _("refresh token")


class Token(models.Model):
    realm = models.ForeignKey("sessions_app.Realm", on_delete=models.PROTECT, related_name="tokens")
    token_id = models.CharField(_("token id"), max_length=512)
    session = models.ForeignKey("sessions_app.Session", on_delete=models.PROTECT, related_name="tokens")
    kind = models.CharField(_("kind"), max_length=10, choices=TokenKind.choices, default=TokenKind.ACCESS)
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["realm", "token_id"], name="one_token_per_realm_and_id")
        ]
        indexes = [models.Index(fields=["session", "expires_at"], name="tokens_of_session")]

    def __str__(self) -> str:
        return f"{self.kind} token {self.pk}"
