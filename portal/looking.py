"""Opening somebody's sessions is an entry in the trail, and that person can see it."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from audit.events import Events
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.record import Target, record
from sessions_app.models import User

LOOK_LASTS = timedelta(minutes=10)


def note_look_at(person: User, *, by: Initiator) -> None:
    """Record that somebody opened this person's sessions, once in ten minutes; one's own are nobody's business.

    Not once per click: a reader who ends three sessions one by one looked once, and a trail full of
    repeated looks would hide who else did.
    """
    if by.user_id == person.pk:
        return
    looks = (
        AuditEntry.objects.of_events(Events.PERSON_VIEWED.code).about_person(person.pk).by_initiator(by.id)
    )
    if looks.filter(timestamp__gt=timezone.now() - LOOK_LASTS).exists():
        return
    with transaction.atomic():
        record(Events.PERSON_VIEWED, initiator=by, target=Target.of(person, label=person.display_name))
