"""The trail as a file to keep: exactly what the page lists, and an entry that it was taken."""

from __future__ import annotations

from typing import cast

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from audit.exports.files import nameless
from audit.exports.forms import Form
from audit.exports.recording import record_export
from audit.exports.writing import write
from portal.access import requires
from portal.audit_exports import selection_for
from portal.export_form import ExportForm
from portal.htmx import HtmxRequest
from portal.presenters.audit_filter import AuditQuestion
from portal.roles import May


@require_POST
@requires(May.EXPORT_AUDIT)
def take(request: HtmxRequest) -> HttpResponse:
    """The file, once it is whole and its entry is written: whoever breaks off the download has still taken it."""
    question = AuditQuestion.read(request.user, request.POST)
    form = ExportForm(request.POST)
    if question.problem or not form.is_valid():
        return _unreadable(request, question)
    return _file(request, question, form)


def _file(request: HtmxRequest, question: AuditQuestion, form: ExportForm) -> HttpResponse:
    selection = selection_for(question, with_notes=form.cleaned_data["notes"])
    file = nameless()
    written = write(selection, form.chosen, file)
    record_export(written, form.chosen, selection=selection, line=question.query.line, by=request.initiator)
    file.seek(0)
    response = FileResponse(
        file, as_attachment=True, filename=file_name(form.chosen), content_type=form.chosen.content_type
    )
    response["Cache-Control"] = "no-store"
    return cast(HttpResponse, response)  # what Django calls by one name in every view


def file_name(form: Form) -> str:
    return f"audit-{timezone.now():%Y%m%dT%H%M%SZ}.{form.extension}"


def _unreadable(request: HtmxRequest, question: AuditQuestion) -> HttpResponse:
    """A file of nothing would be taken for an answer."""
    return render(request, "errors/400.html", {"problem": question.problem}, status=400)
