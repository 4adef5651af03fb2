"""Change role: which groups somebody is in, and with them what they may do in the company's applications."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, people_for, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.refusals import status_of
from portal.presenters.role_change import RoleDialog, changed_words
from portal.recent_sign_in import recently_signed_in, typed_before
from portal.role_forms import ProofForm, RoleForm
from portal.roles import May
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.role_changes import Wish, note_refused_change, role_changed
from sessions_app.changes.suspicion import allow_enrolment, waive_second_factor
from sessions_app.models import User
from sessions_app.models.moments import database_now
from sessions_app.revocation.errors import ActingOnOneself, OrderRefused, PrivilegedPerson

DIALOG = "portal/people/change_role.html"
PROOF = "portal/people/proof.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_MEMBERSHIPS)
@recently_signed_in
def change_role(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """The dialog with what is true now, and what it sends."""
    received_at = database_now()
    person = _fetch(request, user_id)
    dialog = RoleDialog(person, request.user)
    typed = typed_before(request)
    form = RoleForm(request.POST or typed, dialog=dialog)
    context = {"dialog": dialog, "form": form}
    if dialog.refusal and request.method == "POST":
        why = ActingOnOneself.code if person == request.user else PrivilegedPerson.code
        note_refused_change(person, why=why, by=request.initiator)
        return page_or_part(request, DIALOG, "change-role-dialog", context, status=403)
    if dialog.refusal or not form.is_valid() or typed:
        status = 422 if request.method == "POST" else 200
        return page_or_part(request, DIALOG, "change-role-dialog", context, status=status)
    wish = Wish(
        received_at=received_at,
        note=form.cleaned_data["note"],
        ticket=form.cleaned_data["ticket"],
        order_key=str(form.cleaned_data["order_key"]),
    )
    try:
        outcome = role_changed(person, form.groups, by=request.initiator, wish=wish)
    except (ChangeRefused, OrderRefused) as refusal:
        form.add_error(None, str(refusal))
        return page_or_part(request, DIALOG, "change-role-dialog", context, status=status_of(refusal))
    if outcome.revocation is not None:
        return go_to(request, reverse("receipt", args=[outcome.revocation.receipt]))
    messages.info(request, changed_words(person, outcome))
    return go_to(request, f"{reverse('person', args=[person.pk])}?tab=access")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.ALLOW_SIGN_IN_AGAIN)
@recently_signed_in
def proof(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """For somebody of whom a second factor is demanded: let them set one up, or say how else they were identified."""
    person = fetch_or_refuse(people_for(request.user, May.ALLOW_SIGN_IN_AGAIN), pk=user_id)
    typed = typed_before(request)
    form = ProofForm(request.POST or typed)
    context = {"form": form, "person": person, "back": reverse("person", args=[person.pk])}
    if not form.is_valid() or typed:
        status = 422 if request.method == "POST" else 200
        return page_or_part(request, PROOF, "proof-dialog", context, status=status)
    change = waive_second_factor if form.is_waiver else allow_enrolment
    try:
        change(person, by=request.initiator, reason=form.cleaned_data["reason"])
    except (ChangeRefused, OrderRefused) as refusal:
        form.add_error(None, str(refusal))
        return page_or_part(request, PROOF, "proof-dialog", context, status=status_of(refusal))
    messages.info(request, form.done_words)
    return go_to(request, reverse("person", args=[person.pk]))


def _fetch(request: HtmxRequest, user_id: UUID) -> User:
    return fetch_or_refuse(people_for(request.user, May.CHANGE_MEMBERSHIPS), pk=user_id)
