"""People: find them, look at one, end one of their sessions, let them sign in again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import fetch_or_refuse, people_for, requires, sessions_for
from portal.ending_forms import EndingForm
from portal.forms import AllowSignInForm
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.looking import note_look_at
from portal.presenters.people import PeopleFilter, PeoplePage
from portal.presenters.person import PersonPage
from portal.presenters.refusals import status_of
from portal.presenters.reinstatement import ReinstateDialog, reinstated_words
from portal.recent_sign_in import recently_signed_in, typed_before
from portal.roles import May
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.models import Session, User
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.reasons import usable_by

PERSON = "portal/people/person.html"
ALLOW_SIGN_IN = "portal/people/allow_sign_in.html"


@require_safe
@requires(May.SEE_PEOPLE)
def people(request: HtmxRequest) -> HttpResponse:
    """Search and list."""
    page = PeoplePage(request.user, PeopleFilter.read(request.GET))
    return page_or_part(request, "portal/people/people.html", "people", {"people": page})


@require_safe
@requires(May.SEE_PEOPLE)
def person(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """One person. Opening their sessions is an entry in the trail."""
    user = _fetch(request, user_id, May.SEE_PEOPLE)
    page = PersonPage(user, request.user, tab=request.GET.get("tab", ""))
    if page.is_at_sessions:
        note_look_at(user, by=request.initiator)
    form = EndingForm(reasons=usable_by(request.user.roles))
    return page_or_part(request, PERSON, "live-sessions", {"page": page, "ending": form})


@require_POST
@requires(May.END_SESSIONS)
def end_session(request: HtmxRequest, user_id: UUID, session_id: UUID) -> HttpResponse:
    """End one session; the answer stands where the sessions are, or is the receipt where there is no htmx."""
    received_at = database_now()
    user = _fetch(request, user_id, May.END_SESSIONS)
    session = fetch_or_refuse(sessions_for(request.user, May.END_SESSIONS).filter(user=user), pk=session_id)
    form = EndingForm(request.POST, reasons=usable_by(request.user.roles))
    if not form.is_valid():
        return _sessions_with(request, session, form, status=422)
    try:
        revocation = revoke(form.order(session, by=request.initiator, received_at=received_at))
    except OrderRefused as refusal:
        form.refuse(refusal)
        return _sessions_with(request, session, form, status=status_of(refusal))
    if not request.htmx:
        return go_to(request, reverse("receipt", args=[revocation.receipt]))
    page = PersonPage(user, request.user, ended=revocation)
    fresh = EndingForm(reasons=usable_by(request.user.roles))
    return page_or_part(request, PERSON, "live-sessions", {"page": page, "ending": fresh})


def _sessions_with(request: HtmxRequest, session: Session, form: EndingForm, *, status: int) -> HttpResponse:
    """The sessions again, the refused form open in its row with everything that was typed."""
    context = {"page": PersonPage(session.user, request.user), "ending": form, "failed_key": session.pk.hex}
    return page_or_part(request, PERSON, "live-sessions", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.ALLOW_SIGN_IN_AGAIN)
@recently_signed_in
def allow_sign_in(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """Let somebody sign in again; what was ended stays ended."""
    user = _fetch(request, user_id, May.ALLOW_SIGN_IN_AGAIN)
    typed = typed_before(request)
    form = AllowSignInForm(request.POST or typed)
    context = {"dialog": ReinstateDialog(user, request.user), "form": form}
    if not form.is_valid() or typed:
        status = 422 if request.method == "POST" else 200
        return page_or_part(request, ALLOW_SIGN_IN, "allow-sign-in-dialog", context, status=status)
    try:
        done = allow_sign_in_again(user, by=request.initiator, reason=form.cleaned_data["reason"])
    except (OrderRefused, ChangeRefused) as refusal:
        form.add_error(None, str(refusal))
        status = status_of(refusal)
        return page_or_part(request, ALLOW_SIGN_IN, "allow-sign-in-dialog", context, status=status)
    messages.info(request, reinstated_words(user, done))
    return go_to(request, reverse("person", args=[user.pk]))


def _fetch(request: HtmxRequest, user_id: UUID, what: May) -> User:
    return fetch_or_refuse(people_for(request.user, what), pk=user_id)
