"""Ending one person's sessions at one application: which, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.initiators import Initiator
from portal.ending_forms import ReasonedForm, new_order_key
from portal.presenters.reasons import LockedReason, ReasonChoice, locked_for, single_session_choices
from sessions_app.models import Application, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.orders import OneUserAtApplication, Order
from sessions_app.revocation.reasons import usable_by


class AtApplicationForm(ReasonedForm):
    """Only applications with a session that is open now can be chosen."""

    application = forms.TypedChoiceField(
        label=_("Application"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose an application."),
            "invalid_choice": _("Nothing is open there any more."),
        },
    )
    order_key = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=new_order_key)
    field_order = ["application", "reason", "ticket", "note", "order_key"]

    def __init__(
        self, data: Any = None, *, person: User, reader: User, seen_at: Sequence[tuple[Application, int]]
    ) -> None:
        super().__init__(data)
        self._person = person
        self._reader = reader
        self.offer(usable_by(reader.roles))
        self.fields["application"].choices = [  # type: ignore[attr-defined]  # a choice field
            (application.pk, _named(application, sessions)) for application, sessions in seen_at
        ]

    def order(self, *, by: Initiator, received_at: datetime) -> Order:
        """What this valid form asks for: whatever is open there when it is decided."""
        asked = self.cleaned_data
        return Order(
            initiator=by,
            reason=Reason(asked["reason"]),
            scope=OneUserAtApplication(user_id=self._person.pk, application_id=asked["application"]),
            received_at=received_at,
            order_key=asked["order_key"],
            note=asked["note"],
            ticket=asked["ticket"],
        )

    @property
    def reasons(self) -> list[ReasonChoice]:
        return single_session_choices(self._reader.roles, chosen=str(self["reason"].value() or ""))

    @property
    def locked_reasons(self) -> list[LockedReason]:
        return locked_for(self._reader.roles)

    @property
    def reason_error(self) -> str:
        return " ".join(str(error) for error in self["reason"].errors)


def _named(application: Application, sessions: int) -> str:
    return ngettext("%(name)s, %(count)d session", "%(name)s, %(count)d sessions", sessions) % {
        "name": application.name,
        "count": sessions,
    }
