"""The form of a scheduled leaving: the last working moment, where it was said, ticket and note."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.presenters.leaving_dialog import LeavingDialog
from sessions_app.changes.errors import ChangeRefused, ValuesRefused
from sessions_app.changes.leavings import LeavingWish
from sessions_app.changes.zones import LocalMoment, moment_of


class LeavingForm(forms.Form):
    """`instead_of` is the leaving that stood when the form was drawn; empty where none did."""

    day = forms.DateField(
        label=_("Last working day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    at = forms.TimeField(label=_("Until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    zone = forms.ChoiceField(label=_("Time zone"))
    ticket = forms.CharField(label=_("Ticket"), max_length=100, required=False)
    note = forms.CharField(label=_("Note"), max_length=1000, required=False)
    instead_of = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, dialog: LeavingDialog) -> None:
        standing = dialog.standing
        super().__init__(data, initial={**dialog.likely, "instead_of": standing.pk if standing else None})
        self.fields["zone"].choices = dialog.zones  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if {"day", "at", "zone"} <= cleaned.keys():
            self._make_moment(cleaned)
        return cleaned

    def _make_moment(self, cleaned: dict[str, Any]) -> None:
        try:
            cleaned["moment"] = moment_of(cleaned["day"], cleaned["at"], cleaned["zone"])
        except ValuesRefused as refusal:
            self.refuse(refusal)

    @property
    def moment(self) -> LocalMoment:
        moment: LocalMoment = self.cleaned_data["moment"]
        return moment

    def wish(self, *, received_at: datetime) -> LeavingWish:
        """What this valid form asks for."""
        return LeavingWish(
            received_at=received_at,
            moment=self.moment,
            note=self.cleaned_data["note"],
            ticket=self.cleaned_data["ticket"],
            instead_of=self.cleaned_data["instead_of"],
        )

    def refuse(self, refusal: ChangeRefused) -> None:
        """Say a refusal where it belongs: what is wrong with the moment stands at the day."""
        problems = refusal.problems if isinstance(refusal, ValuesRefused) else ((None, str(refusal)),)
        fields = {"moment": "day", "time_zone": "zone"}
        for name, sentence in problems:
            self.add_error(fields.get(name or ""), str(sentence))
