"""What the clock does for decisions whose request did not finish the job."""

from __future__ import annotations

import logging

from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Greatest

from audit.initiators import Initiator
from sessions_app.models import BlacklistEntry, EntryKind, Realm, Revocation, RoleChange
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.revocations import OF_MANY_PEOPLE
from sessions_app.revocation.entries import life_in
from sessions_app.revocation.publishing import publish_entries, try_to_publish, worth_asking

logger = logging.getLogger(__name__)

SWEPT_AT_ONCE = 200


def sweep(*, by: Initiator) -> int:
    """Publish every decision that is not cut off yet, oldest first; returns how many are cut off now.

    One that fails keeps its place and does not hold up the others. Those about many people are carried on apart
    (`many.carry_on_all`), because they take longer than a beat.
    """
    pending = (
        Revocation.objects.pending().exclude(scope__in=OF_MANY_PEOPLE).order_by("decided_at")[:SWEPT_AT_ONCE]
    )
    return sum(_swept(revocation, by=by) for revocation in pending)


def _swept(revocation: Revocation, *, by: Initiator) -> bool:
    try:
        return try_to_publish(revocation, by=by)
    except Exception:  # one poisoned row must not keep the others open
        logger.exception("revocation %s could not be published", revocation.receipt)
        return False


def publish_the_rest() -> int:
    """Entries raised by a named change rather than a revocation (reinstating, linking). Raises BlacklistUnavailable."""
    waiting = list(
        BlacklistEntry.objects.unpublished().select_related("realm").order_by("id")[:SWEPT_AT_ONCE]
    )
    publish_entries(waiting, asked=worth_asking(waiting))
    return len(waiting)


def renew_what_lasts() -> int:
    """Prolong the entries that refuse sessions of today before they run out; returns how many were prolonged.

    A block lasts until sign-in is allowed again, a demand for a second factor until one was proved, and lost
    claims are refused until a token came without them. The row's revision stays: only its expiry grows, and
    the writer raises it in place. `publish_what_lasts` must follow before any marker is renewed.
    """
    now_ms = to_milliseconds(database_now())
    return sum(_renewed(realm, now_ms) for realm in Realm.objects.prefetch_related("issuers"))


def _renewed(realm: Realm, now_ms: int) -> int:
    life_ms = life_in(realm)
    due = BlacklistEntry.objects.filter(
        _lasts(), kind=EntryKind.USER, realm=realm, expires_at_ms__lt=now_ms + life_ms // 2
    )
    # The greater of the two: a decision may have raised the row since it was found.
    longer = Greatest(F("expires_at_ms"), Value(now_ms + life_ms))
    return due.update(expires_at_ms=longer, published_revision=0)


def _lasts() -> Q:
    unproved = RoleChange.objects.unproved().filter(user=OuterRef("user"))
    return (
        Q(blocked=True, user__sign_in_blocked_at__isnull=False)
        | Q(second_factor_since_ms__gt=0)
        | (~Q(lost=[]) & Q(Exists(unproved)))
    )


def publish_what_lasts() -> None:
    """Publish all of that which is not in the blacklist. Raises BlacklistUnavailable.

    Done before a heartbeat: a clock that stood still for days finds blocks that ran out meanwhile, and the
    first fresh marker would let those people in.
    """
    lasting = BlacklistEntry.objects.filter(_lasts(), kind=EntryKind.USER).unpublished()
    while waiting := list(lasting.select_related("realm").order_by("id")[:SWEPT_AT_ONCE]):
        publish_entries(waiting)
