"""The API as Django sees it: its operations, and problem documents for whatever is none of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from sessions_app.doors.api import events, exports, people, projects, revocations, sessions, sightings
from sessions_app.doors.api.problems import answer_in_problems, of_method, of_missing
from sessions_app.doors.api.reading import StrictJson

View = Callable[..., HttpResponse]


class MachineApi(NinjaAPI):
    """Answers everything under its address, so that a machine never meets a page for people."""

    @property
    def urls(self) -> tuple[list[Any], str, str]:
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                is_description = pattern.name == "openapi-json"  # which ninja shows whatever the method
                view = require_safe(pattern.callback) if is_description else pattern.callback
                pattern.callback = in_problems(view)
        return [*patterns, re_path(r"", in_problems(_nothing_here))], app_name, namespace


def in_problems(view: View) -> View:
    """The same view, its refusals as problem documents, its answers never kept by a cache.

    Exempt from the CSRF check because no cookie means anything here: only the Authorization header does.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            response = of_missing(request, error)
        if response.status_code == 405:
            response = of_method(response.headers.get("Allow", ""))
        response["Cache-Control"] = "no-store"
        return response

    answered.csrf_exempt = True  # type: ignore[attr-defined]  # how Django's middleware asks
    return answered


def _nothing_here(_request: HttpRequest) -> HttpResponse:
    raise Http404


# The page with the interactive description loads scripts from elsewhere, which our policy forbids.
api = MachineApi(
    title="Curfew",
    version="1.0.0",
    docs_url=None,
    parser=StrictJson(),
    description="Ends access, and says what became of it. Hands out the record of it.",
)
answer_in_problems(api)
for part in (sessions, people, revocations, projects, events, sightings, exports):
    api.add_router("", part.router)
