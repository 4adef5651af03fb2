"""OAuth client: a program that may ask the built-in authorization server for tokens."""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication, AbstractGrant

LOOPBACK = ("127.0.0.1", "::1")


def _without_loopback_port(uri: str) -> str:
    """The address without its port where it is http on the loopback interface; "" for any other."""
    try:
        parts = urlsplit(uri)
        has_port = parts.port is not None
    except ValueError:
        return ""
    if parts.scheme != "http" or parts.hostname not in LOOPBACK or not has_port or "@" in parts.netloc:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()


class OAuthClient(AbstractApplication):
    """Its secret is 256 random bits that we draw, so one SHA-256 is hash enough and no call waits for a slow one.

    `application` is what people sign in to with it. `service_user` stands for the client itself, where it has
    tokens of its own (client credentials), so that these end like anybody's.
    """

    client_secret = models.CharField(_("secret (hashed)"), max_length=64, blank=True, default="")
    hash_client_secret = None  # type: ignore[assignment]  # how Django leaves out an inherited field
    user = None
    application = models.ForeignKey(
        "sessions_app.Application",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="oauth_clients",
    )
    service_user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="oauth_client"
    )
    audiences = models.JSONField(_("audiences of its access tokens"), default=list)
    allowed_scopes = models.JSONField(_("scopes"), default=list, blank=True)
    may_introspect = models.BooleanField(_("may introspect tokens"), default=False)
    access_token_seconds = models.PositiveIntegerField(_("access token lifetime in seconds"), default=300)
    chain_seconds = models.PositiveIntegerField(
        _("longest session in seconds"),
        default=43_200,
        help_text=_("After this the person signs in again, however often the token was refreshed."),
    )
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)

    class Meta(AbstractApplication.Meta):
        ordering = ["name", "client_id"]
        verbose_name = "OAuth client"

    def __str__(self) -> str:
        return str(self.client_id)

    def is_usable(self, request: object) -> bool:
        return self.disabled_at is None

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Exactly one of those registered; a public client on this machine may come from any port (RFC 8252, 7.3)."""
        registered = self.redirect_uris.split()
        if uri in registered:
            return True
        is_public = self.client_type == self.CLIENT_PUBLIC
        return is_public and _without_loopback_port(uri) in {
            found for one in registered if (found := _without_loopback_port(one))
        }

    def get_allowed_schemes(self) -> list[str]:
        """Where a browser may be sent: what is registered decides, a native client's own scheme among it."""
        return sorted({urlsplit(uri).scheme for uri in self.redirect_uris.split()})

    @staticmethod
    def draw_secret() -> str:
        """A new secret, to be shown once; only its hash is stored."""
        return f"cfs_{secrets.token_urlsafe(32)}"

    @staticmethod
    def hash_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    def is_proved_by(self, presented: str) -> bool:
        """Constant-time comparison with what was presented; a client without a secret proves nothing."""
        return bool(self.client_secret) and constant_time_compare(self.hash_of(presented), self.client_secret)


class AuthorizationCode(AbstractGrant):
    """A code that can be exchanged once. `code` holds its SHA-256; the session it begins is made with it."""

    session = models.ForeignKey(
        "sessions_app.Session", on_delete=models.PROTECT, related_name="authorization_codes"
    )
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    def __str__(self) -> str:
        return f"code {self.pk}"


class Consent(models.Model):
    """What somebody allowed a client to learn of them; asked again when it wants more."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consents")
    client = models.ForeignKey(OAuthClient, on_delete=models.PROTECT, related_name="consents")
    scopes = models.JSONField(default=list)
    given_at = models.DateTimeField(_("given"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "client"], name="one_consent_per_client")]

    def __str__(self) -> str:
        return f"consent {self.pk}"
