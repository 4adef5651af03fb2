"""People join and leave a project one by one, their tokens follow, and a wrong name stops all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.errors import (
    DirectoryOwnsGroup,
    NoContractor,
    NotAMember,
    OwnMembership,
    PersonIsBlocked,
    ProjectOver,
)
from sessions_app.changes.project_members import add_members, remove_members, understand
from sessions_app.models import Group, Project, Role, User
from sessions_app.revocation.errors import ReasonNotAllowed
from sessions_app.revocation.populations import members_of
from tests.factories import (
    a_grant,
    a_group,
    a_person,
    a_project,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=40), manager=paula)
    project.groups.add(a_group("phoenix"))
    return project


def add(project: Project, *people: User, by: User) -> list[User]:
    group = project.groups.get()
    return add_members(project, people, group=group, by=initiator_of(by), received_at=timezone.now())


def remove(project: Project, *people: User, by: User) -> None:
    remove_members(project, people, by=initiator_of(by), received_at=timezone.now())


def owned_by_a_directory(project: Project) -> None:
    Group.objects.filter(projects=project).update(members_as_of=timezone.now())


@pytest.mark.parametrize("whose", ["a group of the company", "a role"])
def test_a_manager_puts_no_employee_on_a_project_whose_end_would_block_them(
    phoenix, paula, ivan, otto, hana, whose
):
    a_group("staff", otto)
    employee = otto if whose == "a group of the company" else hana

    understood = understand(phoenix, [(1, employee.username)], by=initiator_of(paula))
    with pytest.raises(NoContractor):
        add(phoenix, employee, by=paula)

    assert isinstance(understood[0].problem, NoContractor)
    assert employee not in members_of("phoenix")
    assert add(phoenix, employee, by=ivan) == [employee]


def test_it_for_one_country_names_nobody_of_another(phoenix, otto, northwind):
    a_group("staff", otto)
    mina = a_person("mina", country="NO")
    a_grant(mina, Role.IT, population_kind="country", population_value="NO")

    with pytest.raises(NoContractor):
        add(phoenix, otto, by=mina)


def test_whoever_is_on_it_already_is_no_problem_in_a_list(phoenix, paula, carlos):
    a_group("vpn", carlos)

    understood = understand(phoenix, [(1, "carlos")], by=initiator_of(paula))

    assert (understood[0].is_member, understood[0].problem) == (True, None)


def test_somebody_joins_by_one_of_the_projects_groups_and_keeps_their_session(phoenix, paula, ines):
    token = token_for(ines, open_session(ines))

    assert add(phoenix, ines, by=paula) == [ines]

    assert ines in members_of("phoenix")
    assert verdict_on(token).outcome == Outcome.ALLOWED
    entry = AuditEntry.objects.get(event_code="PJ-107")
    assert (entry.project_key, entry.target_id, entry.details["groups"]) == (
        "phoenix", str(ines.pk), ["phoenix"],
    )  # fmt: skip


def test_who_is_on_it_already_is_no_change(phoenix, paula, carlos):
    assert add(phoenix, carlos, by=paula) == []
    assert not AuditEntry.objects.filter(event_code="PJ-107").exists()


def test_its_manager_takes_somebody_off_it_and_their_tokens_end(phoenix, paula, carlos):
    token = token_for(carlos, open_session(carlos))

    remove(phoenix, carlos, by=paula)

    assert carlos not in members_of("phoenix")
    assert verdict_on(token).outcome == Outcome.REVOKED
    carlos.refresh_from_db()
    assert carlos.is_active
    assert AuditEntry.objects.get(event_code="PJ-108").project_key == "phoenix"


def test_a_manager_takes_nobody_off_a_project_of_somebody_else(phoenix, paula, ivan, carlos):
    Project.objects.update(manager=None)

    with pytest.raises(ReasonNotAllowed):
        remove(phoenix, carlos, by=paula)

    assert carlos in members_of("phoenix")


def test_one_person_who_cannot_be_added_keeps_all_of_them_out(phoenix, paula, ines):
    gone = a_person("gone", sign_in_blocked_at=timezone.now())

    with pytest.raises(PersonIsBlocked):
        add(phoenix, ines, gone, by=paula)

    assert ines not in members_of("phoenix")


def test_nobody_puts_themselves_on_a_project_or_takes_themselves_off(phoenix, paula):
    with pytest.raises(OwnMembership):
        add(phoenix, paula, by=paula)
    a_group("phoenix", paula)
    with pytest.raises(OwnMembership):
        remove(phoenix, paula, by=paula)


def test_where_a_directory_owns_the_group_nobody_is_added_or_removed_here(phoenix, paula, ines, carlos):
    owned_by_a_directory(phoenix)

    with pytest.raises(DirectoryOwnsGroup):
        add(phoenix, ines, by=paula)
    with pytest.raises(DirectoryOwnsGroup):
        remove(phoenix, carlos, by=paula)


def test_a_group_of_another_project_is_no_way_into_anything(phoenix, paula, ines):
    elsewhere = a_group("domain-admins")

    with pytest.raises(DirectoryOwnsGroup):
        add_members(phoenix, [ines], group=elsewhere, by=initiator_of(paula), received_at=timezone.now())


def test_whoever_is_not_on_it_cannot_be_removed(phoenix, paula, ines):
    with pytest.raises(NotAMember):
        remove(phoenix, ines, by=paula)


def test_a_project_that_ended_while_the_form_was_open_takes_nobody(phoenix, paula, ines):
    Project.objects.update(ended_at=timezone.now())

    with pytest.raises(ProjectOver):
        add(phoenix, ines, by=paula)  # this instance was read before
    assert ines not in members_of("phoenix")


def test_names_are_understood_by_user_name_e_mail_and_employee_number(phoenix, paula, ines, carlos, chen):
    names = [(1, "INES"), (2, carlos.email.upper()), (3, chen.employee_number)]

    understood = understand(phoenix, names, by=initiator_of(paula))

    assert [(named.user, named.is_member) for named in understood] == [
        (ines, False),
        (carlos, True),
        (chen, True),
    ]
    assert not [named for named in understood if named.problem]


def test_a_name_that_means_nobody_several_or_oneself_is_said_with_its_line(phoenix, paula):
    a_person("twin-a", employee_number="N-1")
    a_person("twin-b", employee_number="N-1")
    names = [(4, "nobody\x00"), (5, "N-1"), (6, "paula")]

    understood = understand(phoenix, names, by=initiator_of(paula))

    assert [(named.line, named.problem.code) for named in understood] == [
        (4, "person_unknown"),
        (5, "person_ambiguous"),
        (6, "own_membership"),
    ]


def test_somebody_named_twice_stands_once(phoenix, paula, ines):
    understood = understand(phoenix, [(1, "ines"), (2, ines.email)], by=initiator_of(paula))

    assert [named.line for named in understood] == [1]
