"""The access report of a project that ended: read, taken, checked again, signed off."""

from __future__ import annotations

from typing import Any

from audit.evidence.project_document import fingerprint_of
from sessions_app.models import Project
from tests.audit.evidence.scenes import a_phoenix, ended, report_on
from tests.every_deed.deeds import Act, deed

REPORT = "projects/<slug:key>/report/"


def an_ended_project(scene: Any) -> Project:
    project = a_phoenix(scene.paula)
    ended(project, scene.paula)
    return project


@deed(REPORT)
def reading_a_report(scene: Any) -> Act:
    an_ended_project(scene)
    return scene.get("paula", "/projects/phoenix/report/")


@deed("projects/<slug:key>/report.<str:form>", "PJ-152 aude project")
def taking_a_report_as_a_file(scene: Any) -> Act:
    an_ended_project(scene)
    return scene.get("aude", "/projects/phoenix/report.zip")


@deed(REPORT + "check/", "PJ-151 ivan project", answers=303)
def checking_an_ended_project_again(scene: Any) -> Act:
    an_ended_project(scene)
    return scene.post("ivan", "/projects/phoenix/report/check/")


@deed(REPORT + "sign/", "PJ-153 paula project", answers=303)
def signing_off_a_report(scene: Any) -> Act:
    seen = fingerprint_of(report_on(an_ended_project(scene)))
    return scene.post("paula", "/projects/phoenix/report/sign/", {"seen": seen, "note": "looked at it"})


@deed(REPORT + "sign/", "PJ-153F aude project", answers=409)
def signing_off_a_report_that_is_not_the_one_on_the_page(scene: Any) -> Act:
    an_ended_project(scene)
    return scene.post("aude", "/projects/phoenix/report/sign/", {"seen": "0" * 64, "note": "looked at it"})
