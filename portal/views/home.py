"""Where somebody begins: the Overview with what waits for them, or the page their work is on."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from portal.access import may, requires
from portal.htmx import HtmxRequest, page_or_part
from portal.presenters.overview import Overview
from portal.roles import May


@require_safe
@requires()
def home(request: HtmxRequest) -> HttpResponse:
    """Who decides or ends nothing begins at settings, or at their own sessions."""
    if may(request.user, May.SEE_APPROVALS):
        context = {"overview": Overview(request.user)}
        return page_or_part(request, "portal/overview.html", "overview", context)
    return HttpResponseRedirect("/settings/" if may(request.user, May.CHANGE_CONFIGURATION) else "/me/")
