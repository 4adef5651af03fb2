"""Whom of many somebody means, and why their access ends: the forms, and the order they become."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.initiators import Initiator
from portal.ending_forms import ReasonedForm, new_order_key
from portal.presenters.crowd import Chosen, Crowd
from portal.presenters.people import PeopleFilter
from portal.presenters.reasons import LockedReason, ReasonChoice, choices_for, locked_for
from portal.presenters.selection import read_ids
from sessions_app.models.reasons import Reason
from sessions_app.revocation.orders import Order

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_NAME = 300


def read_chosen(posted: QueryDict) -> Chosen:
    """Ticked people, everybody a search finds, a group, or an entitlement: whatever was sent, never refused."""
    group, entitlement = (posted.get(name, "")[:LONGEST_NAME] for name in ("of_group", "of_entitlement"))
    if group or entitlement:
        return Chosen(group=group, entitlement=entitlement)
    if "everything" not in posted:
        return Chosen(ids=tuple(read_ids(posted.getlist("person"))))
    search = PeopleFilter.read(posted)
    is_only_group = search.group and search.query(sort="") == PeopleFilter(group=search.group).query()
    return Chosen(group=search.group) if is_only_group else Chosen(search=search)


class _WhichForm(forms.Form):
    """One of what there is; a choice that is gone by then names nobody."""

    title: StrOrPromise
    nothing: StrOrPromise

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(auto_id="id_%s")
        self.has_choices = bool(names)
        (field,) = self.fields.values()
        field.choices = [("", _("Choose…")), *((name, name) for name in names)]  # type: ignore[attr-defined]  # a choice field


class WhichGroupForm(_WhichForm):
    prefix_id = "by-group"
    title = gettext_lazy("A group")
    nothing = gettext_lazy("No group has anybody you reach.")
    of_group = forms.ChoiceField(label=gettext_lazy("Everybody in"))


class WhichEntitlementForm(_WhichForm):
    prefix_id = "by-entitlement"
    title = gettext_lazy("An entitlement")
    nothing = gettext_lazy("No group makes anybody you reach anything in an application.")
    of_entitlement = forms.ChoiceField(label=gettext_lazy("Everybody who is"))


class CrowdForm(ReasonedForm):
    """`frozen` is whom it is about, `order_key` makes sending it twice harmless."""

    typed = forms.CharField(max_length=20, error_messages={"required": gettext_lazy("Type it to confirm.")})
    order_key = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=new_order_key)
    frozen = forms.CharField(widget=forms.HiddenInput, max_length=200_000)

    def __init__(self, data: Any = None, *, crowd: Crowd) -> None:
        self.crowd = crowd
        self.to_type = crowd.to_type
        super().__init__(data, initial={"frozen": crowd.freeze()} if data is None else None)
        self.offer(crowd.reasons)
        self.fields["typed"].label = _("Type %s to confirm") % self.to_type
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"].strip()
        if typed != self.to_type:
            raise forms.ValidationError(_("That is not %s.") % self.to_type)
        return typed

    def order(self, *, by: Initiator, received_at: datetime) -> Order:
        """What this valid form asks for."""
        asked = self.cleaned_data
        return Order(
            initiator=by,
            reason=Reason(asked["reason"]),
            scope=self.crowd.scope,
            received_at=received_at,
            order_key=asked["order_key"],
            note=asked["note"],
            ticket=asked["ticket"],
            sessions_seen=self.crowd.sessions,
        )

    @property
    def reasons(self) -> list[ReasonChoice]:
        allowed = {reason.value for reason in self.crowd.reasons}
        chosen = str(self["reason"].value() or "")
        return [each for each in choices_for(self.crowd.reader.roles, chosen=chosen) if each.value in allowed]

    @property
    def locked_reasons(self) -> list[LockedReason]:
        return locked_for(self.crowd.reader.roles)

    @property
    def reason_error(self) -> str:
        return " ".join(str(error) for error in self["reason"].errors)
