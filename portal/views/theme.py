"""Light, dark, or as the system has it: kept per person in a cookie, so that it holds before signing in too."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "curfew_theme"
KEPT = timedelta(days=365)


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


def theme_of(request: HttpRequest) -> Theme:
    """What the cookie says; anything it should not say is 'system'."""
    try:
        return Theme(request.COOKIES.get(COOKIE, Theme.SYSTEM))
    except ValueError:
        return Theme.SYSTEM


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme and go back where the reader came from, if that is a path of this portal."""
    try:
        theme = Theme(request.POST.get("theme", ""))
    except ValueError:
        return HttpResponseBadRequest()
    response = HttpResponseRedirect(local_path(request.POST.get("next", "")))
    response.set_cookie(
        COOKIE, theme, max_age=KEPT, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=False
    )
    return response


def local_path(target: str) -> str:
    """The target if it stays on this portal, the home page otherwise. Never another host, never a scheme."""
    if target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return target
    return "/"
