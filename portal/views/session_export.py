"""Sessions as a file to keep: exactly what the list shows, and an entry that it was taken."""

from __future__ import annotations

from typing import cast

from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from audit.events import Events
from audit.record import Target, record
from portal.access import requires
from portal.htmx import HtmxRequest
from portal.presenters.session_filter import SessionQuestion
from portal.roles import May
from portal.session_export import as_csv, as_json_lines, columns_for, rows_for
from portal.streams import one_of_few

FORMS = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "jsonl": ("application/jsonl; charset=utf-8", as_json_lines),
}


@require_GET
@requires(May.SEE_SESSIONS)
@one_of_few
def export(request: HtmxRequest, form: str) -> HttpResponse:
    """Streamed. The entry is written first: whoever breaks off the download has still taken something."""
    if form not in FORMS:
        raise Http404
    question = SessionQuestion.read(request.user, request.GET)
    if question.problem:
        return _unreadable(request, question)
    sessions = question.sessions()
    with transaction.atomic():
        record(
            Events.EXPORTED,
            initiator=request.initiator,
            target=Target(kind="sessions", id=form, label=""),
            details={"rows": sessions.count(), "form": form},
            personal={"filter": question.line} if question.line else None,
        )
    content_type, write = FORMS[form]
    lines = write(rows_for(request.user, sessions), columns_for(request.user))
    response = StreamingHttpResponse(lines, content_type=content_type)
    name = f"sessions-{timezone.now():%Y%m%dT%H%M%SZ}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return cast(HttpResponse, response)  # what Django calls by one name in every view


def _unreadable(request: HtmxRequest, question: SessionQuestion) -> HttpResponse:
    """A file of nothing would be taken for an answer."""
    context = {"problem": question.problem}
    return render(request, "errors/400.html", context, status=400)
