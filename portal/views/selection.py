"""Selected sessions: the preview that freezes them, and the click that ends exactly those."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import requires
from portal.htmx import HtmxRequest, go_to
from portal.presenters.refusals import status_of
from portal.presenters.selection import Selection, SelectionLost, TooMany, ids_of_open, read_ids
from portal.presenters.session_filter import SessionQuestion
from portal.presenters.termination import was_answered
from portal.recent_sign_in import Proof, ask_for_proof, recently_signed_in, typed_before
from portal.roles import May
from portal.selection_form import SelectionForm
from sessions_app.changes.end_many import ask_to_end
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import Order

PREVIEW = "portal/sessions/selection.html"


@require_POST
@requires(May.SEE_SESSIONS, May.END_SESSIONS)
def preview(request: HtmxRequest) -> HttpResponse:
    """Who, how many, what cannot be cut and what is left out: of the ticked rows, or of all that match."""
    question = SessionQuestion.read(request.user, request.POST)
    try:
        selection = _selected(request, question)
        selection.refuse_too_many()
    except TooMany as refused:
        context = {"question": question, "refusal": refused.sentence}
        return render(request, PREVIEW, context, status=422)
    return _ask(request, selection)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SEE_SESSIONS, May.END_SESSIONS)
@recently_signed_in
def end(request: HtmxRequest) -> HttpResponse:
    """End the frozen set. What appeared since stays; what ended since is not held against it.

    By GET it is the filled form again, for whoever had to prove who they are before.
    """
    received_at = database_now()
    posted = request.POST or typed_before(request) or QueryDict()
    try:
        selection = Selection.thaw(request.user, posted.get("frozen", ""))
    except SelectionLost:
        messages.warning(
            request, _("That selection is too old to be ended. Nothing was. Select the sessions again.")
        )
        return go_to(request, reverse("sessions"))
    form = SelectionForm(posted, selection=selection)
    if not form.is_valid() or request.method != "POST":
        return _ask(request, selection, form=form, status=422 if request.method == "POST" else 200)
    unproved = ask_for_proof(request, Proof.SECOND_FACTOR) if selection.why else None
    if unproved is not None:
        return unproved
    order = form.order(by=request.initiator, received_at=received_at)
    if not selection.is_still_allowed and not was_answered(order):
        news = _("What this would end has changed since you looked. Nothing was ended; look again.")
        return _ask(request, selection, status=409, news=news)
    try:
        return go_to(request, _carried_out(request, selection, order))
    except (OrderRefused, ChangeRefused) as refusal:
        form.add_error(None, str(refusal))
        return _ask(request, selection, form=form, status=status_of(refusal))


def _carried_out(request: HtmxRequest, selection: Selection, order: Order) -> str:
    """The address of what became of it: an approval that waits, or the receipt. Raises OrderRefused, ChangeRefused."""
    if not selection.why or was_answered(order):
        return reverse("receipt", args=[revoke(order).receipt])
    approval = ask_to_end(order, selection.scope, reach=selection.reach, by=request.initiator)
    return reverse("approval", args=[approval.pk])


def _selected(request: HtmxRequest, question: SessionQuestion) -> Selection:
    """Raises TooMany."""
    if "everything" in request.POST:
        return Selection(request.user, ids_of_open(question.sessions(), reader=request.user))
    return Selection(request.user, read_ids(request.POST.getlist("session")))


def _ask(
    request: HtmxRequest,
    selection: Selection,
    *,
    form: SelectionForm | None = None,
    status: int = 200,
    **said: Any,
) -> HttpResponse:
    context = {"selection": selection, "form": form or SelectionForm(selection=selection), **said}
    response = render(request, PREVIEW, context, status=status)
    response["Cache-Control"] = "no-store"
    return response
