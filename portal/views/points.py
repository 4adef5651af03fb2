"""Enforcement points: services and gateways that ask before they let a request through."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import fetch_or_refuse, may, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.point_tallies import page_of
from portal.roles import May
from portal.settings_forms import PointForm
from portal.settings_pages import FormPage, form_page, is_taken
from sessions_app.changes.configuration import save_enforcement_point
from sessions_app.models import EnforcementPoint
from sessions_app.models.enforcement_points import PointMode


@require_safe
@requires(May.SEE_CONFIGURATION)
def listing(request: HtmxRequest) -> HttpResponse:
    """Every enforcement point, by name."""
    context = {
        "points": EnforcementPoint.objects.all(),
        "may_change": may(request.user, May.CHANGE_CONFIGURATION),
    }
    return page_or_part(request, "portal/settings/points.html", "points", context)


@require_safe
@requires(May.SEE_CONFIGURATION)
def detail(request: HtmxRequest, point_id: int) -> HttpResponse:
    """One point: how it is set up, and what it answered this week."""
    point = fetch_or_refuse(EnforcementPoint.objects.select_related("application"), pk=point_id)
    context = {"page": page_of(point), "may_change": may(request.user, May.CHANGE_CONFIGURATION)}
    return page_or_part(request, "portal/settings/point.html", "point", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def switch(request: HtmxRequest, point_id: int) -> HttpResponse:
    """From observing to enforcing or back: one step of its own, with what it will do said first."""
    point = fetch_or_refuse(EnforcementPoint.objects.all(), pk=point_id)
    wanted = request.POST.get("mode", "")
    if request.method == "POST" and wanted in PointMode.values:
        point.mode = wanted
        save_enforcement_point(point, by=request.initiator)
        messages.info(request, _("Saved. Every process reads it within five seconds."))
        return go_to(request, reverse("enforcement_point", args=[point.pk]))
    status = 422 if request.method == "POST" else 200
    context = {"page": page_of(point)}
    return page_or_part(request, "portal/settings/point_mode.html", "mode", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def create(request: HtmxRequest) -> HttpResponse:
    return _edit(request, EnforcementPoint())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def edit(request: HtmxRequest, point_id: int) -> HttpResponse:
    return _edit(request, fetch_or_refuse(EnforcementPoint.objects.all(), pk=point_id))


def _edit(request: HtmxRequest, point: EnforcementPoint) -> HttpResponse:
    title, listing_url = point.name or _("New enforcement point"), reverse("enforcement_points")
    form = PointForm(request.POST or None, instance=point)
    if is_taken(form, lambda: save_enforcement_point(form.save(commit=False), by=request.initiator)):
        messages.info(request, _("Saved."))
        return go_to(request, reverse("enforcement_point", args=[point.pk]))
    back = reverse("enforcement_point", args=[point.pk]) if point.pk else listing_url
    page = FormPage(title=title, above=_("Enforcement points"), above_url=listing_url, back=back)
    return form_page(request, form, page)
