"""The trail as a file to keep: exactly what the page lists, and an entry that it was taken."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.exports.files import nameless
from audit.exports.forms import Form
from audit.exports.jobs import NotThere, TooManyExports, ask, cancel, fetch_file
from audit.exports.models import MOST_UNFINISHED, ExportJob
from audit.exports.recording import record_export
from audit.exports.rows import Selection
from audit.exports.writing import write
from portal.access import fetch_or_refuse, record_refused_page, requires
from portal.audit_exports import is_still_entitled, selection_for
from portal.export_form import ExportForm
from portal.htmx import HtmxRequest, SeeOther, go_to, page_or_part
from portal.presenters.audit_filter import AuditQuestion
from portal.roles import May
from portal.streams import one_of_few

DIRECT_ROWS = 10_000
LISTED = 50


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EXPORT_AUDIT)
def exports(request: HtmxRequest) -> HttpResponse:
    """One's own exports in the background; a POST asks for a file."""
    if request.method == "POST":
        return _take(request)
    jobs = ExportJob.objects.asked_by(request.initiator)[:LISTED]
    context = {
        "jobs": jobs,
        "is_running": any(job.is_unfinished for job in jobs),
        "withheld": {job.pk for job in jobs if not is_still_entitled(request.user, job)},
    }
    return page_or_part(request, "portal/audit/exports.html", "exports", context)


@require_GET
@requires(May.EXPORT_AUDIT)
@one_of_few
def fetch(request: HtmxRequest, job_id: UUID) -> HttpResponse:
    """The finished file. Another's, one that is not finished and one that has expired are all not there."""
    job = fetch_or_refuse(ExportJob.objects.asked_by(request.initiator), pk=job_id)
    if not is_still_entitled(request.user, job):
        return _withhold(request)
    try:
        file = fetch_file(job, by=request.initiator)
    except NotThere as error:
        raise Http404 from error
    return _as_download(FileResponse(file, as_attachment=True, filename=job.file_name), Form(job.form))


def _withhold(request: HtmxRequest) -> HttpResponse:
    """It may hold more than its reader may see by now."""
    record_refused_page(request, request.initiator, why=May.EXPORT_AUDIT.name.lower())
    messages.error(request, _("Your roles have changed since this file was written. Export it again."))
    return SeeOther(reverse("audit_exports"))


@require_POST
@requires(May.EXPORT_AUDIT)
def stop(request: HtmxRequest, job_id: UUID) -> HttpResponse:
    """Cancel one's own export."""
    job = fetch_or_refuse(ExportJob.objects.asked_by(request.initiator), pk=job_id)
    if not cancel(job, by=request.initiator):
        messages.info(request, _("It was finished already."))
    return go_to(request, reverse("audit_exports"))


def _take(request: HtmxRequest) -> HttpResponse:
    """At once where it is small. The file goes out when it is whole and its entry is written."""
    question = AuditQuestion.read(request.user, request.POST)
    form = ExportForm(request.POST)
    if question.problem or not form.is_valid():
        return _unreadable(request, question)
    selection = selection_for(question, with_notes=form.cleaned_data["notes"])
    if form.chosen.takes_long or selection.count(at_most=DIRECT_ROWS + 1) > DIRECT_ROWS:
        return _in_background(request, question, form)
    return _at_once(request, selection, form.chosen, question.query.line)


def _in_background(request: HtmxRequest, question: AuditQuestion, form: ExportForm) -> HttpResponse:
    try:
        ask(
            form.chosen,
            line=question.query.line,
            with_notes=form.cleaned_data["notes"],
            by=request.initiator,
        )
    except TooManyExports:
        told = _("You have %d exports under way. Wait for one of them, or cancel it.") % MOST_UNFINISHED
        messages.error(request, told)
    return SeeOther(reverse("audit_exports"))


@one_of_few
def _at_once(request: HtmxRequest, selection: Selection, form: Form, line: str) -> HttpResponse:
    file = nameless()
    written = write(selection, form, file)
    record_export(written, form, selection=selection, line=line, by=request.initiator)
    file.seek(0)
    name = f"audit-{timezone.now():%Y%m%dT%H%M%SZ}.{form.extension}"
    return _as_download(FileResponse(file, as_attachment=True, filename=name), form)


def _as_download(response: FileResponse, form: Form) -> HttpResponse:
    response["Content-Type"] = form.content_type
    response["Cache-Control"] = "no-store"
    return cast(HttpResponse, response)  # what Django calls by one name in every view


def _unreadable(request: HtmxRequest, question: AuditQuestion) -> HttpResponse:
    """A file of nothing would be taken for an answer."""
    return render(request, "errors/400.html", {"problem": question.problem}, status=400)
