"""What the audit trail says about one person, as sentences, as far as the reader may browse it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audit.presentation import sentence
from portal.audit_scope import entries_for
from sessions_app.models import User

SHOWN_AT_MOST = 50


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    at: datetime
    code: str
    sentence: str


def timeline_of(person: User, reader: User) -> list[TimelineRow]:
    """The newest entries that concern the person, of those the reader may read in the trail."""
    entries = entries_for(reader).about_person(person.pk).with_subjects().newest_first()
    return [
        TimelineRow(at=entry.timestamp, code=entry.event_code, sentence=sentence(entry, entry.subjects.all()))
        for entry in entries[:SHOWN_AT_MOST]
    ]
