"""The access report of a project that ended: read, taken as a file, checked again, and signed off."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.evidence.project_files import Reading, ReportForm, record_taken, written
from audit.evidence.project_report import ProjectReport, report_of
from audit.models import AuditEntry
from audit.record import Target
from portal.access import fetch_or_refuse, projects_for, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.project_report import ReportPage
from portal.presenters.report_contractors import ReportFilter, sees_moments
from portal.report_forms import SignOffForm
from portal.roles import May
from portal.streams import one_of_few
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.project_checks import check_now
from sessions_app.changes.report_signing import sign_off
from sessions_app.models import Project, ProjectEnding

PAGE = "portal/projects/report.html"


@require_safe
@requires(May.SEE_PROJECT_REPORTS)
def report(request: HtmxRequest, key: str) -> HttpResponse:
    """The report as it stands, or what will stand here once the project has ended. One page of its people at a time."""
    return _page(request, _fetch(request, key, May.SEE_PROJECT_REPORTS), part="by-contractor")


@require_safe
@requires(May.SEE_PROJECT_REPORTS)
@one_of_few
def take(request: HtmxRequest, key: str, form: str) -> HttpResponse:
    """The report as a file, once it is whole and its entry is written."""
    project = _fetch(request, key, May.SEE_PROJECT_REPORTS)
    found = _report_of(project)
    if found is None or form not in list(ReportForm):
        raise Http404
    chosen = ReportForm(form)
    reading = Reading(made_at=timezone.now(), to_the_moment=sees_moments(request.user))
    content = written(found, chosen, reading)
    of = Target.of(project, label=project.name)
    record_taken(found, chosen, content, of=of, by=request.initiator)
    response = HttpResponse(content, content_type=chosen.content_type)
    name = f"{project.key}-access-report-{reading.made_at:%Y%m%dT%H%M%SZ}.{chosen}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@requires(May.SIGN_OFF_REPORT)
def sign(request: HtmxRequest, key: str) -> HttpResponse:
    """Signs exactly the report that was on the page; one that has changed meanwhile is shown anew."""
    project, form = _fetch(request, key, May.SIGN_OFF_REPORT), SignOffForm(request.POST)
    if not form.is_valid():
        return _page(request, project, form=form, status=422)
    try:
        sign_off(
            project,
            user=request.user,
            seen=form.cleaned_data["seen"],
            note=form.cleaned_data["note"],
            by=request.initiator,
        )
    except ChangeRefused as refusal:
        return _page(request, project, form=form, refusal=str(refusal), status=409)
    messages.info(request, _("Signed. Your signature is an entry of the trail."))
    return go_to(request, reverse("project_report", args=[project.key]))


@require_POST
@requires(May.CHECK_PROJECTS, May.SEE_PROJECT_REPORTS)
def check(request: HtmxRequest, key: str) -> HttpResponse:
    """Looks at everything once more, now; the clock goes on where it takes long."""
    project = _fetch(request, key, May.CHECK_PROJECTS)
    ending = _carried_out(project)
    if ending is None:
        return _page(
            request,
            project,
            refusal=_("The project has not ended, so there is nothing to check."),
            status=409,
        )
    done = check_now(ending, by=request.initiator)
    messages.info(
        request,
        _("Checked again.") if done.done_at else _("The check is going on; its line appears here."),
    )
    return go_to(request, reverse("project_report", args=[project.key]))


def _fetch(request: HtmxRequest, key: str, right: May) -> Project:
    return fetch_or_refuse(projects_for(request.user, right), key=key)


def _report_of(project: Project) -> ProjectReport | None:
    """From all of the trail: whoever may read the report need not be able to browse it."""
    return report_of(project.key, AuditEntry.objects.all())


def _carried_out(project: Project) -> ProjectEnding | None:
    return project.endings.exclude(revocation=None).order_by("-asked_at").first()


def _page(
    request: HtmxRequest,
    project: Project,
    *,
    form: SignOffForm | None = None,
    refusal: str = "",
    part: str = "report",
    status: int = 200,
) -> HttpResponse:
    page = ReportPage(project, _report_of(project), request.user, ReportFilter.read(request.GET))
    context = {
        "page": page,
        "form": form or SignOffForm(initial={"seen": lambda: page.fingerprint}),
        "refusal": refusal,
    }
    return page_or_part(request, PAGE, part, context, status=status)
