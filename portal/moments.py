"""How times are shown on pages of records: relative, as the reader's clock has them, or in UTC. Kept in a cookie."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "curfew_times"
KEPT = timedelta(days=365)


class TimesShown(StrEnum):
    RELATIVE = "relative"
    LOCAL = "local"
    UTC = "utc"


def times_of(request: HttpRequest | None) -> TimesShown:
    """What the cookie says; anything it should not say is UTC, which every export uses."""
    try:
        return TimesShown(request.COOKIES.get(COOKIE, TimesShown.UTC) if request else TimesShown.UTC)
    except ValueError:
        return TimesShown.UTC


def keep_times(response: HttpResponse, chosen: TimesShown) -> HttpResponse:
    """The same answer, which also makes the browser remember."""
    response.set_cookie(
        COOKIE, chosen, max_age=KEPT, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
    )
    return response
