"""Forms about what somebody is and how they prove who they are."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.presenters.role_change import RoleDialog
from portal.settings_forms import LinesField
from sessions_app.changes.suspicion import SHORTEST_REASON
from sessions_app.models import Group


class RoleForm(forms.Form):
    """The groups kept of those the person is in, and names of others to join."""

    keep = forms.MultipleChoiceField(
        label=gettext_lazy("Stays in"), required=False, widget=forms.CheckboxSelectMultiple
    )
    join = LinesField(
        label=gettext_lazy("Joins as well"),
        required=False,
        help_text=gettext_lazy("Names of groups, one per line."),
    )
    ticket = forms.CharField(label=gettext_lazy("Ticket"), max_length=100, required=False)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=1000, required=False)
    order_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, data: Any = None, *, dialog: RoleDialog) -> None:
        super().__init__(data, initial={"keep": dialog.groups})
        self.fields["keep"].choices = [(line.name, line.words) for line in dialog.lines]  # type: ignore[attr-defined]  # a choice field

    def clean_join(self) -> list[str]:
        names: list[str] = self.cleaned_data["join"]
        known = set(Group.objects.filter(name__in=names).values_list("name", flat=True))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise forms.ValidationError(_("No group is known by this name: %s.") % unknown[0])
        return names

    @property
    def groups(self) -> set[str]:
        """Exactly the groups this valid form asks for."""
        return {*self.cleaned_data["keep"], *self.cleaned_data["join"]}


class ProofForm(forms.Form):
    """How somebody gets past the demand for a second factor; either way it says how they were identified."""

    how = forms.ChoiceField(
        label=gettext_lazy("What is to happen"),
        widget=forms.RadioSelect,
        choices=[
            ("enrol", gettext_lazy("They may set up a second factor within the next hour")),
            ("waive", gettext_lazy("They were identified otherwise: no second factor is needed")),
        ],
    )
    reason = forms.CharField(
        label=gettext_lazy("How you made sure who they are"),
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the record."),
    )

    @property
    def is_waiver(self) -> bool:
        return bool(self.cleaned_data["how"] == "waive")

    @property
    def done_words(self) -> str:
        if self.is_waiver:
            return _("No second factor is demanded any more.")
        return _("They can set up a second factor for the next hour.")
