"""What a person's tokens say: their groups, what these make them, and when their project ends."""

from datetime import timedelta

from django.utils import timezone

from sessions_app.models import Application, User
from sessions_app.revocation.claims import claims_of
from tests.factories import a_group, a_project, an_entitlement


def test_groups_become_roles_by_the_mapping_of_each_application(
    ines: User, wiki: Application, payroll: Application
) -> None:
    finance = a_group("finance", ines)
    an_entitlement(wiki, finance, "edit")
    an_entitlement(payroll, finance, "approve")

    claims = claims_of(ines)

    assert claims.groups == ("finance",)
    assert claims.roles_at(wiki) == ("edit",)
    assert claims.roles_at(None) == ("approve", "edit")
    assert claims.names == {"finance", "edit", "approve"}


def test_the_earliest_end_of_the_running_projects_counts(chen: User) -> None:
    now = timezone.now()
    for name, days in (("phoenix", 7), ("atlas", 70)):
        project = a_project(name, ends_at=now + timedelta(days=days))
        project.groups.add(a_group(name))

    claims = claims_of(chen)

    assert claims.projects == ("atlas", "phoenix")
    assert claims.project_ends_at == now + timedelta(days=7)


def test_a_project_that_is_over_is_in_nobodys_token(carlos: User) -> None:
    project = a_project("phoenix", ends_at=timezone.now())
    project.groups.add(a_group("phoenix"))

    assert claims_of(carlos).projects == ()
    assert claims_of(carlos).project_ends_at is None
