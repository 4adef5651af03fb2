"""Why selected sessions are ended, the number typed to confirm it, and the order it becomes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.initiators import Initiator
from portal.ending_forms import ReasonedForm, new_order_key
from portal.presenters.reasons import LockedReason, ReasonChoice, locked_for, single_session_choices
from portal.presenters.selection import Selection
from sessions_app.models.reasons import Reason
from sessions_app.revocation.orders import Order
from sessions_app.revocation.reasons import usable_by


class SelectionForm(ReasonedForm):
    """`frozen` is the exact set, `order_key` makes sending it twice harmless."""

    typed = forms.CharField(
        max_length=20, error_messages={"required": gettext_lazy("Type the number of sessions that end.")}
    )
    order_key = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=new_order_key)
    frozen = forms.CharField(widget=forms.HiddenInput, max_length=400_000)

    def __init__(self, data: Any = None, *, selection: Selection) -> None:
        self.selection = selection
        super().__init__(data, initial={"frozen": selection.freeze()} if data is None else None)
        self.offer(usable_by(selection.reader.roles))
        self.fields["typed"].label = _("Type %d to confirm") % self.number
        self.fields["typed"].widget.attrs.update({"autocomplete": "off", "inputmode": "numeric"})

    @property
    def number(self) -> int:
        """As the preview counted; sessions that ended since then are still in the set."""
        return len(self.selection.session_ids) if self.is_bound else self.selection.count

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != str(self.number):
            raise forms.ValidationError(_("That is not %d, the number of sessions that end.") % self.number)
        return typed

    def order(self, *, by: Initiator, received_at: datetime) -> Order:
        """What this valid form asks for: the frozen set, whatever became of it."""
        asked = self.cleaned_data
        return Order(
            initiator=by,
            reason=Reason(asked["reason"]),
            scope=self.selection.scope,
            received_at=received_at,
            order_key=asked["order_key"],
            note=asked["note"],
            ticket=asked["ticket"],
            sessions_seen=self.number,
        )

    @property
    def reasons(self) -> list[ReasonChoice]:
        return single_session_choices(self.selection.reader.roles, chosen=str(self["reason"].value() or ""))

    @property
    def locked_reasons(self) -> list[LockedReason]:
        return locked_for(self.selection.reader.roles)

    @property
    def reason_error(self) -> str:
        return " ".join(str(error) for error in self["reason"].errors)
