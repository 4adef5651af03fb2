"""Every error as a problem document (RFC 9457), and the one place where our errors become HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from audit.exports.turns import EveryTurnTaken
from audit.initiators import current_correlation_id
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.errors import ChangeRefused, ValuesRefused
from sessions_app.doors.api.reading import BodyRefused, BodyTooLarge
from sessions_app.doors.callers import CallerRefused, NotProved
from sessions_app.revocation.errors import OrderRefused, SecondPersonAsksFirst

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2
RETRY_FILES_AFTER_SECONDS = 10
LONGEST_POINTER_PART = 64

# Everything else that is refused is a contradiction in what was sent: 422.
STATUS_OF = {
    "person_unknown": 404,
    "session_unknown": 404,
    "token_unknown": 404,
    "nothing_to_end": 404,
    "person_ambiguous": 409,
    "id_ambiguous": 409,
    "identity_taken": 409,
    "session_taken": 409,
    "token_taken": 409,
    "token_over": 409,
    "username_taken": 409,
    "last_admin": 409,
    "cannot_end_alone": 409,
    "acting_on_oneself": 403,
    "privileged_person": 403,
    "reason_not_allowed": 403,
    "project_over": 409,
    "too_many_exports": 429,
    "export_finished": 409,
    "export_unfinished": 409,
    "export_without_file": 409,
    "export_expired": 410,
}


def problem(
    status: int, code: str, detail: object, *, headers: Mapping[str, str] | None = None, **more: object
) -> HttpResponse:
    """The document: what happened in words, a stable code, and the id under which the log knows the request."""
    document = {
        "type": f"urn:curfew:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        "code": code,
        "request_id": current_correlation_id(),
        **more,
    }
    return HttpResponse(
        json.dumps(document),
        status=status,
        content_type="application/problem+json",
        headers=dict(headers or {}),
    )


def of_refusal(_request: HttpRequest, refusal: ChangeRefused | OrderRefused) -> HttpResponse:
    status = STATUS_OF.get(refusal.code, HTTPStatus.UNPROCESSABLE_ENTITY)
    return problem(status, refusal.code, refusal)


def of_second_person(_request: HttpRequest, refusal: SecondPersonAsksFirst) -> HttpResponse:
    """403: what of it is too much, how much it is, and how much of it goes without a second person."""
    return problem(
        403,
        refusal.code,
        refusal,
        why=list(refusal.why),
        reach=dict(refusal.reach),
        alone=dict(refusal.alone),
    )


def of_values(_request: HttpRequest, refusal: ValuesRefused) -> HttpResponse:
    errors = [{"pointer": _pointer([field]), "detail": str(sentence)} for field, sentence in refusal.problems]
    return problem(422, refusal.code, _("Some values cannot be kept."), errors=errors)


def of_caller(_request: HttpRequest, refusal: CallerRefused) -> HttpResponse:
    if isinstance(refusal, NotProved):
        return problem(
            401, refusal.code, refusal.sentence, headers={"WWW-Authenticate": 'Bearer realm="curfew"'}
        )
    return problem(403, refusal.code, refusal.sentence)


def of_body(_request: HttpRequest, refusal: BodyRefused) -> HttpResponse:
    return problem(refusal.status, refusal.code, refusal.sentence)


def of_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What the framework refuses. It wraps whatever our parser raised."""
    if isinstance(error.__cause__, BodyRefused):
        return of_body(request, error.__cause__)
    return problem(error.status_code, "http_error", HTTPStatus(error.status_code).phrase)


def of_validation(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What does not fit the schema: where and why, never the value itself."""
    errors = [_located(found) for found in error.errors]
    return problem(
        422, "validation", _("The request does not have the form that is described."), errors=errors
    )


def of_missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(404, "not_found", _("There is nothing at this address."))


def of_size(request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    return of_body(request, BodyTooLarge())


def of_method(allowed: str) -> HttpResponse:
    return problem(
        405, "method_not_allowed", _("This address does not know the method."), headers={"Allow": allowed}
    )


def of_outage(_request: HttpRequest, error: Exception) -> HttpResponse:
    """The database or the blacklist is away. Whatever was answered before stands; asking again is harmless."""
    logger.warning("a call could not be answered: %s", error)
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem(
        503, "unavailable", _("This cannot be done just now. Send the same request again."), headers=retry
    )


def of_turns(_request: HttpRequest, _error: EveryTurnTaken) -> HttpResponse:
    """So that cutting access never waits for files on their way."""
    retry = {"Retry-After": str(RETRY_FILES_AFTER_SECONDS)}
    return problem(503, "files_under_way", _("Other files are still on their way. Come back."), headers=retry)


def of_anything_else(_request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("a call failed", exc_info=error)
    return problem(500, "failed", _("This failed on our side. The request id finds it in the log."))


HANDLERS: dict[type[Exception], Callable[..., HttpResponse]] = {
    ChangeRefused: of_refusal,
    OrderRefused: of_refusal,
    SecondPersonAsksFirst: of_second_person,
    ValuesRefused: of_values,
    CallerRefused: of_caller,
    HttpError: of_http_error,
    ValidationError: of_validation,
    Http404: of_missing,
    RequestDataTooBig: of_size,
    OperationalError: of_outage,
    InterfaceError: of_outage,
    BlacklistUnavailable: of_outage,
    EveryTurnTaken: of_turns,
    Exception: of_anything_else,
}


def answer_in_problems(api: NinjaAPI) -> None:
    """Every error of every operation goes through the table above."""
    for error, handler in HANDLERS.items():
        api.add_exception_handler(error, handler)


def _located(found: Mapping[str, Any]) -> dict[str, str]:
    """`loc` is ("body", name of the parameter, ...path), or ("path" | "query" | "header", name)."""
    source, *path = found["loc"]
    what = {"detail": str(found["msg"]), "code": str(found["type"])}
    if source == "body":
        return {"pointer": _pointer(path[1:]), **what}
    return {"parameter": "/".join(str(part)[:LONGEST_POINTER_PART] for part in path), **what}


def _pointer(path: Sequence[object] | Iterable[object]) -> str:
    """A JSON pointer (RFC 6901) into the body as a fragment."""
    parts = (str(part)[:LONGEST_POINTER_PART].replace("~", "~0").replace("/", "~1") for part in path)
    return "".join(["#", *(f"/{part}" for part in parts)])
