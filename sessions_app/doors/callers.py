"""Which machine is calling: proved by its credential, from where it may, for what it may."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import NoReturn

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Door, Initiator, InitiatorKind, current_correlation_id
from audit.record import Outcome, Target, record
from sessions_app.blacklist.guard import bearer_token
from sessions_app.doors.unproved import note_unproved
from sessions_app.models import MachineCredential, Scope
from sessions_app.models.machine_credentials import PREFIX
from sessions_app.sightings.checks import plain_address

logger = logging.getLogger(__name__)

PREFIX_LENGTH = len(PREFIX) + 8
LONGEST_SECRET = 200
LAST_USE_WRITTEN_EVERY = timedelta(minutes=1)

# What an unknown prefix is compared with, so that it takes as long as a known one.
NOBODY = MachineCredential(prefix="", secret_hash=MachineCredential.hash_of(""))


class CallerRefused(Exception):
    """The call is not let in. `code` and `sentence` are what the caller is told."""

    code = "refused"
    sentence = _("This call is not allowed.")


class NotProved(CallerRefused):
    """Whoever calls has not proved who they are. The children are for our record; callers are told the same of each."""

    code = "credential_required"
    cause = "not_proved"
    sentence = _("Send a valid machine credential as `Authorization: Bearer cfm_...`.")


class CredentialMissing(NotProved):
    cause = "credential_missing"


class CredentialWrong(NotProved):
    cause = "credential_wrong"


class CredentialEnded(NotProved):
    cause = "credential_ended"


class AddressNotAllowed(NotProved):
    cause = "address_not_allowed"


class ScopeMissing(CallerRefused):
    """Known, but not for this. `scope` is what the credential would need."""

    code = "scope_missing"
    sentence = _("This credential does not have the scope this call needs.")

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.scope = scope


def authenticate(authorization: str, *, address: str | None, scopes: Collection[Scope]) -> Initiator:
    """The machine that calls, as initiator. Raises a child of NotProved, or ScopeMissing, which is recorded.

    Nothing in the time or the answer tells which part of a credential was wrong.
    """
    try:
        credential = _proved(bearer_token(authorization))
        _refuse_elsewhere(credential, address)
    except NotProved as refusal:
        logger.warning("a call from %s was not let in: %s", address, type(refusal).__name__)
        claimed = _claimed_by(bearer_token(authorization))
        note_unproved(door=Door.API, address=address, claimed=claimed, why=refusal.cause)
        raise
    caller = Initiator(
        kind=InitiatorKind.MACHINE,
        id=credential.prefix,
        name=credential.name,
        door=Door.API,
        address=address,
        correlation_id=current_correlation_id(),
    )
    if not set(scopes) & set(credential.scopes):
        _refuse_without(next(iter(scopes)), caller)
    _note_use(credential)
    return caller


def require_scope(caller: Initiator, scope: Scope) -> None:
    """For a call that needs more than it was let in with. Raises ScopeMissing, which is recorded."""
    credential = MachineCredential.objects.filter(prefix=caller.id).first()
    if credential is None or scope not in credential.scopes:
        _refuse_without(scope, caller)


def _refuse_without(scope: Scope, caller: Initiator) -> NoReturn:
    _record_missing(scope, caller)
    raise ScopeMissing(scope)


def _proved(presented: str) -> MachineCredential:
    if not presented or len(presented) > LONGEST_SECRET or "\x00" in presented:
        raise CredentialMissing
    found = MachineCredential.objects.filter(prefix=presented[:PREFIX_LENGTH]).first()
    if not (found or NOBODY).is_proved_by(presented) or found is None:
        raise CredentialWrong
    if not found.is_usable():
        raise CredentialEnded
    return found


def _claimed_by(presented: str) -> Target | None:
    """Which credential it claims to be, where one has this prefix. Never anything of what was presented."""
    if not presented or "\x00" in presented:
        return None
    found = MachineCredential.objects.filter(prefix=presented[:PREFIX_LENGTH]).first()
    return Target(kind="machine_credential", id=found.prefix, label=found.name) if found else None


def _refuse_elsewhere(credential: MachineCredential, address: str | None) -> None:
    """An IPv4 caller at a socket for both families counts as the IPv4 address it is."""
    if not credential.allows_address(plain_address(address or "")):
        raise AddressNotAllowed


def _record_missing(scope: Scope, caller: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.ACCESS_REFUSED,
            initiator=caller,
            outcome=Outcome.REFUSED,
            details={"why": ScopeMissing.code, "scope": str(scope)},
        )


def _note_use(credential: MachineCredential) -> None:
    """At most once a minute, so that a busy caller does not write on every call."""
    now = timezone.now()
    long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USE_WRITTEN_EVERY)
    MachineCredential.objects.filter(long_ago, pk=credential.pk).update(last_used_at=now)
