"""GET and POST /oauth/authorize: somebody signs in to an application with what they are here (RFC 6749, OIDC Core)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.http import OAuth2ResponseRedirect
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.openid.connect.core.exceptions import ConsentRequired, InteractionRequired, LoginRequired

from portal.access import to_sign_in
from portal.htmx import HtmxRequest
from portal.portal_sessions import SID_KEY, try_to_prove
from portal.proofs import has_second_factor, where_to_prove
from sessions_app.changes.consents import has_consented, note_consent, note_refused_consent
from sessions_app.models import OAuthClient, Session
from sessions_app.tokens.families import Origin
from sessions_app.tokens.own_issuer import SECOND_FACTOR_ACR, SECOND_FACTORS
from sessions_app.tokens.parameters import UnmetAuthenticationRequirements, can_be_read
from sessions_app.tokens.scopes import words_of
from sessions_app.tokens.server import core_for, with_issuer
from sessions_app.tokens.validator import CurfewValidator

AGAIN = "portal/oauth/again.html"
CONSENT = "portal/oauth/consent.html"
REFUSED = "portal/oauth/refused.html"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An authorization request whose client and redirect address are genuine."""

    client: OAuthClient
    scopes: list[str]
    credentials: dict[str, Any]

    @property
    def redirect_uri(self) -> str:
        return str(self.credentials["redirect_uri"])

    @property
    def origin(self) -> str:
        """Where it leads, as a content policy names it."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


Step = tuple[type[errors.OAuth2Error], Callable[[HtmxRequest, Asked], HttpResponse]]


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HtmxRequest) -> HttpResponse:
    """Ask to sign in, then for a second factor, then for consent; then send the browser back with a code.

    A request whose client or redirect address is wrong never leads anywhere: it is answered with a page.
    """
    if not can_be_read(request.META.get("QUERY_STRING", ""), request.GET):
        return _refuse(request, "form")
    validator = CurfewValidator(person=request.user if request.user.is_authenticated else None)
    core = core_for(validator)
    try:
        scopes, credentials = core.validate_authorization_request(request)
    except FatalClientError as failure:
        return _refuse(request, _what_is_wrong(failure.oauthlib_error))
    except OAuthToolkitError as failure:
        return _send_error(request, failure.oauthlib_error, validator)
    assert validator.client is not None
    asked = Asked(client=validator.client, scopes=list(scopes), credentials=credentials)
    step = _step_before(request, asked)
    if step is None:
        return _answer(request, core, asked, allow=request.method != "POST" or "allow" in request.POST)
    error, ask = step
    return _tell(error, asked) if "none" in _prompts(request) else ask(request, asked)


# Who may ask is settled above, request by request: a client must be told `login_required`, not led to sign-in.
authorize.required_rights = ()  # type: ignore[attr-defined]  # read by the test that every view names its rights


def _step_before(request: HtmxRequest, asked: Asked) -> Step | None:
    """What is to be done before there is a code, and what a client is told that wants no page shown for it."""
    if not request.user.is_authenticated:
        return LoginRequired, lambda request, _asked: to_sign_in(request)
    if _must_sign_in_anew(request):
        return LoginRequired, _sign_in_anew
    if _lacks_second_factor(request):
        return InteractionRequired, _ask_for_second_factor
    if request.method != "POST" and _needs_consent(request, asked):
        return ConsentRequired, _ask_for_consent
    return None


def _prompts(request: HtmxRequest) -> set[str]:
    return set(request.GET.get("prompt", "").split())


def _must_sign_in_anew(request: HtmxRequest) -> bool:
    if "login" in _prompts(request):
        return True
    longest = request.GET.get("max_age", "")
    if not longest.isascii() or not longest.isdigit():
        return False
    session = _portal_session(request)
    return (timezone.now() - session.began_at).total_seconds() > min(int(longest[:9]), 10**9)


def _sign_in_anew(request: HtmxRequest, asked: Asked) -> HttpResponse:
    """Ask, then sign out here and come back with the same question, less what has then been done.

    Any page on the web can send a browser here; only somebody who says so on our own page is signed out.
    """
    if "deny" in request.POST:
        return _tell(errors.AccessDeniedError, asked)
    if "again" not in request.POST:
        return _show(request, AGAIN, asked)
    kept = request.GET.copy()
    kept.pop("max_age", None)
    kept["prompt"] = " ".join(_prompts(request) - {"login"})
    address = f"{request.path}?{kept.urlencode()}"
    logout(request)
    return redirect_to_login(address)


def _lacks_second_factor(request: HtmxRequest) -> bool:
    """Whether the client asks for one (RFC 9470, OIDC Core `acr_values`) that nobody has proved here yet."""
    if SECOND_FACTOR_ACR not in request.GET.get("acr_values", "").split():
        return False
    proved = _portal_session(request).authentication_methods
    return set(proved).isdisjoint(SECOND_FACTORS) and not try_to_prove(request)


def _ask_for_second_factor(request: HtmxRequest, asked: Asked) -> HttpResponse:
    """Somebody who has none is not led into setting one up: whoever knows the password could."""
    if not has_second_factor(request.user):
        return _tell(UnmetAuthenticationRequirements, asked)
    way_back = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{where_to_prove(request.user)}?{way_back}")


def _needs_consent(request: HtmxRequest, asked: Asked) -> bool:
    if "consent" in _prompts(request):
        return True
    return not asked.client.skip_authorization and not has_consented(request.user, asked.client, asked.scopes)


def _ask_for_consent(request: HtmxRequest, asked: Asked) -> HttpResponse:
    return _show(request, CONSENT, asked)


def _show(request: HtmxRequest, template: str, asked: Asked) -> HttpResponse:
    context = {
        "client": asked.client,
        "scopes": words_of(asked.scopes),
        "host": urlsplit(asked.redirect_uri).netloc,
        "person": request.user,
    }
    return _may_lead_to(asked, render(request, template, context))


def _answer(request: HtmxRequest, core: Any, asked: Asked, *, allow: bool) -> HttpResponse:
    """With a code where it is allowed; the client is told either way."""
    if request.method == "POST":
        _note_answer(request, asked, allow=allow)
    asked.credentials["origin"] = Origin(
        portal_session=_portal_session(request),
        address=request.client_address,
        user_agent=request.headers.get("User-Agent", ""),
    )
    try:
        uri, _headers, _body, _status = core.create_authorization_response(
            request, scopes=asked.scopes, credentials=asked.credentials, allow=allow
        )
    except OAuthToolkitError as failure:
        return _back_with(failure.oauthlib_error, asked.client, asked.redirect_uri)
    return _may_lead_to(asked, OAuth2ResponseRedirect(uri, asked.client.get_allowed_schemes()))


def _note_answer(request: HtmxRequest, asked: Asked, *, allow: bool) -> None:
    if allow:
        note_consent(request.user, asked.client, asked.scopes, by=request.initiator)
    else:
        note_refused_consent(asked.client, asked.scopes, by=request.initiator)


def _portal_session(request: HtmxRequest) -> Session:
    return Session.objects.get(sid=request.session[SID_KEY], user=request.user)


def _tell(error: type[errors.OAuth2Error], asked: Asked) -> HttpResponse:
    return _back_with(error(request=asked.credentials["request"]), asked.client, asked.redirect_uri)


def _send_error(request: HtmxRequest, error: errors.OAuth2Error, validator: CurfewValidator) -> HttpResponse:
    """The redirect address was found genuine before anything else was looked at, so the error may go there."""
    assert validator.client is not None
    error.state = error.state or request.GET.get("state")  # oauthlib forgets it for malformed claims
    redirect_uri = request.GET.get("redirect_uri") or validator.client.default_redirect_uri
    return _back_with(error, validator.client, redirect_uri)


def _back_with(error: errors.OAuth2Error, client: OAuthClient, redirect_uri: str) -> HttpResponse:
    return OAuth2ResponseRedirect(with_issuer(error.in_uri(redirect_uri)), client.get_allowed_schemes())


def _may_lead_to(asked: Asked, response: HttpResponse) -> HttpResponse:
    """The policy forbids forms that lead elsewhere; this one ends, by a redirect, at the client's own address."""
    response._csp_update = {"form-action": [asked.origin]}  # type: ignore[attr-defined]  # noqa: SLF001  # how django-csp is asked for one answer
    return response


def _what_is_wrong(error: errors.OAuth2Error) -> str:
    if isinstance(error, errors.InvalidClientIdError | errors.MissingClientIdError):
        return "client"
    # The base of the family is what a request gets whose parameters contradict each other.
    return "form" if type(error) is errors.InvalidRequestFatalError else "address"


def _refuse(request: HtmxRequest, wrong: str) -> HttpResponse:
    return render(request, REFUSED, {"wrong": wrong}, status=400)
