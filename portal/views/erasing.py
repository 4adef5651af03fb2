"""Erasing a person: asked once more, with their user name typed, because nothing brings it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, people_for, requires
from portal.htmx import HtmxRequest, go_to
from portal.presenters.words import name_of
from portal.recent_sign_in import initial_before, recently_signed_in
from portal.roles import May
from portal.settings_pages import FormPage, form_page, is_taken
from sessions_app.models import User
from sessions_app.personal_data.erasure import SHORTEST_REASON, erase_person


class ErasingForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=SHORTEST_REASON,
        max_length=500,
        help_text=gettext_lazy("Kept in the record. Do not name the person in it."),
    )
    typed = forms.CharField(label=gettext_lazy("Type their user name to confirm"), max_length=150)

    def __init__(self, data: Any = None, *, person: User, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self._person = person

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != self._person.username:
            raise forms.ValidationError(_("That is not their user name."))
        return typed


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.ERASE_PEOPLE)
@recently_signed_in
def erase(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    person = fetch_or_refuse(people_for(request.user, May.ERASE_PEOPLE), pk=user_id)
    form = ErasingForm(request.POST or None, person=person, initial=initial_before(request))
    if is_taken(form, lambda: erase_person(person, reason=form.cleaned_data["reason"], by=request.initiator)):
        messages.info(
            request, _("Erased. What proves what was done stays under the name %s.") % person.pseudonym
        )
        return go_to(request, reverse("person", args=[person.pk]))
    page = FormPage(
        title=_("Erase %s for ever?") % name_of(person),
        root=_("People"),
        root_url=reverse("people"),
        above=name_of(person),
        above_url=reverse("person", args=[person.pk]),
        submit=_("Erase"),
        is_final=True,
        foot=_(
            "Names, addresses, devices and notes go. The audit trail stays, with a pseudonym, and verifiable."
        ),
    )
    return form_page(request, form, page)
