"""The filters of the audit page: read from the address, applied within what the reader may see."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.search import EntryQuerySet
from portal.access import people_for
from portal.audit_scope import codes_of, entries_for
from portal.audit_words import GROUPS
from portal.chips import Address, ChipOffer, ChipOn
from portal.roles import May
from sessions_app.models import User
from sessions_app.models.reasons import Reason
from sessions_app.models.receipts import read_receipt


class AuditFilters(forms.Form):
    """Bound to the address."""

    event = forms.ChoiceField(label=_("Event"), choices=GROUPS, required=False)
    reason = forms.ChoiceField(label=_("Reason"), choices=Reason.choices, required=False)
    person = forms.CharField(label=_("Person"), max_length=200, required=False)
    receipt = forms.CharField(label=_("Receipt"), max_length=30, required=False)

    def __init__(self, data: object, *, viewer: User) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict, whose stub is narrower
        self.viewer = viewer

    def clean_receipt(self) -> str:
        typed: str = self.cleaned_data["receipt"]
        receipt = read_receipt(typed) if typed else ""
        if receipt is None:
            raise forms.ValidationError(_("This is not a receipt number. One looks like CF-8F3K2Q7D1M."))
        return receipt

    @property
    def place(self) -> Address:
        return Address({name: self.data[name] for name in self.fields if self.data.get(name)})

    def entries(self) -> EntryQuerySet:
        """What is asked for, within reach; nothing where the question itself is wrong."""
        entries = entries_for(self.viewer)
        if not self.is_valid():
            return entries.none()
        chosen = self.cleaned_data
        if chosen["event"]:
            entries = entries.filter(event_code__in=codes_of(chosen["event"]))
        if chosen["reason"]:
            entries = entries.filter(reason_code=chosen["reason"])
        if chosen["receipt"]:
            entries = entries.of_receipt(chosen["receipt"])
        if chosen["person"]:
            entries = self._about(entries, chosen["person"])
        return entries

    def _about(self, entries: EntryQuerySet, person: str) -> EntryQuerySet:
        """By id, as links from a person's page do, or by name among the people the reader reaches."""
        people = people_for(self.viewer, May.SEE_PEOPLE)
        try:
            people = people.filter(pk=UUID(person))
        except ValueError:
            people = people.matching(person)
        return entries.filter(person_id__in=people.values("pk"))

    def on(self) -> list[ChipOn]:
        words = {**dict(GROUPS), **dict(Reason.choices)}
        return [
            self.place.on(name, f"{str(self.fields[name].label).lower()}:", str(words.get(value, self._named(value))))
            for name, value in self.place.chosen.items()
        ]

    def _named(self, value: str) -> str:
        """A person's name instead of their id, where the reader may know it."""
        try:
            person = people_for(self.viewer, May.SEE_PEOPLE).filter(pk=UUID(value)).first()
        except ValueError:
            return value
        return person.display_name if person else value

    def offers(self) -> list[ChipOffer]:
        offered = {"event": GROUPS, "reason": Reason.choices}
        return [
            self.place.offer(name, str(self.fields[name].label), [(value, str(words)) for value, words in choices])
            for name, choices in offered.items()
            if name not in self.place.chosen
        ]
