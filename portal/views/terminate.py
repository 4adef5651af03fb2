"""Terminate now: the question, and the one click that ends all of a person's access."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, people_for, requires
from portal.forms import TerminateForm
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.refusals import is_about_the_person, status_of
from portal.presenters.termination import Termination, already_done_words, was_answered
from portal.recent_sign_in import ask_for_proof, typed_before
from portal.roles import May
from sessions_app.changes.approved_deeds import ask_to_terminate
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models import Revocation
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import answers_another, revoke
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import Order


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.TERMINATE_PEOPLE)
def terminate(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """The dialog, and what it sends."""
    received_at = database_now()
    person = fetch_or_refuse(people_for(request.user, May.TERMINATE_PEOPLE), pk=user_id)
    termination = Termination(person, request.user)
    if request.method != "POST":
        return _refused(request, termination) if termination.refusal else _show(request, termination)
    asked = ask_for_proof(request, termination.proof)
    if asked is not None:
        return asked
    form = TerminateForm(request.POST, termination=termination)
    if not form.is_valid():
        return _ask(request, termination, form=form, status=422)
    order = form.order(by=request.initiator, received_at=received_at)
    changes = termination.changes_since(form.cleaned_data["seen"])
    # Asking again is no use where the answer is no anyway: the engine refuses that, and records it.
    if changes and termination.refusal is None and not was_answered(order):
        form.show_anew()
        return _ask(request, termination, form=form, status=409, changes=changes)
    return _carry_out(request, termination, form=form, order=order)


def _show(request: HtmxRequest, termination: Termination) -> HttpResponse:
    """The dialog; filled in as before, where somebody has just proved who they are."""
    typed = typed_before(request)
    if typed is None:
        return _ask(request, termination)
    form = TerminateForm(typed, termination=termination)
    form.show_anew()
    return _ask(request, termination, form=form)


def _carry_out(
    request: HtmxRequest, termination: Termination, *, form: TerminateForm, order: Order
) -> HttpResponse:
    try:
        if termination.needs_second_person and termination.refusal is None:
            approval = ask_to_terminate(termination.person, order, by=request.initiator)
            return go_to(request, reverse("approval", args=[approval.pk]))
        revocation = revoke(order)
    except (OrderRefused, ChangeRefused) as refusal:
        if is_about_the_person(refusal):
            return _refused(request, termination, was_recorded=True)
        return _ask(request, termination, form=form, status=status_of(refusal), refusal=str(refusal))
    if answers_another(revocation, order):
        messages.info(request, already_done_words(revocation, reader=request.user))
    return go_to(request, _where_it_is_shown(termination, revocation))


def _where_it_is_shown(termination: Termination, revocation: Revocation) -> str:
    """The receipt; the person, where it is somebody else's receipt that this role may not open."""
    readable = termination.may_read(revocation)
    return reverse("receipt", args=[revocation.receipt]) if readable else termination.person_url


def _ask(
    request: HtmxRequest,
    termination: Termination,
    *,
    form: TerminateForm | None = None,
    status: int = 200,
    **said: Any,
) -> HttpResponse:
    form = form or TerminateForm(termination=termination)
    context = {"termination": termination, "form": form, **said}
    return page_or_part(request, "portal/people/terminate.html", "terminate-dialog", context, status=status)


def _refused(request: HtmxRequest, termination: Termination, *, was_recorded: bool = False) -> HttpResponse:
    """A page of its own: a dialog that cannot be answered would only be in the way."""
    if request.htmx:
        return go_to(request, termination.url)
    context = {"termination": termination, "was_recorded": was_recorded}
    return render(request, "portal/people/refused.html", context, status=403)
