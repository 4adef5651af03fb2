"""What the audit trail says about one person or one receipt, as sentences, as far as the reader may browse it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from audit.presentation import sentence
from audit.query import ANY_TIME
from audit.query_terms import Term, write_terms
from audit.search import EntryQuerySet
from portal.audit_scope import entries_for
from sessions_app.models import User

SHOWN_AT_MOST = 50


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    at: datetime
    code: str
    sentence: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The newest rows, and the address in the trail where all of them are found."""

    rows: list[TimelineRow]
    has_more: bool
    all_url: str


def timeline_of(person: User, reader: User) -> Timeline:
    """The newest entries that concern the person, of those the reader may read in the trail."""
    entries = entries_for(reader).about_person(person.pk)
    return _timeline(entries, Term(key="target", value=str(person.pk)), Term(key="created", value=ANY_TIME))


def timeline_of_receipt(number: str, reader: User) -> Timeline:
    """The same of the entries that carry a receipt's number: the decision, the cutoff, all that followed."""
    return _timeline(entries_for(reader).of_receipt(number), Term(key="receipt", value=number))


def _timeline(entries: EntryQuerySet, *asking: Term) -> Timeline:
    found = list(entries.with_subjects().newest_first()[: SHOWN_AT_MOST + 1])
    return Timeline(
        rows=[
            TimelineRow(
                at=entry.timestamp,
                code=entry.event_code,
                sentence=sentence(entry, entry.subjects.all()),
                url=reverse("audit_entry", args=[entry.pk]),
            )
            for entry in found[:SHOWN_AT_MOST]
        ],
        has_more=len(found) > SHOWN_AT_MOST,
        all_url=f"{reverse('audit')}?{urlencode({'q': write_terms(asking)})}",
    )
