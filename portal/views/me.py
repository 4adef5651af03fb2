"""One's own page: own sessions and how to end them, own roles, own second factor, and who looked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.access import fetch_or_refuse, requires
from portal.ending_forms import OWN_REASONS, EndingForm, new_order_key
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.portal_sessions import SID_KEY
from portal.presenters.looks import looks_at
from portal.presenters.own_sessions import own_ended
from portal.presenters.refusals import status_of
from portal.presenters.session_list import own_listed, with_what_rows_show
from portal.proofs import has_second_factor
from sessions_app.changes.suspicion import Suspicion, person_suspected
from sessions_app.models import Revocation, Session
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import NothingToEnd, OrderRefused
from sessions_app.revocation.orders import Order, SomeSessions

PAGE = "portal/me/page.html"
LONGEST_LIST = 200


@require_safe
@requires()
def me(request: HtmxRequest) -> HttpResponse:
    """Everything Curfew knows about one's own sign-ins."""
    return page_or_part(request, PAGE, "own-sessions", _context(request))


@require_POST
@requires()
def end_own(request: HtmxRequest, session_id: UUID) -> HttpResponse:
    """End one of one's own sessions, always allowed. Ending the one in use signs out."""
    received_at = database_now()
    session = fetch_or_refuse(Session.objects.of(request.user), pk=session_id)
    form = EndingForm(request.POST, reasons=OWN_REASONS)
    if not form.is_valid():
        return page_or_part(request, PAGE, "own-sessions", _context(request, form=form), status=422)
    try:
        revocation = revoke(form.order(session, by=request.initiator, received_at=received_at))
    except OrderRefused as refusal:
        form.refuse(refusal)
        return page_or_part(
            request, PAGE, "own-sessions", _context(request, form=form), status=status_of(refusal)
        )
    if session.sid == request.session.get(SID_KEY):
        return _signed_out(request)
    return page_or_part(request, PAGE, "own-sessions", _context(request, revocation=revocation))


@require_POST
@requires()
def end_others(request: HtmxRequest) -> HttpResponse:
    """End every own session but the one in use, at every application. One order, one receipt."""
    received_at = database_now()
    others = _others(request)
    if not others:
        return go_to(request, reverse("me"))
    order = Order(
        initiator=request.initiator,
        reason=Reason.USER_REQUEST,
        scope=SomeSessions.of(others),
        received_at=received_at,
        sessions_seen=len(others),
    )
    try:
        revocation = revoke(order)
    except NothingToEnd:
        return go_to(request, reverse("me"))
    return page_or_part(request, PAGE, "own-sessions", _context(request, revocation=revocation))


@require_POST
@requires()
def not_me(request: HtmxRequest) -> HttpResponse:
    """ "This was not me": everything of one's own ends, this session too, and a second factor is needed next."""
    suspicion = Suspicion(reason=Reason.LOST_DEVICE, received_at=database_now())
    person_suspected(request.user, suspicion, by=request.initiator)
    logout(request)
    messages.info(
        request,
        _("All your sessions were ended, this one too. Sign in again with your second factor."),
    )
    return go_to(request, reverse("account_login"))


def _signed_out(request: HtmxRequest) -> HttpResponse:
    logout(request)
    messages.info(request, _("You ended the session you were using, so you are signed out."))
    return go_to(request, reverse("account_login"))


def _others(request: HtmxRequest) -> list[UUID]:
    """Open ones that can end alone, without the one this browser uses."""
    own = Session.objects.of(request.user).open().exclude(sid=None)
    return list(own.exclude(sid=request.session.get(SID_KEY)).values_list("pk", flat=True))


def _context(
    request: HtmxRequest, *, form: EndingForm | None = None, revocation: Revocation | None = None
) -> dict[str, Any]:
    own = with_what_rows_show(Session.objects.of(request.user).open())[:LONGEST_LIST]
    return {
        "rows": own_listed(request.user, own),
        "others": len(_others(request)),
        "ended": own_ended(request.user),
        "current_sid": request.session.get(SID_KEY),
        "order_key": new_order_key(),
        "reasons": OWN_REASONS,
        "form": form,
        "revocation": revocation,
        "grants": request.user.active_grants(),
        "looks": looks_at(request.user),
        "has_second_factor": has_second_factor(request.user),
    }
