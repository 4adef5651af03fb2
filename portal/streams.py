"""Views that hand out a file: few at once, and whoever comes too many is told so before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponse
from django.shortcuts import render

from audit.exports.turns import TURNS, EveryTurnTaken
from portal.htmx import HtmxRequest

P = ParamSpec("P")
View = Callable[Concatenate[HtmxRequest, P], HttpResponse]

RETRY_AFTER_SECONDS = 10


def one_of_few(view: View[P]) -> View[P]:
    """503 while as many files are on their way as may be."""

    @wraps(view)
    def in_turn(request: HtmxRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return TURNS.during(lambda: view(request, *args, **kwargs), asker=request.initiator.id)
        except EveryTurnTaken:
            response = render(request, "errors/busy.html", status=503)
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response

    return in_turn
