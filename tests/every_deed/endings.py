"""Deeds on projects that end, and on what people do by hand afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.steps import mark_done
from sessions_app.models import Project, ProjectEnding, Step
from sessions_app.revocation import publishing
from tests.every_deed.deeds import Act, deed
from tests.factories import a_group, a_policy
from tests.portal.endings.scenes import phoenix_of, resources_of, step, walk_to_the_end

EVIDENCE = "removed in the console, list is empty"
CUT_OFF = ("RV-105 paula carlos", "RV-110 paula carlos")


def phoenix(scene: Any) -> Project:
    """With Carlos alone on it: two people are ended in the order of their keys, which are drawn."""
    project = phoenix_of(scene.paula)
    scene.chen.memberships.filter(group__name="phoenix").delete()
    resources_of(project)
    return project


def an_ending(scene: Any, **fields: Any) -> ProjectEnding:
    wish = EndingWish(received_at=timezone.now(), **fields)
    return end_project(phoenix(scene), wish, by=scene.by("paula"))


def a_task(scene: Any) -> Step:
    an_ending(scene)
    return Step.objects.get(user=scene.carlos, is_manual=True)


@deed("projects/<slug:key>/end/", answers=303)
def looking_at_what_would_end(scene: Any) -> Act:
    phoenix(scene)
    return scene.post("paula", "/projects/phoenix/end/")


@deed(
    "projects/<slug:key>/end/<str:step>/",
    "RV-107 paula project",
    "CH-002 paula project",
    "PJ-150 paula project",
    *CUT_OFF,
    answers=303,
)
def ending_a_project(scene: Any) -> Act:
    project = phoenix(scene)
    browser = scene.browser("paula")
    walk_to_the_end(browser, project)
    return lambda: step(browser, project, "end")


@deed("projects/<slug:key>/end/<str:step>/", "PJ-110 paula project", answers=303)
def scheduling_the_end_of_a_project(scene: Any) -> Act:
    project = phoenix(scene)
    browser = scene.browser("paula")
    day = (timezone.now() + timedelta(days=3)).date().isoformat()
    walk_to_the_end(browser, project, choice="later", day=day, time="18:00")
    return lambda: step(browser, project, "end")


@deed("projects/<slug:key>/endings/<uuid:ending_id>/cancel/", "PJ-111 paula project", answers=303)
def taking_an_end_back(scene: Any) -> Act:
    ending = an_ending(scene, due_at=timezone.now() + timedelta(hours=2))
    return scene.post("paula", f"/projects/phoenix/endings/{ending.pk}/cancel/")


@deed("projects/<slug:key>/endings/<uuid:ending_id>/retry/", "RV-110 paula carlos", answers=303)
def trying_again(scene: Any) -> Act:
    with patch.object(publishing, "publish_entries", side_effect=BlacklistUnavailable("nobody")):
        ending = an_ending(scene)
    return scene.post("paula", f"/projects/phoenix/endings/{ending.pk}/retry/")


@deed("tasks/<uuid:step_id>/", "PJ-130 ivan carlos", answers=303)
def marking_a_task_done(scene: Any) -> Act:
    task = a_task(scene)
    return scene.post("ivan", f"/tasks/{task.pk}/", {"step": str(task.pk), "evidence": EVIDENCE})


@deed("tasks/<uuid:step_id>/reopen/", "PJ-131 ivan carlos", answers=303)
def reopening_a_task(scene: Any) -> Act:
    task = a_task(scene)
    mark_done([task.pk], evidence=EVIDENCE, by=scene.by("ivan"))
    return scene.post("ivan", f"/tasks/{task.pk}/reopen/", {"reason": "he is still in the team"})


@deed(
    "api/v1/projects/<key>/end",
    "RV-107 machine project",
    "CH-002 machine project",
    "PJ-150 machine project",
    "RV-105 machine carlos",
    "RV-110 machine carlos",
    answers=201,
)
def ending_a_project_by_a_program(scene: Any) -> Act:
    phoenix(scene)
    machine = scene.machine
    return lambda: machine.post("/projects/phoenix/end", {})


@deed("api/v1/projects/<key>/end", "RV-112F machine project", answers=403)
def ending_by_a_program_what_takes_a_second_person(scene: Any) -> Act:
    phoenix(scene)
    a_group("phoenix", scene.chen)
    a_policy(people_alone=1)
    machine = scene.machine
    return lambda: machine.post("/projects/phoenix/end", {})
