"""The file of one person: for a dispute, with a purpose; and one's own, whenever one wants it."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import fetch_or_refuse, may_for, people_for, requires
from portal.htmx import HtmxRequest
from portal.presenters.words import name_of
from portal.roles import May
from portal.settings_pages import FormPage, form_page
from sessions_app.models import User
from sessions_app.personal_data.file import Origin, PersonFile, take_file, take_own_data

SHORTEST_PURPOSE = 10


class PurposeForm(forms.Form):
    purpose = forms.CharField(
        label=gettext_lazy("What do you need it for?"),
        min_length=SHORTEST_PURPOSE,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept in the record. The person sees that you took it, not why."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.TAKE_FILES)
def take(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """Everybody else in it stands by a pseudonym; where from and with what, only for who may see that anyhow."""
    person = fetch_or_refuse(people_for(request.user, May.TAKE_FILES), pk=user_id)
    form = PurposeForm(request.POST or None)
    if form.is_valid():
        is_open = may_for(request.user, May.SEE_SESSION_ORIGIN, person)
        origin = Origin.SHOWN if is_open else Origin.LEFT_OUT
        purpose = form.cleaned_data["purpose"]
        return _sent(person, take_file(person, purpose=purpose, origin=origin, by=request.initiator))
    page = FormPage(
        title=_("Take the file of %s?") % name_of(person),
        root=_("People"),
        root_url=reverse("people"),
        above=name_of(person),
        above_url=reverse("person", args=[person.pk]),
        submit=_("Take file"),
        foot=_("One JSON file with everything kept of this person. Everybody else in it is a pseudonym."),
        answers_with_a_file=True,
    )
    return form_page(request, form, page)


@require_POST
@requires()
def take_own(request: HtmxRequest) -> HttpResponse:
    return _sent(request.user, take_own_data(request.user, by=request.initiator))


def _sent(person: User, made: PersonFile) -> HttpResponse:
    response = HttpResponse(made.body, content_type="application/json; charset=utf-8")
    name = f"{person.pseudonym}-{timezone.now():%Y%m%d}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
