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
from sessions_app.sightings.quotas import Made, may_make


@transaction.atomic
def keep_unmatched(facts: SignInFacts, realm: Realm, *, by: Initiator) -> None:
    """One row per identity and session, counted; the audit entry is written the first time.

    Beyond what a reporter may make in a day nothing more is kept of people nobody knows.
    """
    told = {"facts": _facts(facts), "reported_by": (by.name or by.id)[:200]}
    kept = UnmatchedSighting.objects.filter(realm=realm, person_id=facts.person_id, sid=facts.sid)
    if kept.update(**told, times_seen=F("times_seen") + 1, last_seen_at=timezone.now()):
        return
    if not may_make(Made.UNMATCHED, by=by):
        return
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
