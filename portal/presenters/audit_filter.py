"""The filters of the audit page: read from the address, applied within what the reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from audit.search import EntryQuerySet
from portal.access import people_for
from portal.audit_scope import codes_of, entries_for
from portal.presenters.audit_words import GROUPS
from portal.presenters.filters import AddressFilter, Chosen, Offer, offer
from portal.presenters.words import clean, name_of
from portal.roles import May
from sessions_app.models import User
from sessions_app.models.reasons import Reason
from sessions_app.models.receipts import read_receipt
from sessions_app.models.users import UserQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class AuditFilter(AddressFilter):
    """What the address of the page says. `person` is a name, or the id that links from a person's page carry."""

    event: str = ""
    reason: str = ""
    person: str = ""
    receipt: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditQuestion:
    """One reader's filters, and what they find."""

    reader: User
    chosen: AuditFilter

    @property
    def problem(self) -> str:
        """Why this question has no answer, as a sentence."""
        if self.chosen.receipt and read_receipt(self.chosen.receipt) is None:
            return _("“%s” is not a receipt number. One looks like CF-8F3K2Q7D1M.") % clean(
                self.chosen.receipt
            )
        return ""

    def entries(self) -> EntryQuerySet:
        """What is asked for, within reach; nothing where the question itself is wrong."""
        entries = entries_for(self.reader)
        if self.problem:
            return entries.none()
        if self.chosen.event in GROUPS:
            entries = entries.filter(event_code__in=codes_of(self.chosen.event))
        if self.chosen.reason in Reason.values:
            entries = entries.filter(reason_code=self.chosen.reason)
        if self.chosen.receipt:
            entries = entries.of_receipt(read_receipt(self.chosen.receipt) or "")
        if self.chosen.person:
            entries = entries.filter(person_id__in=self._people().values("pk"))
        return entries

    def _people(self) -> UserQuerySet:
        """By id or by name, among the people the reader reaches."""
        people = people_for(self.reader, May.SEE_PEOPLE)
        try:
            return people.filter(pk=UUID(self.chosen.person))
        except ValueError:
            return people.matching(self.chosen.person)

    @property
    def chips_on(self) -> list[Chosen]:
        words: dict[str, tuple[str, StrOrPromise]] = {
            "event": (_("event:"), GROUPS.get(self.chosen.event, clean(self.chosen.event))),
            "reason": (_("reason:"), dict(Reason.choices).get(self.chosen.reason, clean(self.chosen.reason))),
            "person": (_("person:"), self._person_words()),
            "receipt": (_("receipt:"), clean(self.chosen.receipt)),
        }
        return [
            Chosen(key=key, value=str(value), remove_url=self.chosen.address(**{name: ""}))
            for name, (key, value) in words.items()
            if getattr(self.chosen, name)
        ]

    def _person_words(self) -> str:
        """A person's name instead of their id, where the reader may know it."""
        try:
            person = people_for(self.reader, May.SEE_PEOPLE).filter(pk=UUID(self.chosen.person)).first()
        except ValueError:
            return clean(self.chosen.person)
        return name_of(person) if person else clean(self.chosen.person)

    @property
    def offers(self) -> list[Offer]:
        """A menu per filter that is not on yet."""
        menus = {
            "event": (_("Event"), [(code, str(words)) for code, words in GROUPS.items()]),
            "reason": (_("Reason"), [(str(code), str(words)) for code, words in Reason.choices]),
        }
        return [
            offer(word, self.chosen, name, values)
            for name, (word, values) in menus.items()
            if not getattr(self.chosen, name)
        ]
