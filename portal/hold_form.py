"""The form of a legal hold: whose data, for which case, on whose word, until when somebody looks again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.naming import find_person_by_any_name
from sessions_app.models import User
from sessions_app.personal_data.holds import SHORTEST_REASON, Case

ANY_NAME = _("User name, e-mail, external id or employee number.")


class HoldForm(forms.Form):
    """`people` are those whom whoever fills it in reaches; everybody else does not exist for them."""

    person = forms.CharField(label=_("Person"), max_length=200, help_text=ANY_NAME)
    case = forms.CharField(label=_("Case"), max_length=100, help_text=_("As the lawyers name it."))
    reason = forms.CharField(
        label=_("Reason"),
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    owner = forms.CharField(
        label=_("Owner"), max_length=200, help_text=_("Who answers for the hold and reviews it.")
    )
    review_on = forms.DateField(
        label=_("Review on"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Within a year. The hold stands until somebody releases it, also after this day."),
    )

    def __init__(self, data: Any = None, *, people: QuerySet[User]) -> None:
        super().__init__(data)
        self._people = people

    def clean_person(self) -> User:
        return self._found(self.cleaned_data["person"])

    def clean_owner(self) -> User:
        return self._found(self.cleaned_data["owner"])

    def _found(self, name: str) -> User:
        try:
            found = find_person_by_any_name(name.strip())
        except ChangeRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        if not self._people.filter(pk=found.pk).exists():
            raise forms.ValidationError(_("No person is known by this name here."))
        return found

    @property
    def whose(self) -> User:
        person: User = self.cleaned_data["person"]
        return person

    def as_case(self) -> Case:
        """The case this valid form tells of."""
        chosen = self.cleaned_data
        return Case(
            name=chosen["case"].strip(),
            owner=chosen["owner"],
            reason=chosen["reason"],
            review_on=chosen["review_on"],
        )
