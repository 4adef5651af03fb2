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
from portal.settings_forms import PointForm, say_refusal
from sessions_app.changes.configuration import save_enforcement_point
from sessions_app.changes.errors import ChangeRefused
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
    title = point.name or _("New enforcement point")
    form = PointForm(request.POST or None, instance=point)
    if form.is_valid() and _is_saved(request, form):
        messages.info(request, _("Saved."))
        return go_to(request, reverse("enforcement_point", args=[point.pk]))
    context = {"form": form, "title": title, "point": point}
    status = 422 if form.is_bound else 200
    return page_or_part(request, "portal/settings/point_edit.html", "point", context, status=status)


def _is_saved(request: HtmxRequest, form: PointForm) -> bool:
    try:
        save_enforcement_point(form.save(commit=False), by=request.initiator)
    except ChangeRefused as refusal:
        say_refusal(form, refusal)
        return False
    return True
