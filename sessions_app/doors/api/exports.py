"""The trail as a file: asked for, written in the background, fetched by the credential that asked."""

from __future__ import annotations

from typing import Annotated, cast
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router
from ninja.responses import Status

from audit.exports.forms import Form
from audit.exports.jobs import KeyReused, NotThere, TooManyExports, ask, cancel, fetch_file
from audit.exports.models import ExportJob, State
from audit.exports.turns import TURNS
from audit.query import AuditQuery
from sessions_app.audit_questions import problem_of
from sessions_app.changes.errors import ChangeRefused
from sessions_app.doors.api.answers import ExportAnswer, ExportsAnswer, Problem
from sessions_app.doors.api.bodies import ExportBody, IdempotencyKey
from sessions_app.doors.api.machine_auth import MachineRequest, MachineWith
from sessions_app.models import Scope
from sessions_app.revocation.errors import OrderKeyReused

router = Router(tags=["Audit"])

LISTED = 50
WITHOUT_FILE = (State.FAILED, State.CANCELLED)
PROBLEMS = frozenset({401, 403, 404, 422, 503})


class QuestionUnreadable(ChangeRefused):
    """`sentence` names the part that was not understood."""

    code = "question_unreadable"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ExportsUnderWay(ChangeRefused):
    code = "too_many_exports"
    sentence = _(
        "This credential has as many exports under way as it may. Wait for one of them, or cancel it."
    )


class ExportFinished(ChangeRefused):
    code = "export_finished"
    sentence = _("This export was finished already.")


class ExportUnfinished(ChangeRefused):
    code = "export_unfinished"
    sentence = _("This export is not finished yet.")


class ExportWithoutFile(ChangeRefused):
    code = "export_without_file"
    sentence = _("This export failed or was cancelled, so it has no file.")


class ExportExpired(ChangeRefused):
    code = "export_expired"
    sentence = _("The file of this export is not kept any more. Ask for it again.")


@router.post(
    "/audit/exports",
    auth=MachineWith(Scope.AUDIT_EXPORT),
    response={202: ExportAnswer, frozenset({400, 401, 403, 413, 415, 422, 429, 503}): Problem},
    summary="Ask for entries of the audit trail as a file",
)
def order(
    request: MachineRequest,
    response: HttpResponse,
    body: ExportBody,
    idempotency_key: IdempotencyKey = "",
) -> Status[ExportAnswer]:
    """It is written in the background; `Location` tells when it is there. Personal details are masked, notes left out.

    A credential has at most three exports under way. Asking, writing and every fetch are entries of the trail.
    """
    if problem := problem_of(AuditQuery(line=body.line)):
        raise QuestionUnreadable(problem)
    try:
        job = ask(body.format, line=body.line, with_notes=False, by=request.auth, order_key=idempotency_key)
    except TooManyExports as error:
        raise ExportsUnderWay from error
    except KeyReused as error:
        raise OrderKeyReused from error
    response["Location"] = _address("show_export", job)
    return Status(202, _answer(job))


@router.get(
    "/audit/exports",
    auth=MachineWith(Scope.AUDIT_EXPORT),
    response={200: ExportsAnswer, PROBLEMS: Problem},
    summary="The exports that this credential asked for, of the last 30 days",
)
def listing(
    request: MachineRequest,
    after: Annotated[UUID | None, Query(description="The last export of the page before")] = None,
) -> ExportsAnswer:
    jobs = ExportJob.objects.asked_by(request.auth)
    if after:
        jobs = jobs.older_than(_own(request, after))
    found = list(jobs[: LISTED + 1])
    shown = found[:LISTED]
    return ExportsAnswer(
        exports=[_answer(job) for job in shown],
        next=shown[-1].pk if len(found) > LISTED else None,
    )


@router.get(
    "/audit/exports/{uuid:export_id}",
    auth=MachineWith(Scope.AUDIT_EXPORT),
    response={200: ExportAnswer, PROBLEMS: Problem},
    summary="How far an export is",
    url_name="show_export",
)
def show(request: MachineRequest, export_id: UUID) -> ExportAnswer:
    return _answer(_own(request, export_id))


@router.get(
    "/audit/exports/{uuid:export_id}/download",
    auth=MachineWith(Scope.AUDIT_EXPORT),
    response={PROBLEMS | {409, 410}: Problem},
    summary="The file",
    url_name="download_export",
    openapi_extra={
        "responses": {
            200: {
                "description": "The file",
                "content": {
                    form.content_type: {"schema": {"type": "string", "format": "binary"}} for form in Form
                },
            }
        }
    },
)
def download(request: MachineRequest, export_id: UUID) -> HttpResponse:
    """409 while it is not finished, or has no file; 410 once the file is not kept any more.

    503 while others are on their way: a credential fetches two files at once, and everybody together four.
    """
    return TURNS.during(lambda: _file(request, export_id), asker=request.auth.id)


def _file(request: MachineRequest, export_id: UUID) -> HttpResponse:
    job = _own(request, export_id)
    try:
        file = fetch_file(job, by=request.auth)
    except NotThere as error:
        raise _why_not_there(job) from error
    form = Form(job.form)
    response = FileResponse(file, as_attachment=True, filename=job.file_name, content_type=form.content_type)
    return cast(HttpResponse, response)  # what Django calls by one name in every view


@router.post(
    "/audit/exports/{uuid:export_id}/cancel",
    auth=MachineWith(Scope.AUDIT_EXPORT),
    response={200: ExportAnswer, PROBLEMS | {409}: Problem},
    summary="Cancel an export that is not finished",
)
def stop(request: MachineRequest, export_id: UUID) -> ExportAnswer:
    if not cancel(_own(request, export_id), by=request.auth):
        raise ExportFinished
    return _answer(_own(request, export_id))


def _own(request: MachineRequest, export_id: UUID) -> ExportJob:
    """What this credential asked for; anybody else's does not exist."""
    job = ExportJob.objects.asked_by(request.auth).filter(pk=export_id).first()
    if job is None:
        raise Http404
    return job


def _answer(job: ExportJob) -> ExportAnswer:
    return ExportAnswer.of(job, download=_address("download_export", job))


def _address(name: str, job: ExportJob) -> str:
    return reverse(f"api-1.0.0:{name}", args=[job.pk])


def _why_not_there(job: ExportJob) -> ChangeRefused:
    if job.is_unfinished:
        return ExportUnfinished()
    return ExportWithoutFile() if job.state in WITHOUT_FILE else ExportExpired()
