"""What the person is told at the next sign-in: that their access was ended, and why; once."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Occurrence, Target, record_many
from sessions_app.models import Revocation, RevocationScope, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.receipt_versions import Change, sign_versions

# The contract's table: these tell the person, the others leave it to people.
TOLD = (Reason.SECURITY_INCIDENT, Reason.ROLE_CHANGE, Reason.LOST_DEVICE)
TOLD_WITHIN = timedelta(days=30)


def untold(user: User) -> QuerySet[Revocation]:
    """What this person has not been told of yet, the newest first."""
    return (
        Revocation.objects.of(user)
        .filter(
            scope=RevocationScope.USER,
            reason__in=TOLD,
            told_at=None,
            decided_at__gt=database_now() - TOLD_WITHIN,
        )
        .order_by("-decided_at")
    )


def note_told(user: User, *, by: Initiator) -> None:
    """The person has read it: an entry for each revocation it was about, and every receipt that waited says so."""
    with transaction.atomic():
        told = list(untold(user))
        Revocation.objects.filter(pk__in=[each.pk for each in told]).update(told_at=database_now())
        target = Target.of(user, label=user.display_name)
        record_many(
            Events.EXPLANATION_READ,
            initiator=by,
            occurrences=[Occurrence(target=target, receipt=each.receipt) for each in told],
        )
        sign_versions(told, Change.TOLD)
