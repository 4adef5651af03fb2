"""Recent sign-in: what is dangerous asks for proof of who is sitting there, and loses nothing that was typed."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from portal.htmx import HtmxRequest, go_to
from portal.proofs import has_second_factor, proved_at, where_to_prove

P = ParamSpec("P")
View = Callable[Concatenate[HtmxRequest, P], HttpResponse]

KEPT_KEY = "curfew_typed"
LONGEST_KEPT = 64_000
NEVER_KEPT = ("csrfmiddlewaretoken", "password", "code", "credential")


class Proof(Enum):
    """How much is asked for: whatever this person signs in with, or a second factor in any case."""

    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"


def is_recent(request: HtmxRequest, proof: Proof) -> bool:
    """Whether it was proved within ten minutes. Who has a second factor has proved nothing without it."""
    needs_factor = proof is Proof.SECOND_FACTOR or has_second_factor(request.user)
    at = proved_at(request, second_factor=needs_factor)
    return at is not None and time.time() - at < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def recently_signed_in(view: View[P]) -> View[P]:
    """Let a form be sent only by somebody who has just proved who they are; beside `requires`, below it.

    Whoever has not goes and proves it, and comes back to the same address by GET, where the view finds what was typed
    (`typed_before`). Coming back does nothing: the form is sent again by hand.
    """

    @wraps(view)
    def checked(request: HtmxRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST":
            asked = ask_for_proof(request, Proof.SIGN_IN)
            if asked is not None:
                return asked
        return view(request, *args, **kwargs)

    return cast(View[P], checked)


def ask_for_proof(request: HtmxRequest, proof: Proof, *, back: str = "") -> HttpResponse | None:
    """The way to prove it, with the way back to the filled form; None where it was proved just now."""
    if is_recent(request, proof):
        return None
    back = back or request.path
    _keep(request, back)
    if proof is Proof.SECOND_FACTOR and not has_second_factor(request.user):
        return _without_factor(request, back)
    where = (
        where_to_prove(request.user) if has_second_factor(request.user) else reverse("account_reauthenticate")
    )
    return go_to(request, f"{where}?{urlencode({'next': back})}")


def typed_before(request: HtmxRequest) -> QueryDict | None:
    """What was typed at this address before the proof, once and for ten minutes; None where nothing was."""
    kept: dict[str, Any] | None = request.session.get(KEPT_KEY)
    if kept is None or request.method == "POST":
        return None
    if kept["at"] + settings.ACCOUNT_REAUTHENTICATION_TIMEOUT < time.time():
        del request.session[KEPT_KEY]
        return None
    if kept["back"] != request.path:
        return None
    del request.session[KEPT_KEY]
    return QueryDict(kept["typed"])


def initial_before(request: HtmxRequest) -> dict[str, Any]:
    """The same as a form's initial values; whatever was typed several times as a list."""
    typed = typed_before(request)
    if typed is None:
        return {}
    return {name: found[0] if len(found) == 1 else found for name, found in typed.lists()}


def _keep(request: HtmxRequest, back: str) -> None:
    """Never a secret, and nothing large: then the form comes back empty."""
    typed = request.POST.copy()
    for name in NEVER_KEPT:
        typed.pop(name, None)
    encoded = typed.urlencode()
    if len(encoded) <= LONGEST_KEPT:
        request.session[KEPT_KEY] = {"back": back, "typed": encoded, "at": time.time()}


def _without_factor(request: HtmxRequest, back: str) -> HttpResponse:
    address = f"{reverse('factor_needed')}?{urlencode({'next': back})}"
    if request.htmx:
        return go_to(request, address)
    return render(request, "portal/me/factor_needed.html", {"next": back}, status=403)
