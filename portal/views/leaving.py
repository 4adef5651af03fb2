"""Schedule leaving: the last working moment of one person, changed and taken back until it begins."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, people_for, record_refused_page, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.leaving_form import LeavingForm
from portal.presenters.leaving_dialog import LeavingDialog
from portal.presenters.leavings import scheduled_words
from portal.presenters.refusals import status_of
from portal.presenters.words import name_of
from portal.recent_sign_in import recently_signed_in, typed_before
from portal.roles import May
from sessions_app.changes.errors import ChangeRefused, ValuesRefused
from sessions_app.changes.leavings import cancel_leaving, schedule_leaving
from sessions_app.models.moments import database_now
from sessions_app.revocation.errors import OrderRefused, TicketMalformed

SCHEDULE = "portal/people/leaving.html"
TAKE_BACK = "portal/people/leaving_cancel.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SCHEDULE_LEAVING)
@recently_signed_in
def schedule(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """The dialog, and what it sends."""
    received_at = database_now()
    dialog = _dialog(request, user_id)
    if dialog.refusal:
        return _refused(request, dialog)
    if request.method != "POST":
        return _ask(request, dialog, LeavingForm(typed_before(request), dialog=dialog), status=200)
    form = LeavingForm(request.POST, dialog=dialog)
    if not form.is_valid():
        return _ask(request, dialog, form, status=422)
    try:
        leaving = schedule_leaving(dialog.person, form.wish(received_at=received_at), by=request.initiator)
    except ChangeRefused as refusal:
        form.refuse(refusal)
        is_theirs = isinstance(refusal, ValuesRefused)
        return _ask(request, dialog, form, status=422 if is_theirs else status_of(refusal))
    except OrderRefused as refusal:
        form.add_error("ticket" if isinstance(refusal, TicketMalformed) else None, str(refusal))
        return _ask(request, dialog, form, status=422)
    messages.info(request, scheduled_words(leaving, form.moment))
    return go_to(request, dialog.person_url)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SCHEDULE_LEAVING)
@recently_signed_in
def cancel(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """Take a leaving back before it begins."""
    dialog = _dialog(request, user_id)
    if dialog.refusal:
        return _refused(request, dialog)
    if dialog.standing is None or request.method != "POST":
        return _ask_back(request, dialog)
    try:
        cancel_leaving(dialog.standing, by=request.initiator)
    except (ChangeRefused, OrderRefused) as refusal:
        return _ask_back(request, dialog, refusal=str(refusal), status=status_of(refusal))
    messages.info(request, _("The leaving of %s was taken back.") % name_of(dialog.person))
    return go_to(request, dialog.person_url)


def _dialog(request: HtmxRequest, user_id: UUID) -> LeavingDialog:
    person = fetch_or_refuse(people_for(request.user, May.TERMINATE_PEOPLE), pk=user_id)
    return LeavingDialog(person, request.user)


def _ask(request: HtmxRequest, dialog: LeavingDialog, form: LeavingForm, *, status: int) -> HttpResponse:
    return page_or_part(request, SCHEDULE, "leaving-dialog", {"dialog": dialog, "form": form}, status=status)


def _ask_back(
    request: HtmxRequest, dialog: LeavingDialog, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    context = {"dialog": dialog, "refusal": refusal}
    return page_or_part(request, TAKE_BACK, "leaving-cancel-dialog", context, status=status)


def _refused(request: HtmxRequest, dialog: LeavingDialog) -> HttpResponse:
    """Who could do it instead; a click is recorded, a look at the question is not."""
    if request.method != "POST":
        return page_or_part(request, SCHEDULE, "leaving-dialog", {"dialog": dialog})
    record_refused_page(request, request.initiator, why=May.SCHEDULE_LEAVING.name.lower())
    context = {"dialog": dialog}
    return page_or_part(request, SCHEDULE, "leaving-dialog", context, status=HTTPStatus.FORBIDDEN)
