"""Signing key: what the built-in authorization server signs with; the private half is encrypted."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _


class SigningKeyQuerySet(QuerySet["SigningKey"]):
    def published(self, at: datetime) -> SigningKeyQuerySet:
        """Keys that stand in the JWKS: those that sign, will sign, or have signed tokens still alive."""
        lasting_or_retiring = Q(published_until__isnull=True) | Q(published_until__gt=at)
        return self.filter(lasting_or_retiring, withdrawn_at=None)

    def signing(self, at: datetime) -> SigningKeyQuerySet:
        """Keys that may sign at this moment, the newest first; one that is to retire goes on until the next signs."""
        return self.published(at).filter(signs_from__lte=at).order_by("-signs_from", "-id")


class SigningKey(models.Model):
    """A key is published before it signs, and stays published until the last token it signed has ended.

    One that somebody else may have is withdrawn: out of the set at once, whatever it signed.
    """

    kid = models.CharField(_("key id"), max_length=64, unique=True)
    algorithm = models.CharField(_("algorithm"), max_length=10, default="ES256")
    public_jwk = models.JSONField(_("public key (JWK)"))
    private_pem_encrypted = models.TextField()
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    signs_from = models.DateTimeField(_("signs from"))
    published_until = models.DateTimeField(_("published until"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = SigningKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-signs_from", "-id"]

    def __str__(self) -> str:
        return self.kid
