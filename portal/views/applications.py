"""Applications: what people sign in to, and how it learns that access ended."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import fetch_or_refuse, may, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.roles import May
from portal.settings_forms import ApplicationForm
from portal.settings_pages import FormPage, form_page, is_taken
from sessions_app.changes.configuration import save_application
from sessions_app.models import Application


@require_safe
@requires(May.SEE_CONFIGURATION)
def listing(request: HtmxRequest) -> HttpResponse:
    """Every application, by name."""
    context = {
        "applications": Application.objects.all(),
        "may_change": may(request.user, May.CHANGE_CONFIGURATION),
    }
    return page_or_part(request, "portal/settings/applications.html", "applications", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def create(request: HtmxRequest) -> HttpResponse:
    return _edit(request, Application())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def edit(request: HtmxRequest, application_id: int) -> HttpResponse:
    return _edit(request, fetch_or_refuse(Application.objects.all(), pk=application_id))


def _edit(request: HtmxRequest, application: Application) -> HttpResponse:
    title = application.name or _("New application")
    form = ApplicationForm(request.POST or None, instance=application)
    if is_taken(form, lambda: save_application(form.save(commit=False), by=request.initiator)):
        messages.info(request, _("Saved."))
        return go_to(request, reverse("applications"))
    page = FormPage(title=title, above=_("Applications"), above_url=reverse("applications"))
    return form_page(request, form, page)
