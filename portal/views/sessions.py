"""Everybody's sessions: find them, look at one, end it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.access import fetch_or_refuse, may, requires, sessions_for
from portal.ending_forms import EndingForm
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.looking import note_look_at
from portal.presenters.refusals import status_of
from portal.presenters.session_filter import SessionQuestion
from portal.presenters.session_list import listed_for, shows_origin, with_what_rows_show
from portal.presenters.session_paging import BadCursor, page_of
from portal.roles import May
from sessions_app.models import Session
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import OrderRefused
from sessions_app.revocation.reasons import usable_by

DETAIL = "portal/sessions/detail.html"


@require_safe
@requires(May.SEE_SESSIONS)
def listing(request: HtmxRequest) -> HttpResponse:
    """Newest use first, fifty at a time; the address holds every filter."""
    question = SessionQuestion.read(request.user, request.GET)
    found = question.sessions()
    try:
        page = page_of(found, after=request.GET.get("after", ""))
    except BadCursor:
        return HttpResponseRedirect(f"{request.path}?{question.encoded}")
    context = {
        "question": question,
        "rows": listed_for(request.user, page.sessions),
        "shows_origin": shows_origin(request.user),
        "next": page.next,
        "is_first": not request.GET.get("after"),
        "selects": may(request.user, May.END_SESSIONS),
        "signs_out_everyone": may(request.user, May.SIGN_OUT_EVERYONE),
        "looked_at": timezone.now().isoformat(),
        "live": sessions_for(request.user, May.SEE_SESSIONS).open().count(),
        "matching": found.aggregate(sessions=Count("pk"), people=Count("user", distinct=True)),
    }
    return page_or_part(request, "portal/sessions/list.html", "sessions", context)


@require_safe
@requires(May.SEE_SESSIONS)
def news(request: HtmxRequest) -> HttpResponse:
    """How many sessions that match began since the page was drawn; the rows stay where they are."""
    question = SessionQuestion.read(request.user, request.GET)
    since = _moment(request.GET.get("since", ""))
    count = question.sessions().filter(began_at__gt=since).count() if since else 0
    context = {"question": question, "looked_at": since.isoformat() if since else "", "new": count}
    return page_or_part(request, "portal/sessions/news.html", "news", context)


@require_safe
@requires(May.SEE_SESSIONS)
def detail(request: HtmxRequest, session_id: UUID) -> HttpResponse:
    """One session opened, which is an entry; with the form that ends it for those who may."""
    session = _fetch(request, May.SEE_SESSIONS, session_id)
    note_look_at(session.user, by=request.initiator)
    form = EndingForm(reasons=usable_by(request.user.roles))
    return page_or_part(request, DETAIL, "session", _context(request, session, form=form))


@require_safe
@requires(May.SEE_SESSIONS)
def row(request: HtmxRequest, session_id: UUID) -> HttpResponse:
    """The row closed again. Without htmx there is nothing to close, so the page itself."""
    if not request.htmx:
        return redirect("session", session_id=session_id)
    session = _fetch(request, May.SEE_SESSIONS, session_id)
    return page_or_part(request, "portal/sessions/row.html", "row", _context(request, session))


@require_POST
@requires(May.END_SESSIONS)
def end(request: HtmxRequest, session_id: UUID) -> HttpResponse:
    """End this one session. Own ones are ended at `/me/`, where nobody is surprised by it."""
    received_at = database_now()
    session = _fetch(request, May.END_SESSIONS, session_id)
    if session.user_id == request.user.pk:
        return go_to(request, reverse("me"))
    form = EndingForm(request.POST, reasons=usable_by(request.user.roles))
    if not form.is_valid():
        return page_or_part(request, DETAIL, "session", _context(request, session, form=form), status=422)
    try:
        revocation = revoke(form.order(session, by=request.initiator, received_at=received_at))
    except OrderRefused as refusal:
        form.refuse(refusal)
        context = _context(request, session, form=form)
        return page_or_part(request, DETAIL, "session", context, status=status_of(refusal))
    if not request.htmx:
        return go_to(request, reverse("receipt", args=[revocation.receipt]))
    ended = _fetch(request, May.SEE_SESSIONS, session_id)
    return page_or_part(request, DETAIL, "session", _context(request, ended, revocation=revocation))


def _fetch(request: HtmxRequest, right: May, session_id: UUID) -> Session:
    return fetch_or_refuse(with_what_rows_show(sessions_for(request.user, right)), pk=session_id)


def _context(request: HtmxRequest, session: Session, **more: Any) -> dict[str, Any]:
    (shown,) = listed_for(request.user, [session])
    selects = may(request.user, May.END_SESSIONS)
    return {"row": shown, "shows_origin": shows_origin(request.user), "selects": selects, **more}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
