"""Signing keys of our authorization server: which signs, which is published, and a new one before its time."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import may, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.signing_keys import key_rows
from portal.roles import May
from portal.times import clock_time
from sessions_app.tokens.own_issuer import prepare_own_issuer
from sessions_app.tokens.signing import rotate_key


@require_safe
@requires(May.SEE_CONFIGURATION)
def listing(request: HtmxRequest) -> HttpResponse:
    """Every key, the newest first. Only public halves are ever shown."""
    context = {
        "rows": key_rows(),
        "jwks_address": settings.BASE_URL + reverse("oauth_jwks"),
        "may_change": may(request.user, May.CHANGE_CONFIGURATION),
    }
    return page_or_part(request, "portal/settings/signing_keys.html", "signing-keys", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def rotate(request: HtmxRequest) -> HttpResponse:
    """Publish a new key now; asked twice, it is the same one."""
    if request.method == "POST":
        by = request.initiator
        key = rotate_key(prepare_own_issuer(by=by), by=by)
        sentence = _("The new key is published and signs from %(time)s UTC on.")
        messages.info(request, sentence % {"time": clock_time(key.signs_from)[:5]})
        return go_to(request, reverse("signing_keys"))
    return page_or_part(request, "portal/settings/signing_key_rotate.html", "rotate", {})
