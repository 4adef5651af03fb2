"""Who looked at what is kept of somebody: the entries about looking, for the person looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.models import AuditEntry
from audit.personal import SubjectRole
from audit.presentation import initiator_pseudonym
from portal.presenters.words import clean
from sessions_app.models import Role, User

SHOWN = 20
LOOKED_AT = {
    Events.PERSON_VIEWED.code: _("opened your sessions"),
    Events.DETAILS_UNMASKED.code: _("unmasked a detail of yours in the record"),
    Events.PERSON_FILE_TAKEN.code: _("took all that is kept of you as a file"),
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look, to the day: who, as what, and what they did."""

    name: str
    did: str
    roles: str
    looked_at: datetime


def looks_at(person: User) -> list[Look]:
    """The newest twenty looks of others at this person's sessions, masked details and file."""
    entries = (
        AuditEntry.objects.about_person(person.pk)
        .of_events(*LOOKED_AT)
        .exclude(initiator_id=str(person.pk))
        .with_subjects()
        .newest_first()[:SHOWN]
    )
    return [
        Look(
            name=_name(entry),
            did=str(LOOKED_AT[entry.event_code]),
            roles=role_words(entry.initiator_roles),
            looked_at=entry.timestamp,
        )
        for entry in entries
    ]


def role_words(codes: str) -> str:
    """The roles of a comma-separated column, as people say them."""
    labels = {str(role): str(role.label) for role in Role}
    return ", ".join(labels.get(code, code) for code in codes.split(",") if code)


def _name(entry: AuditEntry) -> str:
    names = [
        subject.value
        for subject in entry.subjects.all()
        if (subject.role, subject.kind) == (SubjectRole.INITIATOR, "name")
    ]
    return clean(names[0]) if names and names[0] else initiator_pseudonym(entry)
