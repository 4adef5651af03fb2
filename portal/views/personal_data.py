"""What is kept of people: every personal field, what for, how long and who reads it; and what holds it back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import fetch_or_refuse, may, people_for, requires
from portal.hold_form import HoldForm
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.personal_data import hold_rows, shown_fields
from portal.roles import May
from portal.settings_forms import ReasonForm
from portal.settings_pages import FormPage, form_page, is_taken
from sessions_app.models import LegalHold
from sessions_app.personal_data.holds import open_hold, release_hold

PAGE = "portal/settings/personal_data.html"


@require_safe
@requires(May.SEE_PERSONAL_DATA)
def listing(request: HtmxRequest) -> HttpResponse:
    """Made from the declarations that a test holds against every model; and the holds of people one reaches."""
    context = {
        "fields": shown_fields(),
        "holds": hold_rows(_holds_for(request, May.SEE_PERSONAL_DATA)),
        "may_hold": may(request.user, May.CHANGE_HOLDS),
    }
    return page_or_part(request, PAGE, "personal-data", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_HOLDS)
def hold(request: HtmxRequest) -> HttpResponse:
    """Put a hold on what is kept of somebody."""
    form = HoldForm(request.POST or None, people=people_for(request.user, May.CHANGE_HOLDS))
    if is_taken(form, lambda: open_hold(form.whose, form.as_case(), by=request.initiator)):
        messages.info(request, _("Held. Nothing kept of this person goes until the hold is released."))
        return go_to(request, reverse("personal_data"))
    page = FormPage(
        title=_("Open a legal hold"),
        above=_("Personal data"),
        above_url=reverse("personal_data"),
        submit=_("Open hold"),
        foot=_("The person, the case, the owner and the reason go on record."),
    )
    return form_page(request, form, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_HOLDS)
def release(request: HtmxRequest, hold_id: UUID) -> HttpResponse:
    """Let retention and erasing go on for this person, unless another hold stands."""
    held = fetch_or_refuse(_holds_for(request, May.CHANGE_HOLDS), pk=hold_id)
    form = ReasonForm(request.POST or None)
    if is_taken(form, lambda: release_hold(held, reason=form.cleaned_data["reason"], by=request.initiator)):
        messages.info(request, _("Released. What is older than its time goes within ten minutes."))
        return go_to(request, reverse("personal_data"))
    page = FormPage(
        title=_("Release the hold of case %s?") % held.case,
        above=_("Personal data"),
        above_url=reverse("personal_data"),
        submit=_("Release hold"),
        foot=_("What only the hold kept is blanked and cannot be brought back."),
    )
    return form_page(request, form, page)


def _holds_for(request: HtmxRequest, right: May) -> QuerySet[LegalHold]:
    people = people_for(request.user, right).values("pk")
    return LegalHold.objects.standing().filter(user__in=people).select_related("user", "owner")
