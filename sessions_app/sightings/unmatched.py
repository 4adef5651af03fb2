"""Sign-ins of somebody unknown: kept and counted, so that a person can look at them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit.events import Events
from audit.initiators import Initiator
from audit.record import record
from sessions_app.changes.texts import shown
from sessions_app.models import Realm, UnmatchedSighting
from sessions_app.sightings.facts import SignInFacts


@transaction.atomic
def keep_unmatched(facts: SignInFacts, realm: Realm, *, by: Initiator) -> UnmatchedSighting:
    """One row per identity and session, counted; the audit entry is written the first time."""
    told = {"facts": _facts(facts), "reported_by": (by.name or by.id)[:200]}
    sighting, is_new = UnmatchedSighting.objects.get_or_create(
        realm=realm, person_id=facts.person_id, sid=facts.sid, defaults=told
    )
    if is_new:
        record(
            Events.SIGHTING_UNMATCHED,
            initiator=by,
            details={"realm": realm.key, "sighting": sighting.pk},
            personal={"person_id": facts.person_id},
        )
        return sighting
    UnmatchedSighting.objects.filter(pk=sighting.pk).update(
        **told, times_seen=F("times_seen") + 1, last_seen_at=timezone.now()
    )
    sighting.refresh_from_db()
    return sighting


def _facts(facts: SignInFacts) -> dict[str, Any]:
    """What helps to find out who it was, bounded; JSON types only."""
    texts = {
        "external_id": facts.naming.external_id,
        "username": facts.naming.username,
        "application": facts.application,
        "client": facts.client,
        "address": facts.address or "",
        "user_agent": facts.user_agent,
        "device_id": facts.device_id,
        "place": facts.place,
    }
    kept = {name: shown(value, limit=200) for name, value in texts.items() if value}
    return {**kept, "began_at": facts.began_at.isoformat()}
