"""What a project gives outside is declared by people, with an entry each time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.changes.errors import ProjectOver, ValuesRefused
from sessions_app.changes.project_resources import ResourceFacts, declare_resource, withdraw_resource
from sessions_app.models import Project, ProjectResource, ResourceKind, User
from tests.factories import a_project, a_resource, initiator_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def phoenix(paula: User) -> Project:
    return a_project("phoenix", ends_at=timezone.now() + timedelta(days=40), manager=paula)


def a_key(**said: object) -> ResourceFacts:
    usual = {"kind": ResourceKind.DEPLOY_KEY, "name": "northwind/phoenix-api"}
    return ResourceFacts(**{**usual, **said})


def entries(code: str) -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(event_code=code)
    return [(entry.project_key, entry.details["kind"]) for entry in found]


def test_a_resource_is_declared_and_withdrawn(phoenix, paula):
    resource = declare_resource(phoenix, a_key(used_by="deploy job"), by=initiator_of(paula))

    withdraw_resource(resource, by=initiator_of(paula))

    assert entries("PJ-105") == entries("PJ-106") == [("phoenix", "deploy_key")]
    assert not ProjectResource.objects.exists()


def test_declaring_it_again_brings_its_facts_up_to_date(phoenix, paula):
    today = timezone.now().date()
    first = declare_resource(phoenix, a_key(), by=initiator_of(paula))

    again = declare_resource(phoenix, a_key(last_used_on=today, owner=paula), by=initiator_of(paula))

    assert again == first
    assert (again.last_used_on, again.owner) == (today, paula)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "two\nlines"}),
        ("created_on", {"created_on": timezone.now().date() + timedelta(days=2)}),
        ("used_by", {"used_by": "x" * 201}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(field: str, said: dict[str, object], phoenix, paula):
    with pytest.raises(ValuesRefused) as refused:
        declare_resource(phoenix, a_key(**said), by=initiator_of(paula))

    assert refused.value.problems[0][0] == field


def test_nothing_is_used_before_it_was_made(phoenix, paula):
    day = timezone.now().date()
    said = a_key(created_on=day, last_used_on=day - timedelta(days=1))

    with pytest.raises(ValuesRefused):
        declare_resource(phoenix, said, by=initiator_of(paula))


def test_of_a_project_that_has_ended_nothing_is_declared_or_withdrawn(phoenix, paula):
    resource = a_resource(phoenix, ResourceKind.GITHUB_TEAM, "phoenix")
    Project.objects.update(ended_at=timezone.now())

    with pytest.raises(ProjectOver):
        declare_resource(phoenix, a_key(), by=initiator_of(paula))
    with pytest.raises(ProjectOver):
        withdraw_resource(resource, by=initiator_of(paula))
