"""What people see when something did not work: what happened, what is still true, what to do next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from audit.initiators import Initiator
from portal.access import record_refused_page


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the context processors: the database may be what failed."""
    context = {"request_id": getattr(request, "correlation_id", "")}
    return render(None, "errors/500.html", context, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Of somebody signed in it is recorded: another site may have sent the form in their name."""
    initiator: Initiator | None = getattr(request, "initiator", None)
    if initiator is not None:
        record_refused_page(request, initiator, why="csrf")
    return render(request, "errors/csrf.html", status=403)
