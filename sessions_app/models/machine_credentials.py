"""Machine credential: how a program proves who it is. Shown once, stored as a hash, scoped, and it expires."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import timedelta
from ipaddress import ip_address, ip_network

from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

PREFIX = "cfm_"
LONGEST_LIFE = timedelta(days=90)


class Scope(models.TextChoices):
    SESSIONS_WRITE = "sessions:write", _("report sign-ins")
    PEOPLE_WRITE = "people:write", _("create and change people")
    REVOCATIONS_WRITE = "revocations:write", _("end access")
    REVOCATIONS_MANY = "revocations:many", _("end the access of many people at once")
    REVOCATIONS_EVERYONE = "revocations:everyone", _("sign everyone out")
    REVOCATIONS_READ = "revocations:read", _("read receipts")
    ROLES_WRITE = "roles:write", _("report role changes")
    PROJECTS_END = "projects:end", _("end contractor projects")
    SIGHTINGS_WRITE = "sightings:write", _("report what a guard saw")
    TOKENS_INTROSPECT = "tokens:introspect", _("introspect tokens")
    AUDIT_EXPORT = "audit:export", _("export the audit trail, personal details masked")


class MachineCredential(models.Model):
    """`cfm_<8 characters to find it>_<secret>`; the secret has 256 random bits, so one SHA-256 is hash enough."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    prefix = models.CharField(_("prefix"), max_length=20, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(_("scopes"), default=list)
    networks = models.JSONField(_("allowed networks"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=200)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def hash_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def draw_secret(cls) -> tuple[str, str]:
        """A new (prefix, whole secret). The whole secret is shown to its owner once and kept nowhere."""
        prefix = PREFIX + secrets.token_hex(4)
        return prefix, f"{prefix}_{secrets.token_urlsafe(32)}"

    def is_proved_by(self, presented: str) -> bool:
        """Constant-time comparison with what was presented."""
        return constant_time_compare(self.hash_of(presented), self.secret_hash)

    def is_usable(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    def may(self, scope: Scope) -> bool:
        """Whether it can be used for this now, from some address."""
        return self.is_usable() and scope in self.scopes

    def allows_address(self, address: str | None) -> bool:
        """Whether a call from this address is allowed; without a list every address is."""
        if not self.networks:
            return True
        return address is not None and any(ip_address(address) in ip_network(net) for net in self.networks)
