"""Projects are made and changed by named changes, each an entry of the trail with the project's key."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.changes.errors import KeyTaken, ProjectOver, ValuesRefused
from sessions_app.changes.projects import ProjectFacts, change_project, create_project
from sessions_app.models import Project, ProjectState, Role, User
from tests.factories import a_grant, a_group, a_person, a_project, initiator_of

pytestmark = pytest.mark.django_db


def in_days(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def facts(manager: User | None = None, **said: Any) -> ProjectFacts:
    usual = {"name": "Phoenix", "time_zone": "Europe/Madrid", "manager": manager}
    return ProjectFacts(**{**usual, **said})


def make(by: User, said: ProjectFacts, *, key: str = "phoenix", ends_at: datetime | None = None) -> Project:
    return create_project(key, said, ends_at=ends_at or in_days(60), by=initiator_of(by))


def a_deputy(name: str = "dana") -> User:
    person = a_person(name)
    a_grant(person, Role.PROJECT_MANAGER)
    return person


def refused_fields(refusal: ValuesRefused) -> set[str]:
    return {field for field, _sentence in refusal.problems}


def codes() -> list[str]:
    kept = AuditEntry.objects.filter(project_key="phoenix").order_by("id")
    return [entry.event_code for entry in kept]


def test_a_project_is_made_with_its_manager_deputies_and_groups(ivan, paula):
    dana = a_deputy()

    project = make(ivan, facts(paula, deputies=(dana,), groups=("contractors-project-phoenix",)))

    assert list(project.groups.values_list("name", flat=True)) == ["contractors-project-phoenix"]
    assert set(Project.objects.managed_by(dana)) == set(Project.objects.managed_by(paula)) == {project}
    assert project.state == ProjectState.RUNNING
    assert codes() == ["PJ-101", "PJ-109", "PJ-121"]


def test_a_project_that_begins_later_is_planned(ivan, paula):
    assert make(ivan, facts(paula, starts_at=in_days(3))).state == ProjectState.PLANNED


@pytest.mark.parametrize(
    "key", ["", "Phoenix", "phoenix ", "-phoenix", "phoenix-", "phönix", "a/b", "p" * 65]
)
def test_a_key_that_no_address_could_hold_is_refused(key: str, ivan, paula):
    with pytest.raises(ValuesRefused) as refused:
        make(ivan, facts(paula), key=key)

    assert refused_fields(refused.value) == {"key"}


def test_a_key_is_given_once(ivan, paula):
    make(ivan, facts(paula))

    with pytest.raises(KeyTaken):
        make(ivan, facts(paula, name="Another"))
    assert Project.objects.count() == 1


def test_an_end_in_the_past_is_refused(ivan, paula):
    with pytest.raises(ValuesRefused) as refused:
        make(ivan, facts(paula), ends_at=in_days(-1))

    assert refused_fields(refused.value) == {"ends_on"}


def test_a_project_cannot_end_before_it_begins(ivan, paula):
    with pytest.raises(ValuesRefused) as refused:
        make(ivan, facts(paula, starts_at=in_days(70)))

    assert refused_fields(refused.value) == {"starts_on"}


def test_somebody_without_the_role_is_not_made_manager(ivan, otto):
    with pytest.raises(ValuesRefused) as refused:
        make(ivan, facts(otto))

    assert refused_fields(refused.value) == {"manager"}
    assert not Project.objects.exists()


def test_a_change_says_what_became_different_and_who_speaks_for_it_now(ivan, paula):
    project, dana = make(ivan, facts(paula)), a_deputy()
    before = AuditEntry.objects.latest("id").pk

    change_project(project, facts(dana, name="Phoenix Two", deputies=(paula,)), by=initiator_of(ivan))

    left = AuditEntry.objects.filter(project_key="phoenix", id__gt=before).order_by("id")
    assert [entry.event_code for entry in left] == ["PJ-121", "PJ-102", "PJ-109"]
    assert left[1].details["what"] == ["name", "manager", "deputies"]
    assert Project.objects.get().key == "phoenix"


def test_names_of_people_stand_beside_the_entries_and_never_in_them(ivan, paula):
    make(ivan, facts(paula))

    kept = [f"{entry.details} {entry.changes}" for entry in AuditEntry.objects.all()]
    assert not [text for text in kept if "Paula" in text or str(paula.pk) in text]


def test_saving_what_is_there_already_writes_nothing(ivan, paula):
    project = make(ivan, facts(paula))
    before = AuditEntry.objects.count()

    change_project(project, facts(), by=initiator_of(paula))

    assert AuditEntry.objects.count() == before


def test_what_is_left_unsaid_stays(ivan, paula):
    project = make(ivan, facts(paula, groups=("contractors-project-phoenix",)))

    change_project(project, facts(name="Renamed"), by=initiator_of(paula))

    project.refresh_from_db()
    assert (project.name, project.manager, project.groups.count()) == ("Renamed", paula, 1)


def test_a_project_whose_manager_lost_the_role_can_still_be_changed(ivan, paula):
    project = make(ivan, facts(paula))
    paula.role_grants.update(revoked_at=timezone.now())

    changed = change_project(project, facts(paula, name="Renamed"), by=initiator_of(ivan))

    assert changed.name == "Renamed"


def test_what_has_begun_is_not_planned_again(ivan, paula):
    project = make(ivan, facts(paula))

    with pytest.raises(ValuesRefused) as refused:
        change_project(project, facts(starts_at=in_days(2)), by=initiator_of(ivan))

    assert refused_fields(refused.value) == {"starts_on"}


def test_what_has_ended_is_not_changed(ivan, paula):
    project = a_project("phoenix", ends_at=in_days(1), manager=paula, ended_at=timezone.now())

    with pytest.raises(ProjectOver):
        change_project(project, facts(name="Undead"), by=initiator_of(ivan))


def test_groups_are_made_where_nobody_knew_them_and_taken_as_they_are_elsewhere(ivan, paula, carlos):
    known = a_group("phoenix")

    project = make(ivan, facts(paula, groups=("phoenix", "new-one")))

    assert known in project.groups.all()
    assert set(Project.objects.of(carlos)) == {project}
