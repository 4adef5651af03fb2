"""Why access is ended, as people type it: what such forms have in common, and the form beside one session."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.initiators import Initiator
from sessions_app.models import Session
from sessions_app.models.reasons import Reason
from sessions_app.revocation.errors import NoteTooShort, OrderRefused
from sessions_app.revocation.orders import OneSession, Order
from sessions_app.revocation.reasons import RULES, is_note_missing

OWN_REASONS = tuple(reason for reason, rule in RULES.items() if rule.the_person)


def new_order_key() -> str:
    return uuid.uuid4().hex


class ReasonedForm(forms.Form):
    """Reason, ticket and note of an order that covers more than one session."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        error_messages={
            "required": _("Choose why."),
            "invalid_choice": _("Your role may not use this reason."),
        },
    )
    ticket = forms.CharField(label=_("Ticket"), max_length=100, required=False)
    note = forms.CharField(label=_("Note"), max_length=1000, required=False)

    def offer(self, reasons: Collection[Reason]) -> None:
        """Let these be chosen."""
        self.fields["reason"].choices = [(reason.value, reason.label) for reason in reasons]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["note"].widget.attrs["placeholder"] = gettext("Kept in the record")

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if "note" in cleaned and is_note_missing(cleaned.get("reason", ""), cleaned["note"]):
            self.add_error("note", str(NoteTooShort.sentence))
        return cleaned


class EndingForm(forms.Form):
    """One session, one reason. The order key makes pressing twice harmless."""

    reason = forms.ChoiceField(label=_("Reason"))
    note = forms.CharField(
        label=_("Note"), max_length=1000, required=False, help_text=_("Needed for the reason “Other”.")
    )
    ticket = forms.CharField(label=_("Ticket"), max_length=100, required=False)
    order_key = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=new_order_key)

    def __init__(self, data: object = None, *, reasons: Collection[Reason]) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict, whose stub is narrower
        self.fields["reason"].choices = [(str(reason), reason.label) for reason in reasons]  # type: ignore[attr-defined]  # a choice field

    def order(self, session: Session, *, by: Initiator, received_at: datetime) -> Order:
        """The order this valid form asks for."""
        chosen = self.cleaned_data
        return Order(
            initiator=by,
            reason=Reason(chosen["reason"]),
            scope=OneSession(session_id=session.pk),
            received_at=received_at,
            order_key=chosen["order_key"],
            note=chosen["note"],
            ticket=chosen["ticket"],
        )

    def refuse(self, refusal: OrderRefused) -> None:
        """Say on the form why nothing happened."""
        self.add_error("note" if isinstance(refusal, NoteTooShort) else None, str(refusal.sentence))
