"""Where somebody begins: the page their work is on."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from portal.access import may, requires
from portal.htmx import HtmxRequest
from portal.roles import May

# The first right somebody has decides; whoever has none of them begins at their own sessions.
HOMES = (
    (May.TERMINATE_PEOPLE, "/people/"),
    (May.CHANGE_CONFIGURATION, "/settings/"),
    (May.SEE_AUDIT, "/audit/"),
)


@require_safe
@requires()
def home(request: HtmxRequest) -> HttpResponse:
    address = next((address for right, address in HOMES if may(request.user, right)), "/me/")
    return HttpResponseRedirect(address)
