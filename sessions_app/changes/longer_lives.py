"""When an issuer's sessions may live longer than before, what ended them must too."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from sessions_app.models import BlacklistEntry, Realm
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation.entries import life_in
from sessions_app.revocation.publishing import publish_entries

PUBLISHED_AT_ONCE = 500


def prolong_entries(realm: Realm, *, longest_life_ms: int) -> int:
    """Make every entry of the realm outlive sessions of this length; returns how many grew.

    Called before a longer profile is stored: an entry that runs out while a guard already accepts older
    sessions would bring an ended one back. Published and read back before it returns; raises
    BlacklistUnavailable where that fails, and then the longer profile must not be stored.
    """
    growth_ms = longest_life_ms - life_in(realm)
    if growth_ms <= 0:
        return 0
    with transaction.atomic():
        grown = BlacklistEntry.objects.filter(realm=realm).update(
            expires_at_ms=F("expires_at_ms") + growth_ms, published_revision=0
        )
    _publish(realm)
    return grown


def _publish(realm: Realm) -> None:
    now_ms = to_milliseconds(database_now())
    while True:
        waiting = (
            BlacklistEntry.objects.unexpired(now_ms).unpublished().filter(realm=realm).select_related("realm")
        )
        chunk = list(waiting.order_by("id")[:PUBLISHED_AT_ONCE])
        if not chunk:
            return
        publish_entries(chunk)
