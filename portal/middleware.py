"""What every request gets before a view sees it: an id, a true address, a checked session."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from audit.initiators import acting, reset_correlation_id, set_correlation_id
from portal import portal_sessions
from portal.access import to_sign_in
from portal.client_address import client_address
from portal.htmx import HtmxRequest
from portal.proofs import has_second_factor, may_open
from sessions_app.blacklist.verdict import Outcome
from sessions_app.doors.api.problems import problem

GetResponse = Callable[[HttpRequest], HttpResponse]

WITHOUT_SECOND_FACTOR = (
    "/accounts/",
    "/static/",
    "/theme/",
    "/healthz",
    "/readyz",
    "/step-up/",
    "/explanation/",
)
WITHOUT_EXPLANATION = ("/accounts/", "/theme/", "/step-up/", "/explanation/")
PATHS_OF_MACHINES = (
    "/api/",
    "/healthz",
    "/readyz",
    "/static/",
    "/.well-known/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/oauth/jwks",
)


class RequestIdentity:
    """Draws the correlation id (a client's own is never believed) and finds the true client address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identified = cast(HtmxRequest, request)
        identified.correlation_id = uuid.uuid4().hex
        identified.client_address = client_address(
            request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
        )
        token = set_correlation_id(identified.correlation_id)
        try:
            response = self.get_response(request)
        finally:
            reset_correlation_id(token)
        response["X-Request-Id"] = identified.correlation_id
        return response


class BodyLimit:
    """Refuses by its announced length what nobody may send, before any of it is kept: no server reads further."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        most = settings.LARGEST_REQUEST_BYTES
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and int(length[:20]) <= most:
            return self.get_response(request)
        if request.path.startswith(PATHS_OF_MACHINES):
            return problem(413, "body_too_large", _("The body is larger than anything taken here."))
        return render(None, "errors/413.html", {"most": most}, status=413)


class PortalSessionGuard:
    """Asks the guard about the portal session of everybody signed in, on every request.

    Ended: signed out here and sent to sign-in. Unknown: SQL decides (`truth`). Neither answers: refused.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PATHS_OF_MACHINES):
            return self.get_response(request)
        known = cast(HtmxRequest, request)
        if not known.user.is_authenticated:
            return self._unless_cut_off(known)
        try:
            verdict = portal_sessions.verdict_on(known)
        except DatabaseError:
            return render(request, "errors/503.html", status=503)
        if verdict.cause == "step_up" and portal_sessions.try_to_prove(known):
            verdict = portal_sessions.verdict_on(known)
        if verdict.cause == "step_up":
            return self._step_up(known)
        if verdict.outcome is not Outcome.ALLOWED:
            return self._signed_out(known, _("Your access to Curfew has been ended."))
        if not portal_sessions.note_use(known).is_fresh:
            return self._signed_out(
                known, _("You were signed out: after a time without use, or twelve hours after signing in.")
            )
        if _is_to_be_told(known):
            return HttpResponseRedirect(
                f"{reverse('explanation')}?{urlencode({'next': request.get_full_path()})}"
            )
        return self._answered(known)

    def _answered(self, request: HtmxRequest) -> HttpResponse:
        request.initiator = portal_sessions.initiator_for(request, request.user)
        with acting(request.initiator):
            response = self.get_response(request)
        # What only somebody signed in may see, a secret for a second factor among it, is kept by no browser.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _unless_cut_off(self, request: HtmxRequest) -> HttpResponse:
        """Somebody blocked is anonymous already (`SignInBackend.get_user`), but still carries the old session."""
        if portal_sessions.SID_KEY in request.session:
            return self._signed_out(request, _("Your access to Curfew has been ended."))
        return self.get_response(request)

    def _step_up(self, request: HtmxRequest) -> HttpResponse:
        """Nothing but proving a second factor, and being told why, is open to this session."""
        if may_open(request):
            return self._answered(request)
        target = f"{reverse('step_up')}?{urlencode({'next': request.get_full_path()})}"
        return HttpResponseClientRedirect(target) if request.htmx else HttpResponseRedirect(target)

    def _signed_out(self, request: HtmxRequest, sentence: str) -> HttpResponse:
        portal_sessions.end(request.session.get(portal_sessions.SID_KEY))
        logout(request)
        messages.warning(request, sentence)
        if request.path == reverse("oauth_authorize"):  # it knows which application asks, and what to tell it
            return HttpResponseRedirect(request.get_full_path())
        return to_sign_in(request)


def _is_to_be_told(request: HtmxRequest) -> bool:
    """Pages only: what a script asks for behind a page is not where somebody reads."""
    if portal_sessions.EXPLAIN_KEY not in request.session or request.method != "GET" or request.htmx:
        return False
    return (
        not request.path.startswith(WITHOUT_EXPLANATION)
        and "none" not in request.GET.get("prompt", "").split()
    )


class SignInLeadsOn:
    """Lets the forms on the way to an application end there: of sign-in, a second factor, an explanation.

    A browser holds the redirects that follow a form to the policy of the form's page (CSP 3, `form-action`). So
    whenever `authorize` sends somebody to a page of ours, the client's origin is kept until it sends them on.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path == reverse("oauth_authorize"):
            if response.get("Location", "").startswith("/"):
                portal_sessions.keep_where_it_leads(request)
            return response
        if request.path.startswith(WITHOUT_EXPLANATION) and portal_sessions.LEADS_TO_KEY in request.session:
            origin = request.session[portal_sessions.LEADS_TO_KEY]
            response._csp_update = {"form-action": [origin]}  # type: ignore[attr-defined]  # noqa: SLF001  # how django-csp is asked for one answer
        return response


class SecondFactorRequired:
    """Whoever holds a Role sets up a second factor before anything else, except in the demo."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = cast(HtmxRequest, request)
        if settings.DEMO or request.path.startswith(WITHOUT_SECOND_FACTOR + PATHS_OF_MACHINES):
            return self.get_response(request)
        if known.user.is_authenticated and known.user.roles and not has_second_factor(known.user):
            messages.info(request, _("Your role needs a second factor. Set one up to go on."))
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return self.get_response(request)
