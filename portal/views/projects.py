"""Projects: the list, the same as a file, and the page of one."""

from __future__ import annotations

from typing import cast

from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from audit.events import Events
from audit.record import Target, record
from portal.access import fetch_or_refuse, projects_for, requires
from portal.htmx import HtmxRequest, page_or_part
from portal.presenters.project import ProjectPage
from portal.presenters.projects import ProjectFilter, ProjectsPage
from portal.project_export import as_csv
from portal.roles import May
from portal.streams import one_of_few


@require_safe
@requires(May.SEE_PROJECTS)
def listing(request: HtmxRequest) -> HttpResponse:
    """Search and list, what ends soonest first."""
    page = ProjectsPage(request.user, ProjectFilter.read(request.GET))
    return page_or_part(request, "portal/projects/projects.html", "projects", {"projects": page})


@require_GET
@requires(May.SEE_PROJECTS)
@one_of_few
def export(request: HtmxRequest) -> HttpResponse:
    """Exactly what the list finds. The entry is written first: whoever breaks off has still taken something."""
    page = ProjectsPage(request.user, ProjectFilter.read(request.GET))
    with transaction.atomic():
        record(
            Events.EXPORTED,
            initiator=request.initiator,
            target=Target(kind="projects", id="csv", label=""),
            details={"rows": page.found.count(), "form": "csv"},
            personal={"filter": page.query} if page.query else None,
        )
    response = StreamingHttpResponse(as_csv(page.found), content_type="text/csv; charset=utf-8")
    name = f"projects-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return cast(HttpResponse, response)  # what Django calls by one name in every view


@require_safe
@requires(May.SEE_PROJECTS)
def project(request: HtmxRequest, key: str) -> HttpResponse:
    """One project. Somebody else's answers as if there were none."""
    found = fetch_or_refuse(projects_for(request.user, May.SEE_PROJECTS).select_related("manager"), key=key)
    page = ProjectPage(
        found, request.user, words=request.GET.get("q", "")[:200], page=request.GET.get("page", "")
    )
    return page_or_part(request, "portal/projects/project.html", "members", {"page": page})
