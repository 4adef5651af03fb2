"""Issuer: somebody whose tokens we accept, with the profile that says how to read them."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from sessions_app.blacklist.claims import IssuerProfile
from sessions_app.models.moments import to_milliseconds

LEEWAY_MS = 60_000

# How long fetched keys count once their address is dead: a removed key must not live on for ever.
KEYS_GOOD_FOR = timedelta(hours=24)


class StartedFrom(models.TextChoices):
    AUTH_TIME = "auth_time", _("auth_time: when the person signed in")
    IAT = "iat", _("iat: when the token was made (weaker: a refresh renews it)")


class Issuer(models.Model):
    """One trusted `iss` value. Only public keys are stored."""

    iss = models.CharField(_("issuer"), max_length=500, unique=True)
    name = models.CharField(_("name"), max_length=200)
    realm = models.ForeignKey("sessions_app.Realm", on_delete=models.PROTECT, related_name="issuers")
    preset = models.CharField(_("preset"), max_length=20, blank=True)
    keys = models.JSONField(_("public keys (JWKS)"), default=dict)
    algorithms = models.JSONField(_("algorithms"), default=list)
    audiences = models.JSONField(_("audiences"), default=list)
    typ = models.JSONField(_("accepted typ"), default=list)
    person_claim = models.CharField(_("claim that names the person"), max_length=100, default="sub")
    token_claim = models.CharField(_("claim that names the token"), max_length=100, blank=True, default="jti")
    session_claim = models.CharField(
        _("claim that names the session"), max_length=100, blank=True, default="sid"
    )
    client_claim = models.CharField(
        _("claim that names the client"),
        max_length=100,
        blank=True,
        help_text=_("Tokens without a person are then machine tokens; the client is their person."),
    )
    started_from = models.CharField(
        _("session start"), max_length=20, choices=StartedFrom.choices, default=StartedFrom.AUTH_TIME
    )
    max_token_seconds = models.PositiveIntegerField(_("longest token lifetime in seconds"), default=3600)
    max_session_seconds = models.PositiveIntegerField(
        _("longest session lifetime in seconds"), default=86_400
    )
    clock_allowance_seconds = models.PositiveIntegerField(_("clock allowance in seconds"), default=5)
    second_factor_claim = models.CharField(_("claim that proves a second factor"), max_length=100, blank=True)
    second_factor_values = models.JSONField(_("values that prove it"), default=list, blank=True)
    entitlement_claims = models.JSONField(_("claims that list groups and roles"), default=list, blank=True)
    jwks_uri = models.URLField(_("address of the public keys (JWKS)"), max_length=500, blank=True)
    allow_private_jwks = models.BooleanField(
        _("this address is inside our network"),
        default=False,
        help_text=_("Without this, keys are never fetched from a private address."),
    )
    keys_fetched_at = models.DateTimeField(_("keys last fetched"), null=True, blank=True, editable=False)
    keys_error = models.CharField(max_length=500, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def allowance_ms(self) -> int:
        """What an entry must outlive a token by: leeway, twice the clock allowance, a minute (`blacklist.md`)."""
        return LEEWAY_MS + 2 * self.clock_allowance_seconds * 1000

    @property
    def longest_life_ms(self) -> int:
        """How long after its start a session of this issuer could still be carried by some token."""
        return (self.max_session_seconds + self.max_token_seconds) * 1000 + self.allowance_ms

    @property
    def keys_good_until_ms(self) -> int | None:
        """When fetched keys stop counting, to the hour: a profile that changes all the time is parsed all the time.

        None for pasted keys, which are good until somebody replaces them; 0 while none were ever fetched.
        """
        if not self.jwks_uri:
            return None
        if self.keys_fetched_at is None:
            return 0
        hour = self.keys_fetched_at.replace(minute=0, second=0, microsecond=0)
        return to_milliseconds(hour + KEYS_GOOD_FOR)

    def profile(self) -> IssuerProfile:
        """The frozen value the guard reads."""
        return IssuerProfile(
            issuer=self.iss,
            realm=self.realm.key,
            keys=self.keys,
            algorithms=tuple(self.algorithms),
            audiences=tuple(self.audiences),
            typ=tuple(self.typ),
            person_claim=self.person_claim,
            token_claim=self.token_claim or None,
            session_claim=self.session_claim or None,
            client_claim=self.client_claim or None,
            started_from="auth_time" if self.started_from == StartedFrom.AUTH_TIME else "iat",
            max_token_seconds=self.max_token_seconds,
            max_session_seconds=self.max_session_seconds,
            clock_allowance_seconds=self.clock_allowance_seconds,
            second_factor_claim=self.second_factor_claim or None,
            second_factor_values=tuple(self.second_factor_values),
            entitlement_claims=tuple(self.entitlement_claims),
            keys_good_until_ms=self.keys_good_until_ms,
        )
