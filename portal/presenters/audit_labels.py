"""What the parts of an entry are called: its details, its values kept beside, the fields that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit.targets import kind_of
from portal.presenters.words import clean

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LABELS: dict[str, StrOrPromise] = {
    "added": _("Added"),
    "address": _("Address"),
    "allowed_hours": _("Hours allowed"),
    "already_over": _("Already over"),
    "because": _("Because of"),
    "bad_rows": _("Rows that cannot be read"),
    "became": _("What became of it"),
    "blocks_sign_in": _("Blocks sign-in"),
    "case": _("Case"),
    "change": _("Change"),
    "due_at": _("Due"),
    "was": _("Was"),
    "keeps": _("Projects that go on"),
    "given_back": _("Given back"),
    "not_given_back": _("Not given back"),
    "left_out": _("Left out"),
    "subject": _("Whose"),
    "checked": _("Checked up to"),
    "checkpoint": _("Checkpoint"),
    "client": _("Application"),
    "count": _("Count"),
    "door": _("Door"),
    "entries": _("Entries"),
    "entries_from": _("Entries from"),
    "entries_until": _("Entries until"),
    "entry": _("Entry"),
    "exception": _("Exception"),
    "exceptions": _("Exceptions"),
    "expires_at": _("Ends"),
    "fields": _("Fields"),
    "filter": _("Filters"),
    "first_bad": _("First bad number"),
    "first_day": _("First day"),
    "form": _("Form"),
    "gained": _("Gained"),
    "generation": _("Generation"),
    "grant": _("Grant"),
    "hold": _("Hold"),
    "issuer": _("Issuer"),
    "joined": _("Groups joined"),
    "kind": _("Kind"),
    "kinds": _("Kinds"),
    "last_day": _("Last day"),
    "leaves_at": _("Last working moment"),
    "left": _("Groups left"),
    "list": _("List"),
    "list_sha256": _("SHA-256 of the list"),
    "lost": _("Lost"),
    "method": _("Method"),
    "milliseconds": _("Milliseconds"),
    "name": _("Name"),
    "networks": _("Networks"),
    "note": _("Note"),
    "notes": _("Notes"),
    "number": _("Number"),
    "of": _("Of which"),
    "open": _("Still open"),
    "owner": _("Owner"),
    "people": _("People"),
    "person": _("Person"),
    "person_id": _("Person’s id in the realm"),
    "population": _("Population"),
    "population_kind": _("Kind of population"),
    "purpose": _("Purpose"),
    "query": _("Query"),
    "realm": _("Realm"),
    "receipts": _("Receipts"),
    "removed": _("Gone"),
    "resource": _("Resource"),
    "review_on": _("Review on"),
    "role": _("Role"),
    "rows": _("Rows"),
    "sample": _("Sample"),
    "scope": _("Scope"),
    "scopes": _("Scopes"),
    "seed": _("Seed"),
    "session": _("Session"),
    "sha256": _("SHA-256"),
    "shared": _("Shared"),
    "sighting": _("Sighting"),
    "signs_from": _("Signs from"),
    "state": _("State"),
    "step": _("Task"),
    "ticket": _("Ticket"),
    "time_zone": _("Time zone"),
    "unsealed": _("Not yet in the chain"),
    "until": _("Until"),
    "user_agent": _("Device"),
    "verdict": _("Verdict"),
    "vouched": _("Vouched for by the old key"),
    "what": _("What became different"),
    "why": _("Why"),
    "with_notes": _("With notes"),
    # Of the end of a project, its later checks and its report
    "approval": _("Approval"),
    "asked_at": _("Asked"),
    "asked_by": _("Asked by"),
    "cannot_be_cut_before": _("Cannot be cut before"),
    "capacity": _("Signed as"),
    "check": _("Check"),
    "checks": _("Later checks"),
    "cutoff_at": _("Sessions ended that began before"),
    "ending": _("Ending"),
    "ends_at": _("End date"),
    "fingerprint": _("Fingerprint of the preview"),
    "found": _("Found"),
    "groups": _("Groups"),
    "groups_kept": _("Groups nobody left"),
    "groups_left": _("Groups left"),
    "last_active_at": _("Last active"),
    "late_seconds": _("Seconds late"),
    "manager": _("Manager"),
    "news": _("Changed since the preview"),
    "report": _("SHA-256 of the report"),
    "seen": _("Shown before"),
    "system": _("System"),
    "task": _("Task"),
    "tasks": _("Tasks"),
    "which": _("Which"),
}


def label_of(key: str) -> str:
    """A detail or a value kept beside, by its key; a key that nobody named is shown as it is."""
    return str(LABELS.get(key, clean(key)))


def label_of_field(kind: str, name: str) -> str:
    """A field of such a thing, as its form calls it."""
    model = next((model for model in apps.get_models() if kind_of(model) == kind), None)
    if model is None:
        return clean(name)
    try:
        field = model._meta.get_field(name)  # noqa: SLF001  # Django's documented way to a field's own name
    except FieldDoesNotExist:
        return clean(name)
    return str(capfirst(str(getattr(field, "verbose_name", name))))
