"""The request as our views know it, and the one way they answer: the whole page, or the named part of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from audit.initiators import Initiator
from sessions_app.models import User


class HtmxRequest(HttpRequest):
    """What the middleware leaves on every request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails
    initiator: Initiator
    client_address: str | None
    correlation_id: str


def page_or_part(
    request: HtmxRequest, template: str, part: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The part named by the view for htmx, the whole page for everybody else. Never cached, never the other's copy.

    The name of the part comes from the view, not from the request: a fragment is a door of its own.
    """
    wants_part = bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request
    response = render(request, f"{template}#{part}" if wants_part else template, context, status=status)
    response["Vary"] = "HX-Request"
    response["Cache-Control"] = "no-store"
    return response


class SeeOther(HttpResponseRedirect):
    """303: the answer to a finished POST is another page, to be fetched with GET."""

    status_code = 303


def go_to(request: HtmxRequest, address: str) -> HttpResponse:
    """Lead the whole browser there after a POST, whether htmx or a plain form sent it."""
    return HttpResponseClientRedirect(address) if request.htmx else SeeOther(address)
