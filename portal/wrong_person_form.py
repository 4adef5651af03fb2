"""What is said and decided about a receipt that met the wrong person."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.presenters.words import name_of
from sessions_app.changes.wrong_person import SHORTEST_REASON
from sessions_app.models import User


class WrongPersonForm(forms.Form):
    """Who it was, where the receipt is about several, and why they are the wrong one."""

    person = forms.ChoiceField(
        label=_("Who was the wrong person?"), error_messages={"required": _("Choose who it was.")}
    )
    why = forms.CharField(
        label=_("What happened?"),
        min_length=SHORTEST_REASON,
        max_length=1000,
        help_text=_("For example who was meant. It is kept in the record."),
        error_messages={"required": _("Say what happened.")},
    )

    def __init__(self, data: Any = None, *, people: Collection[User]) -> None:
        super().__init__(data)
        self.fields["person"].choices = [(str(user.pk), name_of(user)) for user in people]  # type: ignore[attr-defined]  # a ChoiceField
        if len(people) == 1:
            self.fields["person"].widget = forms.HiddenInput()
            self.initial["person"] = str(next(iter(people)).pk)


class GiveBackForm(forms.Form):
    """Said by whoever gives back; may stay empty, because somebody else said why already."""

    note = forms.CharField(label=_("Note"), max_length=1000, required=False)


class DeclineForm(forms.Form):
    """Why it was the right person after all."""

    note = forms.CharField(
        label=_("Why was it the right person?"),
        min_length=SHORTEST_REASON,
        max_length=1000,
        error_messages={"required": _("Say why.")},
    )
