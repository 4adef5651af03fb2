"""What the audit trail says about one person or one receipt, as sentences, as far as the reader may browse it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from audit.models import AuditEntry
from audit.presentation import sentence
from audit.query import ANY_TIME
from audit.query_terms import Term, write_terms
from audit.search import EntryQuerySet
from portal.access import may
from portal.audit_scope import codes_of, entries_for
from portal.roles import May
from sessions_app.models import Project, User

SHOWN_AT_MOST = 50
OF_A_PROJECT = ("PJ-", "RV-106", "RV-107")


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    at: datetime
    code: str
    sentence: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The newest rows, and the address in the trail where all of them are found, for readers who may go there."""

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


def timeline_of_project(project: Project, reader: User) -> Timeline:
    """What was done to the project, for everybody who sees it: its manager reads this much of the trail.

    Only who may browse the trail is led to an entry, and only to those they would find there.
    """
    about = AuditEntry.objects.of_project(project.key).of_events(*codes_of(*OF_A_PROJECT))
    found = list(about.with_subjects().newest_first()[: SHOWN_AT_MOST + 1])
    readable = set(
        entries_for(reader).filter(pk__in=[entry.pk for entry in found]).values_list("pk", flat=True)
    )
    return Timeline(
        rows=[_row(entry, is_readable=entry.pk in readable) for entry in found[:SHOWN_AT_MOST]],
        has_more=len(found) > SHOWN_AT_MOST,
        all_url=_address_of(Term(key="project", value=project.key), Term(key="created", value=ANY_TIME))
        if may(reader, May.SEE_AUDIT)
        else "",
    )


def _timeline(entries: EntryQuerySet, *asking: Term) -> Timeline:
    found = list(entries.with_subjects().newest_first()[: SHOWN_AT_MOST + 1])
    return Timeline(
        rows=[_row(entry, is_readable=True) for entry in found[:SHOWN_AT_MOST]],
        has_more=len(found) > SHOWN_AT_MOST,
        all_url=_address_of(*asking),
    )


def _row(entry: AuditEntry, *, is_readable: bool) -> TimelineRow:
    return TimelineRow(
        at=entry.timestamp,
        code=entry.event_code,
        sentence=sentence(entry, entry.subjects.all()),
        url=reverse("audit_entry", args=[entry.pk]) if is_readable else "",
    )


def _address_of(*asking: Term) -> str:
    return f"{reverse('audit')}?{urlencode({'q': write_terms(asking)})}"
