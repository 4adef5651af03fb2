"""End Project: the four steps from looking to the click."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, projects_for, requires
from portal.end_project_forms import WhenForm, WhyForm
from portal.ending_draft import Draft, forget
from portal.htmx import HtmxRequest, go_to
from portal.presenters.ending_wizard import Step, Wizard, changes_in_kind, project_url
from portal.presenters.endings import under_way_words
from portal.presenters.refusals import status_of
from portal.recent_sign_in import Proof, ask_for_proof
from portal.roles import May
from sessions_app.changes.end_project import EndingWish, end_project, ending_under_way
from sessions_app.changes.end_project_approval import ask_to_end
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models import Project, ProjectEnding
from sessions_app.models.moments import database_now
from sessions_app.revocation.errors import OrderRefused

WIZARD = "portal/endings/wizard.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.END_PROJECTS)
def wizard(request: HtmxRequest, key: str, step: str = Step.SCOPE) -> HttpResponse:
    """One step; what was typed in the others is kept, so that going back loses nothing."""
    received_at = database_now()
    project = fetch_or_refuse(projects_for(request.user, May.END_PROJECTS), key=key)
    under_way = ending_under_way(project)
    if under_way is not None or project.ended_at is not None:
        return _already(request, project, under_way)
    match _step(step):
        case Step.SCOPE:
            return _scope(request, project)
        case Step.WHEN:
            return _when(request, project)
        case Step.WHY:
            return _why(request, project)
        case Step.END:
            return _end(request, project, received_at=received_at)


def _step(text: str) -> Step:
    try:
        return Step(text)
    except ValueError as error:
        raise Http404 from error


def _already(request: HtmxRequest, project: Project, under_way: ProjectEnding | None) -> HttpResponse:
    """Whoever comes second is led to what the first one did."""
    forget(request.session, project)
    if under_way is None:
        messages.info(request, _("This project has ended already."))
        return go_to(request, project_url(project))
    messages.info(request, under_way_words(under_way, reader=request.user))
    return go_to(request, reverse("ending", args=[project.key, under_way.pk]))


def _scope(request: HtmxRequest, project: Project) -> HttpResponse:
    """A look at what would end, kept as it was shown. Another page of the same look is not a new one."""
    if request.method == "POST":
        return go_to(request, reverse("end_project_step", args=[project.key, Step.WHEN]))
    kept = Draft.kept(request.session, project)
    draft = kept if kept is not None and "page" in request.GET else _look(request, project)
    shown = Wizard(project, request.user, draft, Step.SCOPE, page=request.GET.get("page", ""))
    return _show(request, shown)


def _look(request: HtmxRequest, project: Project) -> Draft:
    """A new look, with whatever was typed before."""
    kept = Draft.kept(request.session, project)
    draft = Draft.fresh(project, by=request.initiator)
    if kept is not None:
        draft = kept.looked_again(draft)
    draft.keep(request.session, project)
    return draft


def _when(request: HtmxRequest, project: Project) -> HttpResponse:
    draft = Draft.kept(request.session, project)
    if draft is None:
        return _from_the_start(request, project)
    form = WhenForm(_sent(request), project=project, initial=draft.when)
    if request.method == "POST" and form.is_valid():
        draft.when = form.typed
        draft.keep(request.session, project)
        return go_to(request, reverse("end_project_step", args=[project.key, Step.WHY]))
    return _show(request, Wizard(project, request.user, draft, Step.WHEN), status=_status(form), form=form)


def _why(request: HtmxRequest, project: Project) -> HttpResponse:
    draft = Draft.kept(request.session, project)
    if draft is None or not draft.when:
        return _from_the_start(request, project)
    form = WhyForm(_sent(request), project=project, initial=draft.why)
    if request.method == "POST" and form.is_valid():
        draft.why = form.kept
        draft.keep(request.session, project)
        return go_to(request, reverse("end_project_step", args=[project.key, Step.END]))
    return _show(request, Wizard(project, request.user, draft, Step.WHY), status=_status(form), form=form)


def _end(request: HtmxRequest, project: Project, *, received_at: datetime) -> HttpResponse:
    draft = Draft.kept(request.session, project)
    if draft is None or not draft.why:
        return _from_the_start(request, project)
    when = WhenForm(draft.when, project=project)
    if not when.is_valid():  # the moment has passed since it was typed
        return go_to(request, reverse("end_project_step", args=[project.key, Step.WHEN]))
    shown = Wizard(project, request.user, draft, Step.END)
    shown.moment = when.moment
    if request.method != "POST":
        return _show(request, shown)
    asked = ask_for_proof(request, Proof.SECOND_FACTOR if draft.second_person else Proof.SIGN_IN)
    if asked is not None:
        return asked  # everything typed is kept, so that only the last click is made again
    return _carry_out(request, shown, received_at=received_at)


def _sent(request: HtmxRequest) -> QueryDict | None:
    """Also where nothing at all was sent: an empty form is a wrong one, not one still to be filled in."""
    return request.POST if request.method == "POST" else None


def _status(form: Form) -> int:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK


def _from_the_start(request: HtmxRequest, project: Project) -> HttpResponse:
    return go_to(request, reverse("end_project", args=[project.key]))


def _carry_out(request: HtmxRequest, shown: Wizard, *, received_at: datetime) -> HttpResponse:
    """Numbers that changed since it was looked at hold nothing up; what makes it another deed is asked again."""
    project, draft = shown.project, shown.draft
    now = Draft.fresh(project, by=request.initiator)
    changes = changes_in_kind(draft, now)
    if changes:
        shown.draft = draft.looked_again(now)
        shown.draft.keep(request.session, project)
        return _show(request, shown, status=HTTPStatus.CONFLICT, changes=changes)
    wish = EndingWish(
        received_at=received_at,
        due_at=shown.moment.at if shown.moment else None,
        note=draft.why["note"],
        ticket=draft.why["ticket"],
        seen=draft.seen,
    )
    try:
        carry_out = ask_to_end if draft.second_person else end_project
        ending = carry_out(project, wish, by=request.initiator)
    except (ChangeRefused, OrderRefused) as refusal:
        return _show(request, shown, status=status_of(refusal), refusal=str(refusal))
    if ending.asked_at != received_at:
        messages.info(request, under_way_words(ending, reader=request.user))
    forget(request.session, project)
    return go_to(request, reverse("ending", args=[project.key, ending.pk]))


def _show(request: HtmxRequest, shown: Wizard, *, status: int = 200, **said: Any) -> HttpResponse:
    response = render(request, WIZARD, {"wizard": shown, **said}, status=status)
    response["Cache-Control"] = "no-store"
    return response
