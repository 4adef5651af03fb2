"""End the access of many: who is meant, the preview that freezes them, and the click; and sign out everyone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import requires
from portal.crowd_form import CrowdForm, WhichEntitlementForm, WhichGroupForm, read_chosen
from portal.htmx import HtmxRequest, go_to
from portal.presenters.crowd import (
    MOST_PEOPLE,
    Crowd,
    CrowdLost,
    CrowdTooLarge,
    choose,
    entitlements_offered,
    groups_offered,
    is_nobody,
)
from portal.presenters.refusals import status_of
from portal.recent_sign_in import Proof, ask_for_proof, recently_signed_in, typed_before
from portal.roles import May
from sessions_app.changes.end_many import ask_to_end
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.orders import Everyone, Order

PREVIEW = "portal/people/crowd.html"


@require_safe
@requires(May.TERMINATE_PEOPLE)
def choose_many(request: HtmxRequest) -> HttpResponse:
    """A group, or whoever has an entitlement; people by name are ticked in the list of people."""
    forms = [
        WhichGroupForm(groups_offered(request.user)),
        WhichEntitlementForm(entitlements_offered(request.user)),
    ]
    return render(request, "portal/people/many.html", {"forms": forms})


@require_POST
@requires(May.TERMINATE_PEOPLE)
def preview(request: HtmxRequest) -> HttpResponse:
    """Who, how many, who is left out, and whether it takes a second person."""
    try:
        crowd = Crowd(request.user, choose(request.user, read_chosen(request.POST)))
    except CrowdTooLarge:
        return render(request, PREVIEW, {"too_many": MOST_PEOPLE}, status=422)
    return _ask(request, crowd)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.TERMINATE_PEOPLE)
@recently_signed_in
def end(request: HtmxRequest) -> HttpResponse:
    """What was frozen: exactly those people, or the members as they are now."""
    return _end(request, lost=reverse("people_many"))


@require_safe
@requires(May.SIGN_OUT_EVERYONE)
def everyone(request: HtmxRequest) -> HttpResponse:
    """What signing everyone out would do."""
    return _ask(request, Crowd(request.user, Everyone()))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SIGN_OUT_EVERYONE)
@recently_signed_in
def end_everyone(request: HtmxRequest) -> HttpResponse:
    """Always with a second person."""
    return _end(request, lost=reverse("everyone"))


def _end(request: HtmxRequest, *, lost: str) -> HttpResponse:
    """By GET it is the filled form again, for whoever had to prove who they are before."""
    received_at = database_now()
    posted = request.POST or typed_before(request) or QueryDict()
    try:
        crowd = Crowd.thaw(request.user, posted.get("frozen", ""))
    except CrowdLost:
        messages.warning(
            request, _("That preview is too old, or your rights have changed. Nobody's access was ended.")
        )
        return go_to(request, lost)
    form = CrowdForm(posted, crowd=crowd)
    if not form.is_valid() or request.method != "POST":
        return _ask(request, crowd, form=form, status=422 if request.method == "POST" else 200)
    unproved = ask_for_proof(request, Proof.SECOND_FACTOR) if crowd.why else None
    if unproved is not None:
        return unproved
    order = form.order(by=request.initiator, received_at=received_at)
    try:
        return go_to(request, _carried_out(request, crowd, order))
    except (OrderRefused, ChangeRefused) as refusal:
        form.add_error(None, str(refusal))
        return _ask(request, crowd, form=form, status=status_of(refusal))


def _carried_out(request: HtmxRequest, crowd: Crowd, order: Order) -> str:
    """The address of what became of it: an approval that waits, or the receipt. Raises OrderRefused, ChangeRefused."""
    if crowd.why:
        approval = ask_to_end(order, crowd.scope, reach=crowd.reach, by=request.initiator)
        return reverse("approval", args=[approval.pk])
    return reverse("receipt", args=[revoke(order).receipt])


def _ask(
    request: HtmxRequest, crowd: Crowd, *, form: CrowdForm | None = None, status: int = 200, **said: Any
) -> HttpResponse:
    if is_nobody(crowd):
        return render(request, PREVIEW, {"nobody": True, "crowd": crowd}, status=status)
    context = {"crowd": crowd, "form": form or CrowdForm(crowd=crowd), **said}
    response = render(request, PREVIEW, context, status=status)
    response["Cache-Control"] = "no-store"
    return response
