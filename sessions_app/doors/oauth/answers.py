"""How the OAuth endpoints answer: their own error form (RFC 6749, section 5.2), never kept by anybody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2
LARGEST_BODY = 64 * 1024
LONGEST_PARAMETER = 4096
FORM = "application/x-www-form-urlencoded"

View = Callable[..., HttpResponse]


class BadRequest(Exception):
    """What was sent cannot be read as the endpoint's form."""


def oauth_error(status: int, code: str, description: str, **headers: str) -> HttpResponse:
    """The error document, with `Retry-After` and the like as headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse({"error": code, "error_description": description}, status=status, headers=named)


def machine_endpoint(view: View) -> View:
    """No cookie means anything here, no answer is stored, and whatever fails is said in the protocol's words."""

    @wraps(view)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except (BadRequest, SuspiciousOperation, UnreadablePostError, MultiPartParserError) as refusal:
            response = oauth_error(400, "invalid_request", str(refusal) or "The request cannot be read.")
        except DatabaseError:
            logger.warning("an OAuth call could not be answered", exc_info=True)
            response = oauth_error(
                503, "temporarily_unavailable", "Try again.", Retry_After=str(RETRY_AFTER_SECONDS)
            )
        except Exception:  # a client must never meet a page for people
            logger.exception("an OAuth call failed")
            response = oauth_error(503, "server_error", "This failed on our side.", Retry_After="2")
        if "Cache-Control" not in response.headers:
            response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
        return response

    answered.csrf_exempt = True  # type: ignore[attr-defined]  # how Django's middleware asks
    return answered


def read_form(request: HttpRequest) -> dict[str, str]:
    """The parameters of a form, each once and bounded. Raises BadRequest."""
    if request.META.get("QUERY_STRING"):  # where secrets end in logs (RFC 6749, section 2.3.1)
        raise BadRequest("Send the parameters in the body.")
    if request.content_type != FORM:
        raise BadRequest(f"Send the parameters as {FORM}.")
    try:
        if len(request.body) > LARGEST_BODY:
            raise BadRequest("The request is too large.")
        lists = list(request.POST.lists())
    except RequestDataTooBig as error:
        raise BadRequest("The request is too large.") from error
    for name, values in lists:
        if len(values) != 1:
            raise BadRequest(f"Duplicate {name[:64]} parameter.")
        if len(values[0]) > LONGEST_PARAMETER or "\x00" in values[0] or "\ufffd" in values[0]:
            raise BadRequest(f"The {name[:64]} parameter cannot be read.")
    return {name: str(values[0]) for name, values in lists}


def of_core(headers: dict[str, Any], body: str | None, status: int) -> HttpResponse:
    """What oauthlib answered. A client that was not proved gets its challenge (RFC 6749, section 5.2)."""
    response = HttpResponse(body or "", status=status, content_type="application/json")
    for name, value in headers.items():
        if name.lower() not in {"content-type", "access-control-allow-origin"}:
            response[name] = value
    if status == 401 and "WWW-Authenticate" not in response:
        response["WWW-Authenticate"] = 'Basic realm="curfew"'
    return response
