"""Issuers: whose tokens are accepted and how they are read; a token explained; what guards elsewhere need."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.events import Events
from audit.record import record
from portal.access import fetch_or_refuse, may, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.issuer_form import FIELDS_OF_PROBLEMS, PRESET_NAMES, IssuerForm, initial_of
from portal.roles import May
from portal.settings_forms import TokenForm, say_refusal
from sessions_app.blacklist.claims import explain
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.guard import now_ms
from sessions_app.blacklist.responses import reason_class
from sessions_app.changes.configuration import realm_for, save_issuer
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models import Issuer, Realm, UnmatchedSighting
from sessions_app.tokens.issuer_keys import fetch_keys, keys_problem
from sessions_app.tokens.profiles import (
    OWN_ISSUERS,
    clear_profiles,
    guard_configuration,
    profiles,
    token_guard,
)

ROWS = 50


@require_safe
@requires(May.SEE_CONFIGURATION)
def listing(request: HtmxRequest) -> HttpResponse:
    """Every issuer but our own, which look after themselves."""
    context = {"issuers": _others_issuers(), "may_change": may(request.user, May.CHANGE_CONFIGURATION)}
    return page_or_part(request, "portal/settings/issuers.html", "issuers", context)


@sensitive_post_parameters("keys_text")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def create(request: HtmxRequest) -> HttpResponse:
    """A new issuer; `?preset=okta` fills in what is known of a product."""
    return _edit(request, Issuer(), initial=initial_of(request.GET.get("preset", "")))


@sensitive_post_parameters("keys_text")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def edit(request: HtmxRequest, issuer_id: int) -> HttpResponse:
    """Another profile or other keys for an issuer."""
    return _edit(request, fetch_or_refuse(_others_issuers(), pk=issuer_id), initial={})


def _others_issuers() -> QuerySet[Issuer]:
    return Issuer.objects.exclude(realm__key__startswith=OWN_ISSUERS).select_related("realm")


def _edit(request: HtmxRequest, issuer: Issuer, *, initial: dict[str, Any]) -> HttpResponse:
    form = IssuerForm(request.POST or None, request.FILES or None, instance=issuer, initial=initial)
    if form.is_valid() and _is_saved(request, form):
        messages.info(request, _("Saved. Guards here read it at once, other processes within five seconds."))
        if issuer.jwks_uri:
            return _fetch(request, issuer)
        return go_to(request, reverse("issuers"))
    context = {
        "form": form,
        "is_new": issuer._state.adding,  # noqa: SLF001  # Django documents it for this question
        "presets": PRESET_NAMES,
        "preset": initial.get("preset", ""),
        "issuer": issuer,
        "keys_problem": keys_problem(issuer),
        "realms": Realm.objects.exclude(key__startswith=OWN_ISSUERS),
    }
    status = 422 if form.is_bound else 200
    return page_or_part(request, "portal/settings/issuer_edit.html", "issuer", context, status=status)


@require_POST
@requires(May.CHANGE_CONFIGURATION)
def fetch(request: HtmxRequest, issuer_id: int) -> HttpResponse:
    """Fetch an issuer's keys by its address now, instead of within five minutes."""
    by_address = _others_issuers().exclude(jwks_uri="")
    return _fetch(request, fetch_or_refuse(by_address, pk=issuer_id))


def _fetch(request: HtmxRequest, issuer: Issuer) -> HttpResponse:
    fetched = fetch_keys(issuer.pk, by=request.initiator)
    clear_profiles()
    if fetched.keys_error:
        sentence = _("The keys could not be fetched: %(problem)s. Nothing was changed.")
        messages.error(request, sentence % {"problem": keys_problem(fetched)})
        return go_to(request, reverse("issuer_edit", args=[fetched.pk]))
    messages.info(request, _("The keys of %(issuer)s were fetched.") % {"issuer": fetched.name})
    return go_to(request, reverse("issuers"))


def _is_saved(request: HtmxRequest, form: IssuerForm) -> bool:
    issuer = form.save(commit=False)
    issuer.keys = form.keys
    try:
        with transaction.atomic():
            issuer.realm = realm_for(form.cleaned_data["realm_key"], by=request.initiator)
            save_issuer(issuer, by=request.initiator)
        clear_profiles()  # again: what was read before the commit was the old profile
    except ChangeRefused as refusal:
        say_refusal(form, refusal, fields=FIELDS_OF_PROBLEMS)
    except BlacklistUnavailable:
        form.add_error(
            None, _("The blacklist does not answer, so longer lives cannot be promised. Nothing was saved.")
        )
    return not form.errors


@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SEE_CONFIGURATION)
def explain_token(request: HtmxRequest) -> HttpResponse:
    """How a pasted token is read, and what the guard says of it. It is neither kept nor logged nor sent back."""
    form = TokenForm(request.POST or None)
    context: dict[str, Any] = {"form": TokenForm()}
    if form.is_valid():
        token = form.cleaned_data["token"].strip()
        with transaction.atomic():
            record(Events.TOKEN_EXPLAINED, initiator=request.initiator)
        verdict = token_guard().check(token)
        context |= {
            "readings": explain(token, profiles(), now_ms()),
            "verdict": verdict,
            "told": reason_class(verdict),
        }
    status = 422 if form.is_bound and form.errors else 200
    return page_or_part(request, "portal/settings/explain.html", "explanation", context, status=status)


@require_safe
@requires(May.SEE_CONFIGURATION)
def configuration(request: HtmxRequest) -> HttpResponse:
    """The file a guard in another service reads. Public keys only."""
    response = JsonResponse(guard_configuration(), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="curfew-issuers.json"'
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@requires(May.SEE_CONFIGURATION)
def unmatched(request: HtmxRequest) -> HttpResponse:
    """Sign-ins that were reported of people nobody knows here, newest first."""
    sightings = UnmatchedSighting.objects.select_related("realm")
    context = {"page": Paginator(sightings, ROWS).get_page(request.GET.get("page"))}
    return page_or_part(request, "portal/settings/unmatched.html", "sightings", context)
