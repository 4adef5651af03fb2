"""Putting people on a project and taking them off it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, projects_for, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.member_forms import ChosenMembersForm, MembersForm
from portal.presenters.adding_members import Understood
from portal.presenters.project_members import people_on
from portal.presenters.project_words import name_of_project
from portal.presenters.refusals import status_of
from portal.presenters.words import name_of
from portal.roles import May
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.project_members import (
    add_members,
    groups_kept_here,
    remove_members,
    understand,
)
from sessions_app.models import Group, Project
from sessions_app.models.moments import database_now
from sessions_app.revocation.errors import OrderRefused

ADD = "portal/projects/members_add.html"
REMOVE = "portal/projects/member_remove.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EDIT_PROJECTS)
def add(request: HtmxRequest, key: str) -> HttpResponse:
    """Names first, then whom they were understood to mean, then the people themselves; all of them or nobody."""
    project = _fetch(request, key)
    groups = groups_kept_here(project)
    if "person" in request.POST:
        return _add(request, project, groups)
    form = MembersForm(request.POST or None, request.FILES or None, groups=groups)
    context = {"project": project, "name": name_of_project(project), "form": form, "groups": groups}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return page_or_part(request, ADD, "add-members", context, status=status)
    named = understand(project, form.cleaned_data["lines"], by=request.initiator)
    understood = Understood(named, group=form.cleaned_data["group"])
    context["understood"] = understood
    status = 422 if understood.problems else 200
    return page_or_part(request, ADD, "add-members", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.EDIT_PROJECTS)
def remove(request: HtmxRequest, key: str, user_id: UUID) -> HttpResponse:
    """After a question that says what dies."""
    project = _fetch(request, key)
    person = fetch_or_refuse(people_on(project), pk=user_id)
    context = {"project": project, "name": name_of_project(project), "person": name_of(person), "refusal": ""}
    context["action"] = reverse("project_member_remove", args=[key, person.pk])
    if request.method != "POST":
        return page_or_part(request, REMOVE, "remove-member", context)
    try:
        remove_members(project, [person], by=request.initiator, received_at=database_now())
    except (ChangeRefused, OrderRefused) as refusal:
        context["refusal"] = str(refusal)
        return page_or_part(request, REMOVE, "remove-member", context, status=status_of(refusal))
    sentence = _("%(name)s is no longer on it. Tokens that say otherwise are refused.")
    messages.info(request, sentence % {"name": name_of(person)})
    return go_to(request, reverse("project", args=[key]))


def _add(request: HtmxRequest, project: Project, groups: QuerySet[Group]) -> HttpResponse:
    form = ChosenMembersForm(request.POST, groups=groups)
    context = {"project": project, "name": name_of_project(project), "groups": groups}
    context["form"] = MembersForm(groups=groups)
    if not form.is_valid():
        context["refusal"] = _("This list cannot be used any more. Look at it again.")
        return page_or_part(request, ADD, "add-members", context, status=422)
    try:
        added = add_members(
            project,
            form.people,
            group=form.cleaned_data["group"],
            by=request.initiator,
            received_at=database_now(),
        )
    except ChangeRefused as refusal:
        context["refusal"] = str(refusal)
        return page_or_part(request, ADD, "add-members", context, status=status_of(refusal))
    sentence = ngettext("%(count)d person was added.", "%(count)d people were added.", len(added))
    messages.info(request, sentence % {"count": len(added)})
    return go_to(request, reverse("project", args=[project.key]))


def _fetch(request: HtmxRequest, key: str) -> Project:
    return fetch_or_refuse(projects_for(request.user, May.EDIT_PROJECTS).not_ended(), key=key)
