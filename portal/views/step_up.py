"""What somebody meets after their access was ended: the demand for a second factor, and the explanation, once."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import requires
from portal.htmx import HtmxRequest, SeeOther
from portal.portal_sessions import EXPLAIN_KEY
from portal.presenters.explanations import explanations_for
from portal.presenters.reasons import holders_of
from portal.proofs import doubtful_factors, has_second_factor, may_enrol, where_to_prove
from portal.roles import May, roles_with
from sessions_app.changes.explanations import note_told


@require_safe
@requires()
def step_up(request: HtmxRequest) -> HttpResponse:
    """Why a second factor is needed now, and how to prove one."""
    context = {
        "explanations": explanations_for(request.user),
        "has_second_factor": has_second_factor(request.user),
        "has_doubtful_factors": bool(doubtful_factors(request.user)),
        "where_to_prove": where_to_prove(request.user),
        "may_enrol": may_enrol(request.user),
        "helpers": holders_of(roles_with(May.CHANGE_MEMBERSHIPS)),
        "next": _next(request),
    }
    return render(request, "portal/me/step_up.html", context, status=403)


@require_http_methods(["GET", "HEAD", "POST"])
@requires()
def explanation(request: HtmxRequest) -> HttpResponse:
    """What happened to the person's access. Going on means that it was read."""
    if request.method == "POST":
        note_told(request.user, by=request.initiator)
        request.session.pop(EXPLAIN_KEY, None)
        return SeeOther(_next(request))
    context = {"explanations": explanations_for(request.user), "next": _next(request)}
    return render(request, "portal/me/explanation.html", context)


@require_safe
@requires()
def factor_needed(request: HtmxRequest) -> HttpResponse:
    """Two people decide here, each with a second factor, and this one has none yet."""
    return render(request, "portal/me/factor_needed.html", {"next": _next(request)}, status=403)


def _next(request: HtmxRequest) -> str:
    """Where they wanted to go; only on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "/"
