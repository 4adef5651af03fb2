"""What every request gets before a view sees it: an id, a true address, a checked session."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.initiators import acting, reset_correlation_id, set_correlation_id
from portal import portal_sessions
from portal.access import to_sign_in
from portal.client_address import client_address
from portal.htmx import HtmxRequest
from sessions_app.blacklist.verdict import Outcome

GetResponse = Callable[[HttpRequest], HttpResponse]

WITHOUT_SECOND_FACTOR = ("/accounts/", "/static/", "/theme/", "/healthz", "/readyz")
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
        if verdict.outcome is not Outcome.ALLOWED:
            return self._signed_out(known, _("Your access to Curfew has been ended."))
        if not portal_sessions.note_use(known).is_fresh:
            return self._signed_out(
                known, _("You were signed out: after a time without use, or twelve hours after signing in.")
            )
        known.initiator = portal_sessions.initiator_for(request, known.user)
        with acting(known.initiator):
            response = self.get_response(request)
        # What only somebody signed in may see, a secret for a second factor among it, is kept by no browser.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _unless_cut_off(self, request: HtmxRequest) -> HttpResponse:
        """Somebody blocked is anonymous already (`SignInBackend.get_user`), but still carries the old session."""
        if portal_sessions.SID_KEY in request.session:
            return self._signed_out(request, _("Your access to Curfew has been ended."))
        return self.get_response(request)

    def _signed_out(self, request: HtmxRequest, sentence: str) -> HttpResponse:
        portal_sessions.end(request.session.get(portal_sessions.SID_KEY))
        logout(request)
        messages.warning(request, sentence)
        return to_sign_in(request)


class SecondFactorRequired:
    """Whoever holds a Role sets up a second factor before anything else, except in the demo."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = cast(HtmxRequest, request)
        if settings.DEMO or request.path.startswith(WITHOUT_SECOND_FACTOR + PATHS_OF_MACHINES):
            return self.get_response(request)
        if known.user.is_authenticated and known.user.roles and not _has_second_factor(known):
            messages.info(request, _("Your role needs a second factor. Set one up to go on."))
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return self.get_response(request)


def _has_second_factor(request: HtmxRequest) -> bool:
    from allauth.mfa.models import Authenticator

    return bool(Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP).exists())
