"""Manual tasks: the list, one of them, and marking it done with how one knows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import fetch_or_refuse, requires, steps_for
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.refusals import status_of
from portal.presenters.tasks import TaskFilter, TaskPage, TasksPage, is_theirs
from portal.roles import May
from portal.task_forms import EvidenceForm, ReopenForm
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.steps import mark_done, reopen
from sessions_app.models import Step

LIST = "portal/tasks/list.html"
TASK = "portal/tasks/task.html"
REOPEN = "portal/tasks/reopen.html"


@require_safe
@requires(May.DO_TASKS)
def tasks(request: HtmxRequest) -> HttpResponse:
    """What waits for the reader, overdue first."""
    page = TasksPage(request.user, TaskFilter.read(request.GET))
    return page_or_part(request, LIST, "tasks", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.DO_TASKS)
def task(request: HtmxRequest, step_id: UUID) -> HttpResponse:
    """One resource, for whom it is to be removed, and the form by which some or all of it are marked done."""
    step = _fetch(request, step_id)
    page = TaskPage(step, request.user, page=request.GET.get("page", ""))
    form = EvidenceForm(request.POST if request.method == "POST" else None, page=page)
    if request.method != "POST":
        return _show(request, page, form)
    if not form.is_valid():
        return _show(request, page, form, status=422)
    try:
        done = mark_done(form.chosen, evidence=form.cleaned_data["evidence"], by=request.initiator)
    except ChangeRefused as refusal:
        form.add_error(None, str(refusal))
        return _show(request, page, form, status=status_of(refusal))
    sentence = ngettext("%(count)d marked as done.", "%(count)d marked as done.", len(done))
    messages.info(request, sentence % {"count": len(done)})
    return go_to(request, page.url)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.DO_TASKS)
def reopen_task(request: HtmxRequest, step_id: UUID) -> HttpResponse:
    """It was marked done and was not."""
    step = _fetch(request, step_id)
    page = TaskPage(step, request.user)
    form = ReopenForm(request.POST if request.method == "POST" else None)
    context = {"page": page, "form": form}
    if not form.is_valid():
        return page_or_part(request, REOPEN, "reopen-dialog", context, status=422 if form.is_bound else 200)
    try:
        reopen(step, reason=form.cleaned_data["reason"], by=request.initiator)
    except ChangeRefused as refusal:
        form.add_error(None, str(refusal))
        return page_or_part(request, REOPEN, "reopen-dialog", context, status=status_of(refusal))
    messages.info(request, _("Reopened: it is to be done again."))
    return go_to(request, page.url)


def _show(
    request: HtmxRequest, page: TaskPage, form: EvidenceForm, *, status: int = 200, **said: Any
) -> HttpResponse:
    return page_or_part(request, TASK, "task", {"page": page, "form": form, **said}, status=status)


def _fetch(request: HtmxRequest, step_id: UUID) -> Step:
    """Of those whose task it is; to everybody else it does not exist."""
    step = fetch_or_refuse(steps_for(request.user).select_related("revocation__project", "user"), pk=step_id)
    return step if is_theirs(step, request.user) else fetch_or_refuse(Step.objects.none(), pk=step_id)
