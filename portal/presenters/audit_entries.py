"""Entries of the trail as their reader may see them: names beside ids, links only where they lead somewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from audit.models import AuditEntry, ChainLink
from audit.personal import SubjectRole
from audit.presentation import initiator_pseudonym, sentence, target_pseudonym
from portal.access import may, people_for, projects_for, revocations_for
from portal.presenters.audit_labels import label_of, label_of_field
from portal.presenters.audit_personal import LONGEST_VALUE, PersonalLine, PersonalSight, reads_note
from portal.presenters.audit_words import title_of
from portal.presenters.looks import role_words
from portal.presenters.words import clean
from portal.roles import May, roles_with
from sessions_app.models import User
from sessions_app.models.reasons import Reason

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class FieldChange(NamedTuple):
    """One field before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One entry for one reader."""

    entry: AuditEntry
    sight: PersonalSight
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    link: ChainLink | None = None
    sees_initiator: bool = False
    sees_person: bool = False
    sees_receipt: bool = False
    sees_project: bool = False

    @property
    def title(self) -> StrOrPromise:
        return title_of(self.entry.event_code)

    @cached_property
    def sentence(self) -> str:
        return sentence(self.entry, self.entry.subjects.all())

    @property
    def who(self) -> str:
        return clean(self.names.get((SubjectRole.INITIATOR, "name"), "")) or initiator_pseudonym(self.entry)

    @property
    def hash(self) -> str:
        """The hash of its link in the chain; empty while it is not sealed."""
        return bytes(self.link.hash).hex() if self.link else ""

    @property
    def short_hash(self) -> str:
        return f"{self.hash[:4]}…{self.hash[-4:]}"

    @property
    def whom(self) -> str:
        if not self.entry.target_id:
            return ""
        return clean(self.names.get((SubjectRole.TARGET, "label"), "")) or target_pseudonym(self.entry)

    @property
    def reason(self) -> StrOrPromise:
        code = self.entry.reason_code
        return Reason(code).label if code in Reason.values else code

    @property
    def roles(self) -> str:
        return role_words(self.entry.initiator_roles)

    @property
    def details(self) -> list[tuple[str, str]]:
        return [(label_of(key), _as_text(value)) for key, value in self.entry.details.items()]

    @cached_property
    def personal(self) -> list[PersonalLine]:
        """Values kept beside the entry, other than the two names."""
        return self.sight.lines(self.entry, self.entry.subjects.all())

    @property
    def changes(self) -> list[FieldChange]:
        """Before and after of a field change."""
        changes: dict[str, Any] = self.entry.changes or {}
        return [
            FieldChange(label_of_field(self.entry.target_kind, name), _side(pair, 0), _side(pair, 1))
            for name, pair in sorted(changes.items())
        ]


def rows_for(viewer: User, entries: Iterable[AuditEntry]) -> list[AuditRow]:
    """The entries as this viewer may see them. Expects `with_subjects`."""
    listed = list(entries)
    links = {link.entry_id: link for link in ChainLink.objects.filter(entry__in=listed)}
    asked = {entry.actor_id for entry in listed if entry.actor_id}
    people = _reached(viewer, asked | {entry.person_id for entry in listed if entry.person_id})
    receipts = _open_to(viewer, {entry.receipt for entry in listed if entry.receipt})
    projects = _seen_of(viewer, {entry.project_key for entry in listed if entry.project_key})
    # Whose address it is need not be the person the entry is about, so reaching some people is not enough.
    sees_origin = viewer.reaches_everybody(through=roles_with(May.SEE_SESSION_ORIGIN))
    return [
        AuditRow(
            entry=entry,
            names={(subject.role, subject.kind): subject.value for subject in entry.subjects.all()},
            link=links.get(entry.pk),
            sees_initiator=entry.actor_id in people,
            sees_person=entry.person_id in people,
            sees_receipt=entry.receipt in receipts,
            sees_project=entry.project_key in projects,
            sight=PersonalSight(
                sees_details=sees_origin or entry.initiator_id == str(viewer.pk),
                reads_note=reads_note(
                    viewer, initiator_id=entry.initiator_id, roles_then=entry.initiator_roles.split(",")
                ),
            ),
        )
        for entry in listed
    ]


def _reached(viewer: User, people: set[UUID]) -> set[UUID]:
    if not people or not may(viewer, May.SEE_PEOPLE):
        return set()
    return set(people_for(viewer, May.SEE_PEOPLE).filter(pk__in=people).values_list("pk", flat=True))


def _open_to(viewer: User, receipts: set[str]) -> set[str]:
    if not receipts or not may(viewer, May.SEE_REVOCATIONS):
        return set()
    return set(revocations_for(viewer).filter(receipt__in=receipts).values_list("receipt", flat=True))


def _seen_of(viewer: User, keys: set[str]) -> set[str]:
    if not keys or not may(viewer, May.SEE_PROJECTS):
        return set()
    return set(projects_for(viewer, May.SEE_PROJECTS).filter(key__in=keys).values_list("key", flat=True))


def _side(pair: object, index: int) -> str:
    value = pair[index] if isinstance(pair, list) and len(pair) == 2 else ""
    return "" if value in (None, "None") else _as_text(value)


def _as_text(value: object) -> str:
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST_VALUE)
