"""A project that has ended: Carlos leaves for good, Chen goes on with Atlas, and three things are to be taken away."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from audit.evidence.project_report import ProjectReport, report_of
from audit.models import AuditEntry
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.project_preview import preview_of
from sessions_app.models import Project, ProjectEnding, ResourceKind, User
from tests.factories import a_group, a_project, a_resource, initiator_of


def a_phoenix(manager: User) -> Project:
    """Running, with whoever is in the group of this name; Atlas runs beside it."""
    phoenix = a_project("phoenix", ends_at=timezone.now() + timedelta(days=30), manager=manager)
    phoenix.groups.add(a_group("phoenix"))
    a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/phoenix")
    a_resource(phoenix, ResourceKind.DEPLOY_KEY, "deploy-phoenix")
    atlas = a_project("atlas", ends_at=timezone.now() + timedelta(days=90), manager=manager)
    atlas.groups.add(a_group("atlas"))
    return phoenix


def ended(project: Project, by: User, **said: object) -> ProjectEnding:
    seen = preview_of(project, by=initiator_of(by)).as_json()
    wish = EndingWish(**{"received_at": timezone.now(), "seen": seen, **said})
    return end_project(project, wish, by=initiator_of(by))


def report_on(project: Project) -> ProjectReport:
    found = report_of(project.key, AuditEntry.objects.all())
    assert found is not None
    return found
