"""Two projects of two managers, for every page of projects."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.models import Project, Role, User
from tests.factories import a_grant, a_group, a_person, a_project


@pytest.fixture
def mona(issuer: object) -> User:
    """Manages Atlas, and nothing else."""
    person = a_person("mona", display_name="Mona Falk")
    a_grant(person, Role.PROJECT_MANAGER)
    return person


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    """Paula's, with Carlos on it; ends in forty days."""
    project = a_project(
        "phoenix",
        name="Phoenix",
        ends_at=timezone.now() + timedelta(days=40),
        manager=paula,
        time_zone="Europe/Madrid",
    )
    project.groups.add(a_group("phoenix"))
    return project


@pytest.fixture
def atlas(mona: User) -> Project:
    """Mona's; ends in three days."""
    project = a_project(
        "atlas", name="Atlas", ends_at=timezone.now() + timedelta(days=3, minutes=1), manager=mona
    )
    project.groups.add(a_group("atlas"))
    return project
