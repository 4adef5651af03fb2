"""An ending under way: how far it is, taking it back before it begins, and trying again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import fetch_or_refuse, projects_for, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.endings import EndingFilter, EndingPage
from portal.presenters.refusals import status_of
from portal.roles import May
from sessions_app.changes.end_project import cancel_ending, carry_out
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models import ProjectEnding

PAGE = "portal/endings/ending.html"
CANCEL = "portal/endings/cancel.html"


@require_safe
@requires(May.SEE_REVOCATIONS)
def ending(request: HtmxRequest, key: str, ending_id: UUID) -> HttpResponse:
    """People by systems. The part asks again by itself until nothing is left to wait for."""
    found = _fetch(request, May.SEE_REVOCATIONS, key, ending_id)
    page = EndingPage(found, request.user, EndingFilter.read(request.GET))
    return page_or_part(request, PAGE, "ending", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.END_PROJECTS)
def cancel(request: HtmxRequest, key: str, ending_id: UUID) -> HttpResponse:
    """The question, and the click that takes back what has not begun."""
    found = _fetch(request, May.END_PROJECTS, key, ending_id)
    page = EndingPage(found, request.user, EndingFilter())
    if request.method != "POST":
        status = 200 if page.may_cancel else 409
        return page_or_part(request, CANCEL, "cancel-dialog", {"page": page}, status=status)
    try:
        cancel_ending(found, by=request.initiator)
    except ChangeRefused as refusal:
        context = {"page": page, "refusal": str(refusal)}
        return page_or_part(request, CANCEL, "cancel-dialog", context, status=status_of(refusal))
    messages.info(request, _("Cancelled. %s goes on.") % page.name)
    return go_to(request, page.url)


@require_POST
@requires(May.END_PROJECTS)
def retry(request: HtmxRequest, key: str, ending_id: UUID) -> HttpResponse:
    """Do at once what the clock does every second. Harmless at any time and any number of times."""
    found = _fetch(request, May.END_PROJECTS, key, ending_id)
    carry_out(found, by=request.initiator)
    page = EndingPage(found, request.user, EndingFilter())
    return go_to(request, page.url)


def _fetch(request: HtmxRequest, right: May, key: str, ending_id: UUID) -> ProjectEnding:
    project = fetch_or_refuse(projects_for(request.user, right), key=key)
    endings = ProjectEnding.objects.filter(project=project)
    related = endings.select_related("project", "revocation", "initiator_user", "cancelled_by")
    return fetch_or_refuse(related, pk=ending_id)
