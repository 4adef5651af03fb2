"""Making a project, changing it, moving its end, and declaring what it gives outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, projects_for, requires
from portal.groups_question import GroupsQuestion
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.project_words import clock_change_words, in_both, name_of_project
from portal.presenters.selection import earlier_end_words
from portal.presenters.words import clean
from portal.project_forms import FIELDS_OF_PROBLEMS, EndDateForm, NewProjectForm, ProjectForm, ResourceForm
from portal.recent_sign_in import Proof, ask_for_proof, typed_before
from portal.roles import May
from portal.settings_pages import SAVE, SAVING, FormPage, form_page, is_taken
from sessions_app.changes.blast_radius import Reach
from sessions_app.changes.errors import ProjectOver
from sessions_app.changes.project_end_dates import (
    EndChange,
    alone_until,
    ask_to_move_end,
    change_end,
    why_second_person,
)
from sessions_app.changes.project_groups import ask_to_take_groups
from sessions_app.changes.project_resources import declare_resource, withdraw_resource
from sessions_app.changes.projects import ProjectFacts, change_project, create_project
from sessions_app.models import Approval, Project

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WITHDRAW = "portal/projects/withdraw.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CREATE_PROJECTS)
def create(request: HtmxRequest) -> HttpResponse:
    form = NewProjectForm(request.POST or None, names_everything=True)
    made: list[Project] = []
    if is_taken(
        form,
        lambda: made.append(
            create_project(
                form.cleaned_data["key"], form.facts(), ends_at=form.ends().at, by=request.initiator
            )
        ),
        fields=FIELDS_OF_PROBLEMS,
    ):
        _say(request, _("Created. It ends %(end)s."), made[0], clock=clock_change_words(form.ends()))
        return go_to(request, reverse("project", args=[made[0].key]))
    page = FormPage(
        title=_("New project"),
        above="",
        above_url="",
        back=reverse("projects"),
        submit=_("Create project"),
        foot=_("Creating it is an entry of the audit trail."),
        root=_("Projects"),
        root_url=reverse("projects"),
    )
    return form_page(request, form, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EDIT_PROJECTS)
def edit(request: HtmxRequest, key: str) -> HttpResponse:
    """Name, deputies, start and zone; who manages it and which groups it has only for who may make projects."""
    project = _fetch(request, key, May.EDIT_PROJECTS)
    names_everything = projects_for(request.user, May.CREATE_PROJECTS).filter(pk=project.pk).exists()
    typed = request.POST or typed_before(request)
    form = ProjectForm(typed, names_everything=names_everything, project=project)
    foot = SAVING if names_everything else _("IT or Security names the manager and the groups.")
    page = _page(project, _("Edit"), foot=foot)
    question = _groups_question(request, project, form, typed)
    if question is not None and (question.seen is None or request.method != "POST"):
        return form_page(request, form, replace(page, question=question.words, confirms=question.frozen))
    if request.method != "POST":
        return form_page(request, form, page)
    if question is not None and question.why:
        return _ask_to_take_groups(request, project, form, page, question)
    seen = question.seen if question else None
    if _is_changed(request, project, form, form.facts, seen):
        messages.info(request, _("Saved."))
        return go_to(request, reverse("project", args=[key]))
    return form_page(request, form, page)


def _is_changed(
    request: HtmxRequest,
    project: Project,
    form: ProjectForm,
    facts: Callable[[], ProjectFacts],
    seen: Reach | None,
) -> bool:
    return is_taken(
        form,
        lambda: change_project(project, facts(), by=request.initiator, seen=seen),
        fields=FIELDS_OF_PROBLEMS,
    )


def _groups_question(
    request: HtmxRequest, project: Project, form: ProjectForm, typed: QueryDict | None
) -> GroupsQuestion | None:
    """None where nobody loses the project by what was typed."""
    if typed is None or not form.is_valid():
        return None
    groups = form.facts().groups
    if groups is None:
        return None
    question = GroupsQuestion(project, request.user, list(groups), frozen=typed.get("confirms", ""))
    return question if question.is_needed else None


def _ask_to_take_groups(
    request: HtmxRequest, project: Project, form: ProjectForm, page: FormPage, question: GroupsQuestion
) -> HttpResponse:
    """All else is saved now; the groups stay until a second person has agreed that they go."""
    unproved = ask_for_proof(request, Proof.SECOND_FACTOR)
    if unproved is not None:
        return unproved
    facts = form.facts()
    kept = replace(facts, groups=(*(facts.groups or ()), *question.groups))
    asked: list[Approval] = []
    if not _is_changed(request, project, form, lambda: kept, None) or not is_taken(
        form,
        lambda: asked.append(
            ask_to_take_groups(project, question.groups, reach=question.reach, by=request.initiator)
        ),
    ):
        return form_page(request, form, page)
    messages.info(request, _("All else is saved. The groups stay until a second person has agreed."))
    return go_to(request, reverse("approval", args=[asked[0].pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EXTEND_PROJECTS)
def move_end(request: HtmxRequest, key: str) -> HttpResponse:
    """Later with a reason, earlier with everybody's tokens; with a second person beyond what the policy allows one."""
    project = _fetch(request, key, May.EXTEND_PROJECTS)
    if request.method != "POST":
        return _end_date_page(request, project, _end_form(request, project, typed_before(request)))
    form = _end_form(request, project, request.POST)
    if form.is_valid() and why_second_person(project, form.wish(), by=request.initiator):
        return _ask_to_move_end(request, project, form)
    done: list[EndChange] = []
    if not is_taken(form, lambda: done.append(change_end(project, form.wish(), by=request.initiator))):
        return _end_date_page(request, project, form, status=422)
    _say(request, _end_words(done[0]), done[0].project, clock=clock_change_words(form.moment()))
    return go_to(request, reverse("project", args=[key]))


def _end_form(request: HtmxRequest, project: Project, typed: QueryDict | None) -> EndDateForm:
    return EndDateForm(typed, project=project, reader=request.user)


def _ask_to_move_end(request: HtmxRequest, project: Project, form: EndDateForm) -> HttpResponse:
    """Whoever asks a second person has just proved with a second factor who they are, as the second person will."""
    unproved = ask_for_proof(request, Proof.SECOND_FACTOR)
    if unproved is not None:
        return unproved
    asked: list[Approval] = []
    if not is_taken(form, lambda: asked.append(ask_to_move_end(project, form.wish(), by=request.initiator))):
        return _end_date_page(request, project, form, status=422)
    return go_to(request, reverse("approval", args=[asked[0].pk]))


def _end_date_page(
    request: HtmxRequest, project: Project, form: EndDateForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "page": _page(project, _("Change end"), submit=_("Change end")),
        "now": in_both(project.ends_at, project.time_zone),
        "zone": project.time_zone,
        "alone_until": in_both(alone_until(project), project.time_zone),
        "earlier": earlier_end_words(form.reach),
    }
    return page_or_part(request, "portal/projects/end_date.html", "end-date", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EDIT_PROJECTS)
def declare(request: HtmxRequest, key: str) -> HttpResponse:
    project = _fetch(request, key, May.EDIT_PROJECTS)
    form = ResourceForm(request.POST or None)
    if is_taken(form, lambda: declare_resource(project, form.facts(), by=request.initiator)):
        messages.info(request, _("Declared."))
        return go_to(request, reverse("project", args=[key]))
    page = _page(project, _("Declare a resource"), submit=_("Declare"))
    return form_page(request, form, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EDIT_PROJECTS)
def edit_resource(request: HtmxRequest, key: str, resource_id: UUID) -> HttpResponse:
    project = _fetch(request, key, May.EDIT_PROJECTS)
    resource = fetch_or_refuse(project.resources.select_related("owner"), pk=resource_id)
    form = ResourceForm(request.POST or None, resource=resource)
    if is_taken(form, lambda: declare_resource(project, form.facts(), by=request.initiator)):
        messages.info(request, _("Saved."))
        return go_to(request, reverse("project", args=[key]))
    return form_page(request, form, _page(project, clean(resource.name, 200)))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EDIT_PROJECTS)
def withdraw(request: HtmxRequest, key: str, resource_id: UUID) -> HttpResponse:
    """After a question: what is not declared is not taken away when the project ends."""
    project = _fetch(request, key, May.EDIT_PROJECTS)
    resource = fetch_or_refuse(project.resources.all(), pk=resource_id)
    context: dict[str, Any] = {"name": name_of_project(project), "resource": resource}
    context["action"] = reverse("project_resource_withdraw", args=[key, resource.pk])
    context["back"] = reverse("project", args=[key])
    if request.method != "POST":
        return page_or_part(request, WITHDRAW, "withdraw", context)
    try:
        withdraw_resource(resource, by=request.initiator)
    except ProjectOver as refusal:
        context["refusal"] = str(refusal)
        return page_or_part(request, WITHDRAW, "withdraw", context, status=409)
    messages.info(request, _("Withdrawn. Ending the project no longer takes it away."))
    return go_to(request, context["back"])


def _fetch(request: HtmxRequest, key: str, what: May) -> Project:
    """One that has not ended: what has ended is not changed any more, and has no form."""
    return fetch_or_refuse(projects_for(request.user, what).not_ended().select_related("manager"), key=key)


def _page(
    project: Project, title: str, *, submit: StrOrPromise = SAVE, foot: StrOrPromise = SAVING
) -> FormPage:
    return FormPage(
        title=title,
        above=name_of_project(project),
        above_url=reverse("project", args=[project.key]),
        submit=submit,
        foot=foot,
        root=_("Projects"),
        root_url=reverse("projects"),
    )


def _end_words(change: EndChange) -> str:
    if change.revocation is not None:
        return _("It now ends %(end)s. Tokens with the later date are refused; everybody may sign in again.")
    return _("It now ends %(end)s.")


def _say(request: HtmxRequest, sentence: str, project: Project, *, clock: str) -> None:
    end = in_both(project.ends_at, project.time_zone)
    messages.info(request, " ".join(filter(None, [sentence % {"end": end}, clock])))
