"""Everything kept of one person as one file: for a dispute, or for the person. Bystanders stand by pseudonyms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.db import transaction
from django.db.models import Model, QuerySet

from audit.events import EventKind, Events
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.presentation import initiator_pseudonym, sentence
from audit.record import Outcome, Target, record
from sessions_app.models import User
from sessions_app.models.moments import database_now

ROWS_AT_MOST: Final = 10_000

OF_THE_PERSON: Final = (
    "username", "external_id", "display_name", "email", "employee_number", "job_title", "department",
    "legal_entity", "country", "last_day", "sign_in_blocked_at", "created_at", "erased_at",
)  # fmt: skip
OF_SESSIONS: Final = (
    "id", "sid", "client", "began_at", "last_used_at", "expires_at", "ended_at", "authentication_methods",
)  # fmt: skip
ORIGIN: Final = ("address", "user_agent", "device_id", "place")
OF_LEAVINGS: Final = ("state", "leaves_at", "time_zone", "asked_at", "closed_at", "revocation__receipt")
OF_REVOCATIONS: Final = (
    "receipt", "scope", "reason", "received_at", "decided_at", "cut_off_at", "confirmed_at", "reinstated_at",
    "told_at", "sessions_ended",
)  # fmt: skip


class Origin(Enum):
    """Whether addresses, devices and places of sessions stand in the file: only for who may see them anyhow."""

    SHOWN = "shown"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, kw_only=True)
class PersonFile:
    """JSON in UTF-8, and what its entry says of it."""

    body: bytes
    entries: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def take_file(user: User, *, purpose: str, origin: Origin, by: Initiator) -> PersonFile:
    """The file of a person for a dispute. The entry that it was taken is written before it is given out."""
    made = _file(user, origin=origin, for_others=True)
    _record(Events.PERSON_FILE_TAKEN, user, made, by=by, personal={"purpose": purpose})
    return made


def take_own_data(user: User, *, by: Initiator) -> PersonFile:
    """What is kept of whoever asks for it.

    Legal holds and scheduled leavings are left out: they may be about a dispute with them, or not told them yet.
    """
    made = _file(user, origin=Origin.SHOWN, for_others=False)
    _record(Events.OWN_DATA_TAKEN, user, made, by=by, personal=None)
    return made


def _record(
    event: EventKind, user: User, made: PersonFile, *, by: Initiator, personal: dict[str, str | None] | None
) -> None:
    with transaction.atomic():
        record(
            event,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            details={"entries": made.entries, "sha256": made.sha256},
            personal=personal,
        )


# What says that a dispute or a leaving is being prepared, which the person may not have been told.
NOT_FOR_THE_PERSON: Final = tuple(
    event.code_for(outcome)
    for event in (
        Events.HOLD_OPENED,
        Events.HOLD_RELEASED,
        Events.LEAVING_SCHEDULED,
        Events.LEAVING_CANCELLED,
        Events.LEAVING_OVERTAKEN,
        Events.LEAVING_CARRIED_OUT,
        Events.LEAVING_RESUMED,
    )
    for outcome in Outcome
)


def _file(user: User, *, origin: Origin, for_others: bool) -> PersonFile:
    entries = _entries(user, without=() if for_others else NOT_FOR_THE_PERSON)
    document = {
        "made_at": database_now(),
        "pseudonym": user.pseudonym,
        "left_out": ["notes that others wrote", "secrets and their hashes"],
        "rows_at_most": ROWS_AT_MOST,
        "person": _of(user, OF_THE_PERSON),
        "identities": _listed(user.identities.values("realm__key", "person_id", "linked_at")),
        "groups": sorted(user.memberships.values_list("group__name", flat=True)),
        "roles": _listed(
            user.role_grants.values("role", "population_kind", "population_value", "granted_at", "revoked_at")
        ),
        "sessions": _sessions(user, origin),
        "revocations": [_of(target.revocation, OF_REVOCATIONS) for target in _targets(user)],
        "attempts": _attempts(user, origin),
        "consents": _listed(user.consents.values("client__client_id", "scopes", "given_at")),
        "entries": entries,
    }
    if for_others:
        document["leavings"] = _listed(user.leavings.values(*OF_LEAVINGS))
        document["legal_holds"] = _listed(
            user.legal_holds.values("case", "review_on", "opened_at", "released_at")
        )
    text = json.dumps(document, default=str, ensure_ascii=False, indent=2)
    return PersonFile(body=text.encode(), entries=len(entries))


def _of(row: Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _listed(rows: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """Rows that were asked for as dictionaries."""
    return [dict(row) for row in rows[:ROWS_AT_MOST]]


def _sessions(user: User, origin: Origin) -> list[dict[str, Any]]:
    names = OF_SESSIONS + (ORIGIN if origin is Origin.SHOWN else ())
    return [
        {
            **_of(session, names),
            "applications": sorted(application.key for application in session.applications.all()),
        }
        for session in user.sessions.prefetch_related("applications")[:ROWS_AT_MOST]
    ]


def _targets(user: User) -> QuerySet[Any]:
    return user.revocation_targets.select_related("revocation").order_by("-revocation__decided_at")[
        :ROWS_AT_MOST
    ]


def _attempts(user: User, origin: Origin) -> list[dict[str, Any]]:
    names = ["receipt", "where", "cause", "first_at", "last_at", "times"]
    return _listed(user.attempts.values(*names, *(["address"] if origin is Origin.SHOWN else [])))


def _entries(user: User, *, without: tuple[str, ...]) -> list[dict[str, Any]]:
    """What the trail says of them and what they did, newest first; names of others are pseudonyms."""
    shown = AuditEntry.objects.exclude(event_code__in=without).newest_first().with_subjects()
    about = shown.about_person(user.pk)[:ROWS_AT_MOST]
    done = shown.by_initiator(user.pk)[:ROWS_AT_MOST]
    both = {entry.pk: entry for entry in [*about, *done]}
    newest = sorted(both.values(), key=lambda entry: (entry.timestamp, entry.pk), reverse=True)
    return [_entry(entry, user) for entry in newest[:ROWS_AT_MOST]]


def _entry(entry: AuditEntry, user: User) -> dict[str, Any]:
    """Only values about this very person are read beside it."""
    own = [subject for subject in entry.subjects.all() if subject.about == str(user.pk)]
    is_theirs = entry.initiator_id == str(user.pk)
    return {
        "id": entry.pk,
        "at": entry.timestamp,
        "code": entry.event_code,
        "receipt": entry.receipt,
        "by": "the person" if is_theirs else initiator_pseudonym(entry),
        "sentence": sentence(entry, own),
    }
