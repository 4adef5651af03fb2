"""Waiting for you: lines with a link, what is late first and in red."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.presenters.waiting import waiting_lines
from sessions_app.models import Leaving, Project, Role
from tests.factories import a_grant, a_person, a_project

pytestmark = pytest.mark.django_db


def a_stuck_leaving() -> Leaving:
    now = timezone.now()
    return Leaving.objects.create(
        user=a_person("leaver"),
        leaves_at=now - timedelta(hours=1),
        time_zone="Europe/Madrid",
        asked_at=now - timedelta(days=1),
        initiator_kind="clock",
        initiator_id="clock",
        door="clock",
        stuck_because="privileged_person",
    )


def test_what_is_late_comes_first(sam):
    a_grant(sam, Role.PROJECT_MANAGER)
    project: Project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=2), manager=sam)
    leaving = a_stuck_leaving()

    lines = waiting_lines(sam)

    assert [(line.kind, line.url) for line in lines] == [
        ("stuck", f"/people/{leaving.user_id}/"),
        ("waiting", f"/projects/{project.key}/"),
    ]
    assert lines[1].sentence.startswith("Project Phoenix ends in 2 days. It ends ")
    assert [line.action for line in lines] == ["Look at", "Open project"]


def test_whoever_has_nothing_to_do_has_no_lines(otto):
    assert waiting_lines(otto) == []
