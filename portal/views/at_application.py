"""End one person's sessions at one application, and leave everything else of theirs as it is."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, people_for, requires
from portal.at_application_form import AtApplicationForm
from portal.htmx import HtmxRequest, go_to
from portal.presenters.refusals import status_of
from portal.presenters.words import name_of
from portal.recent_sign_in import recently_signed_in, typed_before
from portal.roles import May
from sessions_app.models import Application, Session, User
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import OrderRefused

PAGE = "portal/people/at_application.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.END_SESSIONS)
@recently_signed_in
def end(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """The question, and the click."""
    received_at = database_now()
    person = fetch_or_refuse(people_for(request.user, May.END_SESSIONS), pk=user_id)
    seen_at = _applications_of(person)
    posted = request.POST or typed_before(request)
    form = AtApplicationForm(posted, person=person, reader=request.user, seen_at=seen_at)
    if request.method != "POST":
        return _ask(request, person, form)
    if not form.is_valid():
        return _ask(request, person, form, status=422)
    try:
        revocation = revoke(form.order(by=request.initiator, received_at=received_at))
    except OrderRefused as refusal:
        form.add_error(None, str(refusal))
        return _ask(request, person, form, status=status_of(refusal))
    return go_to(request, reverse("receipt", args=[revocation.receipt]))


def _applications_of(person: User) -> list[tuple[Application, int]]:
    """Where they have sessions open now, with how many."""
    open_now = Session.objects.of(person).open().values("pk")
    counted = Application.objects.annotate(count=Count("sessions", filter=Q(sessions__in=open_now)))
    return [(application, application.count) for application in counted.filter(count__gt=0).order_by("name")]


def _ask(request: HtmxRequest, person: User, form: AtApplicationForm, *, status: int = 200) -> HttpResponse:
    context = {"person": person, "name": name_of(person), "form": form}
    return render(request, PAGE, context, status=status)
