"""Blanking personal values: the one change the trail allows, and itself an entry."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from audit.events import Events
from audit.initiators import Initiator
from audit.models import AuditName, AuditSubject
from audit.names import NAMING_KINDS
from audit.record import record
from audit.targets import Target


def blank_subject(about: Target, *, initiator: Initiator, kinds: Collection[str] = ()) -> int:
    """Empties the personal values kept about this person or thing, in all entries; returns how many.

    With `kinds` only those ("address", "note"). The entries stay as they are, and show a pseudonym where
    the value stood. Blanking and its own entry are one transaction; a second call finds nothing left.
    """
    with transaction.atomic():
        values = AuditSubject.objects.filter(about=about.id, blanked_at__isnull=True)
        if kinds:
            values = values.filter(kind__in=kinds)
        count = values.update(value="", salt="", blanked_at=timezone.now())
        if not kinds or NAMING_KINDS & set(kinds):
            AuditName.objects.forget(about.id)
        record(
            Events.PERSONAL_VALUES_BLANKED,
            initiator=initiator,
            target=Target(kind=about.kind, id=about.id),  # without its name, which has just been blanked
            details={"count": count, "kinds": sorted(kinds)},
        )
    return count
