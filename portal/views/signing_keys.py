"""Signing keys of our authorization server: which signs, which is published, and a new one before its time."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import fetch_or_refuse, may, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.signing_keys import key_rows
from portal.roles import May
from portal.settings_forms import ReasonForm, say_refusal
from portal.times import clock_time
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.signing_keys import withdraw_signing_key
from sessions_app.models import SigningKey
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


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def withdraw(request: HtmxRequest, key_id: int) -> HttpResponse:
    """Take a key that somebody else may have out of the set at once."""
    now = timezone.now()
    key = fetch_or_refuse(SigningKey.objects.published(now), pk=key_id)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and _is_withdrawn(request, key, form):
        messages.info(request, _("Withdrawn. Nothing this key signed is accepted any more."))
        return go_to(request, reverse("signing_keys"))
    context = {"key": key, "form": form, "signs": key == SigningKey.objects.signing(now).first()}
    status = 422 if form.is_bound else 200
    return page_or_part(
        request, "portal/settings/signing_key_withdraw.html", "withdraw", context, status=status
    )


def _is_withdrawn(request: HtmxRequest, key: SigningKey, form: ReasonForm) -> bool:
    try:
        withdraw_signing_key(key, by=request.initiator, reason=form.cleaned_data["reason"])
    except ChangeRefused as refusal:
        say_refusal(form, refusal, fields={"": "reason"})
        return False
    return True
