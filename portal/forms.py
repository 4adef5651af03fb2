"""Forms by which people end somebody's access and allow it again. The engine decides; these only read."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.initiators import Initiator
from portal.ending_forms import ReasonedForm
from portal.presenters.reasons import LockedReason, ReasonChoice
from portal.presenters.termination import Termination
from sessions_app.changes.reinstate import SHORTEST_REASON
from sessions_app.models.reasons import Reason
from sessions_app.revocation.orders import OneUser, Order


class TerminateForm(ReasonedForm):
    """The dialog. `order_key` makes sending it twice harmless; `seen` and `sessions_seen` say what it showed."""

    mark = forms.CharField(
        max_length=200,
        error_messages={"required": gettext_lazy("Type it, so that it is this person whose access ends.")},
    )
    order_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    sessions_seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=1_000_000)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)

    def __init__(self, data: Any = None, *, termination: Termination) -> None:
        self.termination = termination
        initial = {
            "reason": termination.likely_reason,
            "sessions_seen": termination.coverage.count,
            "seen": termination.seen,
        }
        super().__init__(data, initial=initial)
        self.offer(termination.usable_reasons)
        self._ask_for_mark()

    def _ask_for_mark(self) -> None:
        if not self.termination.namesakes:
            del self.fields["mark"]
            return
        self.fields["mark"].label = self.termination.mark.label
        self.fields["mark"].widget.attrs["autocomplete"] = "off"

    def clean_mark(self) -> str:
        typed: str = self.cleaned_data["mark"]
        if not self.termination.mark.is_typed(typed):
            sentence = _("This does not belong to %s. Look again whether this is the person you mean.")
            raise forms.ValidationError(sentence % self.termination.name)
        return typed

    def order(self, *, by: Initiator, received_at: datetime) -> Order:
        """What this valid form asks for."""
        asked = self.cleaned_data
        return Order(
            initiator=by,
            reason=Reason(asked["reason"]),
            scope=OneUser(user_id=self.termination.person.pk),
            received_at=received_at,
            order_key=str(asked["order_key"]),
            note=asked["note"],
            ticket=asked["ticket"],
            sessions_seen=asked["sessions_seen"],
        )

    def show_anew(self) -> None:
        """Keep what was typed, and carry what is true now instead of what was true when it was drawn."""
        now = {"sessions_seen": str(self.termination.coverage.count), "seen": self.termination.seen}
        self.data = {**self.data.dict(), **now}  # type: ignore[attr-defined]  # a QueryDict once bound

    @property
    def reasons(self) -> list[ReasonChoice]:
        return self.termination.reasons(str(self["reason"].value() or ""))

    @property
    def locked_reasons(self) -> list[LockedReason]:
        return self.termination.locked_reasons

    @property
    def reason_error(self) -> str:
        return " ".join(str(error) for error in self["reason"].errors)


class AllowSignInForm(forms.Form):
    """Why somebody may sign in again, in words of one's own."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the record."),
    )
