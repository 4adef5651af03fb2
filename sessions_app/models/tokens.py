"""Token: identifier, kind and expiry of a token, never the token itself."""

from __future__ import annotations

import hashlib

from django.db import models
from django.utils.translation import gettext_lazy as _


class TokenKind(models.TextChoices):
    ACCESS = "access", _("access token")
    REFRESH = "refresh", _("refresh token")
    ID = "id", _("ID token")


class Token(models.Model):
    """Written when minted or reported, and never deleted.

    `client` and `scope` are known where we minted it ourselves. A refresh token of ours is opaque, so its
    `token_id` is its SHA-256; `consumed_at` says when it was exchanged for its successor.
    """

    realm = models.ForeignKey("sessions_app.Realm", on_delete=models.PROTECT, related_name="tokens")
    token_id = models.CharField(_("token id"), max_length=512)
    session = models.ForeignKey("sessions_app.Session", on_delete=models.PROTECT, related_name="tokens")
    kind = models.CharField(_("kind"), max_length=10, choices=TokenKind.choices, default=TokenKind.ACCESS)
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    client = models.ForeignKey(
        "sessions_app.OAuthClient", on_delete=models.PROTECT, null=True, blank=True, related_name="tokens"
    )
    scope = models.CharField(_("scope"), max_length=1000, blank=True)
    consumed_at = models.DateTimeField(_("exchanged"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["realm", "token_id"], name="one_token_per_realm_and_id")
        ]
        indexes = [models.Index(fields=["session", "expires_at"], name="tokens_of_session")]

    def __str__(self) -> str:
        return f"{self.kind} token {self.pk}"

    @staticmethod
    def id_of_opaque(token: str) -> str:
        """How a token that says nothing by itself is found again, without being kept."""
        return hashlib.sha256(token.encode()).hexdigest()
