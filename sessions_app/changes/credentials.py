"""Machine credentials: made once with an end, shown once, taken back at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Target, record
from sessions_app.changes.errors import CredentialOver, ValuesRefused
from sessions_app.changes.texts import shown
from sessions_app.models import MachineCredential, Scope
from sessions_app.models.machine_credentials import LONGEST_LIFE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NETWORKS_AT_MOST = 50


@dataclass(frozen=True, kw_only=True)
class NewCredential:
    """`secret` is what the owner is shown, once; nothing keeps it."""

    credential: MachineCredential
    secret: str


@transaction.atomic
def create_credential(
    *,
    name: str,
    scopes: Collection[str],
    networks: Collection[str] = (),
    lifetime: timedelta = LONGEST_LIFE,
    by: Initiator,
) -> NewCredential:
    """Store a new credential as a hash, and the audit entry. It ends by itself after `lifetime`, 90 days at most.

    Raises ValuesRefused with every problem. Without networks it may be used from everywhere.
    """
    name = shown(name, limit=200)
    problems = _problems(name, scopes=scopes, networks=networks, lifetime=lifetime)
    if problems:
        raise ValuesRefused(*problems)
    prefix, secret = MachineCredential.draw_secret()
    credential = MachineCredential.objects.create(
        name=name,
        prefix=prefix,
        secret_hash=MachineCredential.hash_of(secret),
        scopes=sorted(set(scopes)),
        networks=sorted({str(ip_network(network)) for network in networks}),
        created_by=(by.name or by.id)[:200],
        expires_at=timezone.now() + lifetime,
    )
    record(
        Events.CREDENTIAL_CREATED,
        initiator=by,
        target=Target(kind="machine_credential", id=prefix, label=name),
        details={
            "scopes": credential.scopes,
            "networks": credential.networks,
            "expires_at": credential.expires_at.isoformat(),
        },
    )
    return NewCredential(credential=credential, secret=secret)


@transaction.atomic
def revoke_credential(credential: MachineCredential, *, by: Initiator) -> None:
    """Refuse the credential from the next call on, and write the audit entry. Raises CredentialOver."""
    changed = MachineCredential.objects.filter(pk=credential.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if not changed:
        raise CredentialOver
    record(
        Events.CREDENTIAL_REVOKED,
        initiator=by,
        target=Target(kind="machine_credential", id=credential.prefix, label=credential.name),
    )
    credential.refresh_from_db()


def _problems(
    name: str, *, scopes: Collection[str], networks: Collection[str], lifetime: timedelta
) -> list[tuple[str, StrOrPromise]]:
    problems: list[tuple[str, StrOrPromise]] = []
    if not name:
        problems.append(("name", _("Give it a name.")))
    if not scopes or not set(scopes) <= set(Scope.values):
        problems.append(("scopes", _("Choose at least one scope of the list.")))
    if len(networks) > NETWORKS_AT_MOST or not all(_is_network(network) for network in networks):
        problems.append(("networks", _("Give networks as 192.0.2.0/24 or 2001:db8::/32, at most 50.")))
    if not timedelta(0) < lifetime <= LONGEST_LIFE:
        problems.append(("lifetime", _("A credential lives between one moment and 90 days.")))
    return problems


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
