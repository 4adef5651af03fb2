"""Personal fields as their declarations say them, with the readers that the matrix makes of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.presenters.words import clean, name_of
from portal.roles import May, Reach, reach_of
from sessions_app.models import LegalHold, Role
from sessions_app.personal_data.declared import PERSONAL, Readers

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

RIGHTS: Final[dict[Readers, May]] = {
    Readers.DIRECTORY: May.SEE_PEOPLE,
    Readers.SESSIONS: May.SEE_SESSIONS,
    Readers.ORIGIN: May.SEE_SESSION_ORIGIN,
    Readers.RECEIPTS: May.SEE_REVOCATIONS,
    Readers.TRAIL: May.SEE_AUDIT,
    Readers.EVIDENCE: May.BUILD_EVIDENCE,
    Readers.CONFIGURATION: May.SEE_CONFIGURATION,
    Readers.CREDENTIALS: May.SEE_CREDENTIALS,
    Readers.ROLES: May.SEE_ROLES,
}


@dataclass(frozen=True, kw_only=True)
class FieldsRow:
    """Some fields of one model, kept for one purpose."""

    model: str
    names: list[str]
    purpose: StrOrPromise
    kept: StrOrPromise
    readers: str


@dataclass(frozen=True, kw_only=True)
class HoldRow:
    hold: LegalHold
    person: str
    owner: str
    case: str
    reason: str
    is_due: bool


def shown_fields() -> list[FieldsRow]:
    """In the order of the declarations: the person first, then their sessions, then the record."""
    return [
        FieldsRow(
            model=each.model,
            names=each.fields.split(),
            purpose=each.purpose,
            kept=each.kept.value,
            readers=readers_in_words(each.readers),
        )
        for each in PERSONAL
    ]


def readers_in_words(readers: Readers) -> str:
    """The roles whose right leads there, as the matrix has it now."""
    if readers is Readers.NOBODY:
        return _("nobody; Curfew itself uses it")
    if readers is Readers.ONESELF:
        return _("only the person")
    reached = {role: reach_of(frozenset({role}), RIGHTS[readers]) for role in Role}
    words = [_reach_in_words(role, reach) for role, reach in reached.items() if reach > Reach.NO]
    return ", ".join(words)


def _reach_in_words(role: Role, reach: Reach) -> str:
    name = str(role.label)
    return name if reach is Reach.ALL else _("%s (own)") % name


def hold_rows(holds: Iterable[LegalHold]) -> list[HoldRow]:
    """The next to be reviewed first."""
    today = timezone.now().date()
    return [
        HoldRow(
            hold=hold,
            person=name_of(hold.user),
            owner=name_of(hold.owner),
            case=clean(hold.case),
            reason=clean(hold.reason),
            is_due=hold.is_due(today),
        )
        for hold in holds
    ]
