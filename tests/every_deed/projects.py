"""Deeds on projects: made, changed, extended, and who and what is on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from sessions_app.models import Project, ResourceKind, Role
from tests.every_deed.deeds import Act, deed
from tests.factories import a_grant, a_group, a_person, a_policy, a_project, a_resource
from tests.portal.signed_in import browser_with_factor

PROJECT = "projects/<slug:key>/"
RESOURCE = PROJECT + "resources/<uuid:resource_id>/"


def a_phoenix(scene: Any) -> Project:
    """Managed by Paula, ends in forty days, with Carlos alone on it."""
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=40), manager=scene.paula)
    project.groups.add(a_group("phoenix-crew", scene.carlos))
    return project


def in_days(days: int) -> str:
    return f"{timezone.now().date() + timedelta(days=days)}"


def a_key(project: Project) -> Any:
    return a_resource(project, ResourceKind.DEPLOY_KEY, "northwind/phoenix-api")


@deed("projects/export.csv", "EX-101 sam projects")
def taking_projects_as_a_file(scene: Any) -> Act:
    return scene.get("sam", "/projects/export.csv")


@deed("projects/new/", "CH-001 ivan project", "PJ-101 ivan project", "PJ-109 ivan paula", answers=303)
def making_a_project(scene: Any) -> Act:
    form = {
        "name": "Atlas",
        "key": "atlas",
        "manager": "paula",
        "groups": "atlas",
        "ends_on": in_days(30),
        "ends_time": "18:00",
        "time_zone": "Europe/Madrid",
    }
    return scene.post("ivan", "/projects/new/", form)


@deed(PROJECT + "edit/", "CH-002 paula project", "PJ-102 paula project", answers=303)
def renaming_a_project(scene: Any) -> Act:
    a_phoenix(scene)
    return scene.post("paula", "/projects/phoenix/edit/", {"name": "Phoenix Two", "time_zone": "UTC"})


@deed(PROJECT + "edit/", "PJ-121 paula dana", "PJ-102 paula project", answers=303)
def naming_a_deputy(scene: Any) -> Act:
    a_phoenix(scene)
    a_grant(a_person("dana"), Role.PROJECT_MANAGER)
    form = {"name": "Phoenix", "time_zone": "UTC", "deputies": "dana"}
    return scene.post("paula", "/projects/phoenix/edit/", form)


def without_its_crew(scene: Any) -> dict[str, str]:
    """The form of a project without the group that Carlos is in, the question before it answered."""
    a_phoenix(scene)
    form = {
        "name": "phoenix",
        "time_zone": "UTC",
        "deputies": "",
        "manager": "paula",
        "groups": "phoenix-new",
    }
    asked = scene.post("ivan", "/projects/phoenix/edit/", form)()
    return {**form, "confirms": asked.context["page"].confirms}


@deed(
    PROJECT + "edit/",
    "PJ-108 ivan carlos",
    "RV-106 ivan -",
    "CH-002 ivan project",
    "PJ-102 ivan project",
    "RV-105 ivan carlos",
    "RV-110 ivan carlos",
    answers=303,
)
def taking_a_group_off_a_project(scene: Any) -> Act:
    return scene.post("ivan", "/projects/phoenix/edit/", without_its_crew(scene))


@deed(PROJECT + "edit/", "CH-002 ivan project", "PJ-102 ivan project", "AP-101 ivan project", answers=303)
def asking_to_take_a_group_of_many_off_a_project(scene: Any) -> Act:
    form = without_its_crew(scene)
    a_group("phoenix-crew", a_person("second"))
    a_policy(people_alone=1)
    browser = browser_with_factor(scene.ivan)
    form["confirms"] = (
        browser.post("/projects/phoenix/edit/", form | {"confirms": ""}).context["page"].confirms
    )
    return lambda: browser.post("/projects/phoenix/edit/", form)


@deed(PROJECT + "end-date/", "CH-002 paula project", "PJ-103 paula project", answers=303)
def extending_a_project(scene: Any) -> Act:
    a_phoenix(scene)
    form = {"ends_on": in_days(50), "ends_time": "18:00", "reason": "the client asked"}
    return scene.post("paula", "/projects/phoenix/end-date/", form)


@deed(PROJECT + "end-date/", "AP-101 paula project", answers=303)
def asking_to_extend_a_project_beyond_the_limit(scene: Any) -> Act:
    a_phoenix(scene)
    form = {"ends_on": in_days(100), "ends_time": "18:00", "reason": "the client asked"}
    browser = browser_with_factor(scene.paula)
    return lambda: browser.post("/projects/phoenix/end-date/", form)


@deed(PROJECT + "end-date/", "AP-101 paula project", answers=303)
def asking_to_bring_the_end_of_many_forward(scene: Any) -> Act:
    a_phoenix(scene)
    a_group("phoenix-crew", a_person("second"))
    a_policy(people_alone=1)
    form = {"ends_on": in_days(20), "ends_time": "18:00", "reason": "the client asked"}
    browser = browser_with_factor(scene.paula)
    return lambda: browser.post("/projects/phoenix/end-date/", form)


@deed(
    PROJECT + "end-date/",
    "CH-002 paula project",
    "PJ-104 paula project",
    "RV-106 paula project",
    "RV-105 paula carlos",
    "RV-110 paula carlos",
    answers=303,
)
def bringing_the_end_forward(scene: Any) -> Act:
    a_phoenix(scene)
    form = {"ends_on": in_days(20), "ends_time": "18:00"}
    return scene.post("paula", "/projects/phoenix/end-date/", form)


@deed(
    PROJECT + "resources/new/", "CH-001 paula project_resource", "PJ-105 paula project_resource", answers=303
)
def declaring_a_resource(scene: Any) -> Act:
    a_phoenix(scene)
    form = {"kind": "github_team", "name": "northwind/phoenix"}
    return scene.post("paula", "/projects/phoenix/resources/new/", form)


@deed(RESOURCE, "CH-002 paula project_resource", "PJ-105 paula project_resource", answers=303)
def bringing_a_resource_up_to_date(scene: Any) -> Act:
    resource = a_key(a_phoenix(scene))
    form = {"used_by": "deploy job", "last_used_on": in_days(-1)}
    return scene.post("paula", f"/projects/phoenix/resources/{resource.pk}/", form)


@deed(RESOURCE + "withdraw/", "PJ-106 paula project_resource", "CH-003 paula project_resource", answers=303)
def withdrawing_a_resource(scene: Any) -> Act:
    resource = a_key(a_phoenix(scene))
    return scene.post("paula", f"/projects/phoenix/resources/{resource.pk}/withdraw/")


@deed(PROJECT + "members/add/")
def looking_whom_a_list_means(scene: Any) -> Act:
    """A form that only asks."""
    group = a_phoenix(scene).groups.get()
    return scene.post("paula", "/projects/phoenix/members/add/", {"group": group.pk, "names": "ines"})


@deed(PROJECT + "members/add/", "RO-110 paula ines", "PJ-107 paula ines", answers=303)
def adding_somebody_to_a_project(scene: Any) -> Act:
    group = a_phoenix(scene).groups.get()
    form = {"group": group.pk, "person": [str(scene.ines.pk)]}
    return scene.post("paula", "/projects/phoenix/members/add/", form)


@deed(
    PROJECT + "members/<uuid:user_id>/remove/",
    "RV-101 paula carlos",
    "RO-110 paula carlos",
    "PJ-108 paula carlos",
    "RV-110 paula carlos",
    answers=303,
)
def taking_somebody_off_a_project(scene: Any) -> Act:
    a_phoenix(scene)
    return scene.post("paula", f"/projects/phoenix/members/{scene.carlos.pk}/remove/")
