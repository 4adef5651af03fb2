"""Roles: who holds which, for whom and until when; granting and taking back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import fetch_or_refuse, may, people_for, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.filters import AddressFilter
from portal.presenters.populations import known_populations
from portal.presenters.words import name_of
from portal.recent_sign_in import initial_before, recently_signed_in
from portal.roles import May
from portal.settings_forms import GrantForm, ReasonForm, say_refusal
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.roles import grant_role, revoke_role
from sessions_app.models import Role, RoleGrant, User

ROWS = 50
FOUND_AT_MOST = 20


@require_safe
@requires(May.SEE_ROLES)
def listing(request: HtmxRequest) -> HttpResponse:
    """Every role that counts now, by person."""
    chosen = AddressFilter.read(request.GET)
    grants = _grants_for(request.user).active().filter(user__in=_people(request, May.SEE_ROLES, chosen.q))
    ordered = grants.select_related("user").order_by("user__display_name", "user_id", "role")
    context = {
        "chosen": chosen,
        "page": Paginator(ordered, ROWS).get_page(chosen.page),
        "may_change": may(request.user, May.CHANGE_ROLES),
    }
    return page_or_part(request, "portal/settings/roles.html", "grants", context)


@require_safe
@requires(May.CHANGE_ROLES)
def choose_person(request: HtmxRequest) -> HttpResponse:
    """The first step of granting: whom."""
    chosen = AddressFilter.read(request.GET)
    found = (
        _people(request, May.CHANGE_ROLES, chosen.q).exclude(pk=request.user.pk)
        if chosen.q
        else User.objects.none()
    )
    context = {"chosen": chosen, "people": found[:FOUND_AT_MOST]}
    return page_or_part(request, "portal/settings/role_person.html", "found", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_ROLES)
@recently_signed_in
def grant(request: HtmxRequest, user_id: UUID) -> HttpResponse:
    """The second step: which role, for whom, until when, why."""
    person = fetch_or_refuse(people_for(request.user, May.CHANGE_ROLES), pk=user_id)
    form = GrantForm(request.POST or None, initial=initial_before(request))
    if form.is_valid() and _is_granted(request, person, form):
        messages.info(request, _("Granted to %s. It counts from their next request on.") % name_of(person))
        return go_to(request, reverse("roles"))
    context = {"person": person, "form": form, "populations": known_populations()}
    status = 422 if form.is_bound else 200
    return page_or_part(request, "portal/settings/role_grant.html", "grant", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_ROLES)
def revoke(request: HtmxRequest, grant_id: UUID) -> HttpResponse:
    """Take one role back, with a reason."""
    held = fetch_or_refuse(_grants_for(request.user).active().select_related("user"), pk=grant_id)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and _is_revoked(request, held, form):
        messages.info(request, _("Taken back. It no longer counts."))
        return go_to(request, reverse("roles"))
    context: dict[str, Any] = {"grant": held, "form": form}
    status = 422 if form.is_bound else 200
    return page_or_part(request, "portal/settings/role_revoke.html", "revoke", context, status=status)


def _is_granted(request: HtmxRequest, person: User, form: GrantForm) -> bool:
    chosen = form.cleaned_data
    try:
        grant_role(
            person,
            Role(chosen["role"]),
            by=request.initiator,
            reason=chosen["reason"],
            population=form.population(),
            expires_at=form.expires_at(),
            period=form.period(),
        )
    except ChangeRefused as refusal:
        say_refusal(form, refusal, fields={"population": "population_value", "expires_at": "until"})
        return False
    return True


def _is_revoked(request: HtmxRequest, held: RoleGrant, form: ReasonForm) -> bool:
    try:
        revoke_role(held, by=request.initiator, reason=form.cleaned_data["reason"])
    except ChangeRefused as refusal:
        say_refusal(form, refusal)
        return False
    return True


def _people(request: HtmxRequest, right: May, words: str) -> QuerySet[User]:
    return people_for(request.user, right).matching(words)


def _grants_for(viewer: User) -> Any:
    return RoleGrant.objects.filter(user__in=people_for(viewer, May.SEE_ROLES).values("pk"))
