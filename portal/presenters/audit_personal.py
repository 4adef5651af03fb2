"""Which personal values kept beside an entry one reader sees: whole, masked, or only that they are there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from audit.models import AuditEntry, AuditSubject
from audit.personal import SubjectRole
from portal.presenters.audit_labels import label_of
from portal.presenters.looks import role_words
from portal.presenters.sessions import masked
from portal.presenters.words import clean
from sessions_app.models import Role, User

LONGEST_VALUE = 2000
NAMES = frozenset({(SubjectRole.INITIATOR, "name"), (SubjectRole.TARGET, "label")})
NOTE = "note"
# What readers of the trail typed about their own reading: without it nobody could judge what they did.
ABOUT_READING = frozenset({"filter", "purpose"})
HIDDEN_WORD = "•••"


@dataclass(frozen=True, kw_only=True)
class PersonalLine:
    """One value as the reader sees it. `is_masked` means that unmasking would show more."""

    kind: str
    label: str
    value: str
    is_masked: bool = False


@dataclass(frozen=True, kw_only=True)
class PersonalSight:
    """What one reader sees of one entry's personal values."""

    sees_details: bool = False
    reads_note: bool = False

    def lines(self, entry: AuditEntry, subjects: Iterable[AuditSubject]) -> list[PersonalLine]:
        """Everything but the two names, which stand in the sentence."""
        return [self._line(entry, subject) for subject in subjects if not _is_name(subject)]

    def _line(self, entry: AuditEntry, subject: AuditSubject) -> PersonalLine:
        kind, value, label = subject.kind, subject.value, label_of(subject.kind)
        if not value:
            return PersonalLine(kind=kind, label=label, value=_("blanked"))
        if kind == NOTE and not self.reads_note:
            return PersonalLine(kind=kind, label=label, value=_whose_note(entry))
        if self.sees_details or kind == NOTE or kind in ABOUT_READING:
            return PersonalLine(kind=kind, label=label, value=clean(value, LONGEST_VALUE))
        return PersonalLine(kind=kind, label=label, value=masked_value(kind, value), is_masked=True)


def reads_note(reader: User, *, initiator_id: str, roles_then: Iterable[str]) -> bool:
    """Notes are for whoever wrote them, for those of the same role, and for Security; for nobody else, anywhere."""
    shared = {str(role) for role in reader.roles} & set(roles_then)
    return initiator_id == str(reader.pk) or bool(shared) or Role.SECURITY in reader.roles


def _is_name(subject: AuditSubject) -> bool:
    return (subject.role, subject.kind) in NAMES


def _whose_note(entry: AuditEntry) -> str:
    roles = role_words(entry.initiator_roles)
    if not roles or entry.initiator_roles == Role.SECURITY:
        return _("There is one; Security reads it.")
    return _("There is one; %(roles)s and Security read it.") % {"roles": roles}


def masked_value(kind: str, value: str) -> str:
    """The value as readers see it who may not see whose it is; for an address enough to tell two networks apart."""
    if kind in ABOUT_READING:
        return value
    try:
        return masked(value) if kind == "address" else HIDDEN_WORD
    except ValueError:  # recorded as an address, but never was one
        return HIDDEN_WORD
