"""Phoenix as its manager finds it, and the wizard as a browser without scripts fills it in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from sessions_app.models import Project, ProjectEnding, ResourceKind, User
from tests.factories import a_group, a_project, a_resource


def phoenix_of(paula: User, **fields: Any) -> Project:
    """Its group is `phoenix`, in which the cast's contractors are."""
    usual = {"ends_at": timezone.now() + timedelta(days=30), "manager": paula, "time_zone": "Europe/Madrid"}
    project = a_project("phoenix", **{**usual, **fields})
    project.groups.add(a_group("phoenix"))
    return project


def atlas_of(manager: User) -> Project:
    """Another project that goes on; Chen is on it too."""
    project = a_project("atlas", ends_at=timezone.now() + timedelta(days=90), manager=manager)
    project.groups.add(a_group("atlas"))
    return project


def resources_of(project: Project) -> None:
    """A team that people are taken from one by one, and a key that goes as a whole."""
    a_resource(project, ResourceKind.GITHUB_TEAM, "northwind/phoenix")
    a_resource(project, ResourceKind.DEPLOY_KEY, "phoenix-deploy", used_by="CI job deploy-phoenix")


def step(browser: Client, project: Project, name: str, **typed: str) -> HttpResponse:
    """Fill in and send one step."""
    address = f"/projects/{project.key}/end/" + (f"{name}/" if name != "scope" else "")
    return browser.post(address, typed)


def walk_to_the_end(browser: Client, project: Project, **typed: str) -> HttpResponse:
    """Look, choose when, say why, and come to the last question, which is returned as it is shown."""
    browser.get(f"/projects/{project.key}/end/")
    when = {"choice": "now", "day": "", "time": "", **{k: v for k, v in typed.items() if k in WHEN}}
    assert step(browser, project, "when", **when).status_code == 303
    why = {"ticket": "", "note": "", "typed": project.name, **{k: v for k, v in typed.items() if k in WHY}}
    assert step(browser, project, "why", **why).status_code == 303
    return browser.get(f"/projects/{project.key}/end/end/")


WHEN = frozenset({"choice", "day", "time"})
WHY = frozenset({"ticket", "note", "typed"})


def end_it(browser: Client, project: Project, **typed: str) -> HttpResponse:
    """The whole story of the click; the answer to the last one."""
    walk_to_the_end(browser, project, **typed)
    return step(browser, project, "end")


def the_ending() -> ProjectEnding:
    return ProjectEnding.objects.select_related("revocation").get()
