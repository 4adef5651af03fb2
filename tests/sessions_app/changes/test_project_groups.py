"""A group is taken off a project: whoever loses the project with it is treated as if removed one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approvals import approve
from sessions_app.changes.blast_radius import Reach, Why
from sessions_app.changes.errors import NothingToDo, OwnMembership, SecondPersonNeeded
from sessions_app.changes.project_groups import ask_to_take_groups, who_loses
from sessions_app.changes.projects import ProjectFacts, change_project
from sessions_app.models import Approval, Group, Project, Revocation, User
from sessions_app.revocation.populations import members_of
from tests.factories import a_group, a_policy, a_project, initiator_of, open_session, token_for, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User, ines: User, otto: User) -> Project:
    """Carlos by one group of it, Ines by another, Otto by both."""
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=40), manager=paula)
    project.groups.add(a_group("phoenix", otto), a_group("phoenix-design", ines, otto))
    return project


def keep(project: Project, *names: str, by: User, **said: object) -> Project:
    facts = ProjectFacts(name=project.name, time_zone=project.time_zone, groups=names)
    return change_project(project, facts, by=initiator_of(by), **said)


def test_whoever_loses_the_project_loses_their_tokens_and_nobody_else(phoenix, ivan, carlos, ines, otto):
    tokens = {user: token_for(user, open_session(user)) for user in (carlos, ines, otto)}

    keep(phoenix, "phoenix", by=ivan)

    outcomes = {user: verdict_on(token).outcome for user, token in tokens.items()}
    assert outcomes == {carlos: Outcome.ALLOWED, ines: Outcome.REVOKED, otto: Outcome.ALLOWED}
    ended = Revocation.objects.get()
    assert (ended.reason, ended.is_of_many, ended.cut_off_at is not None) == ("role_change", True, True)
    ines.refresh_from_db()
    assert ines.is_active


def test_each_of_them_has_an_entry_as_if_removed_one_by_one(phoenix, ivan, ines):
    keep(phoenix, "phoenix", by=ivan)

    entry = AuditEntry.objects.get(event_code="PJ-108")
    assert (entry.target_id, entry.project_key) == (str(ines.pk), "phoenix")
    assert entry.details["groups"] == ["phoenix-design"]


def test_nobody_leaves_the_group_itself(phoenix, ivan, ines):
    keep(phoenix, "phoenix", by=ivan)

    assert list(members_of("phoenix").filter(pk=ines.pk)) == []
    assert Group.objects.get(name="phoenix-design").members.filter(pk=ines.pk).exists()


def test_a_group_that_is_added_for_another_keeps_whoever_is_in_it(phoenix, ivan, ines):
    a_group("phoenix-all", ines)
    token = token_for(ines, open_session(ines))

    keep(phoenix, "phoenix", "phoenix-all", by=ivan)

    assert verdict_on(token).outcome == Outcome.ALLOWED
    assert not Revocation.objects.exists()


def test_of_a_project_that_has_not_begun_no_token_ends(phoenix, ivan, ines):
    Project.objects.update(starts_at=timezone.now() + timedelta(days=3))
    phoenix.refresh_from_db()
    token = token_for(ines, open_session(ines))
    facts = ProjectFacts(
        name=phoenix.name, time_zone=phoenix.time_zone, starts_at=phoenix.starts_at, groups=("phoenix",)
    )

    change_project(phoenix, facts, by=initiator_of(ivan))

    assert verdict_on(token).outcome == Outcome.ALLOWED
    assert AuditEntry.objects.filter(event_code="PJ-108").count() == 1


def test_nobody_takes_the_project_from_themselves(phoenix, ivan):
    a_group("phoenix-design", ivan)

    with pytest.raises(OwnMembership):
        keep(phoenix, "phoenix", by=ivan)
    with pytest.raises(OwnMembership):
        ask_to_take_groups(
            phoenix, ["phoenix-design"], reach=Reach(people=1, sessions=0), by=initiator_of(ivan)
        )
    assert phoenix.groups.count() == 2


# --- More than one person may end alone -----------------------------------------------------------


@pytest.fixture
def strict() -> None:
    a_policy(people_alone=1)


def test_more_people_than_one_may_end_alone_take_a_second_person(phoenix, ivan, strict):
    with pytest.raises(SecondPersonNeeded) as refused:
        keep(phoenix, "other", by=ivan)

    assert refused.value.why == (Why.MANY_PEOPLE,)
    assert phoenix.groups.count() == 2


def test_whoever_joined_since_it_was_looked_at_does_not_hold_it_off(phoenix, ivan, strict, carlos):
    token = token_for(carlos, open_session(carlos))

    keep(phoenix, "other", by=ivan, seen=Reach(people=1, sessions=0))

    assert verdict_on(token).outcome == Outcome.REVOKED


def asked(project: Project, by: User, *names: str) -> Approval:
    reach = Reach.of(who_loses(project, [name for name in ("phoenix",) if name not in names]))
    return ask_to_take_groups(project, names, reach=reach, by=initiator_of(by))


def test_a_second_person_takes_them_off_and_every_token_ends(phoenix, ivan, sam, strict, carlos, ines):
    tokens = [token_for(each, open_session(each)) for each in (carlos, ines)]
    approval = asked(phoenix, ivan, "phoenix", "phoenix-design")
    assert (approval.people, approval.sessions, approval.why) == (3, 2, [Why.MANY_PEOPLE])
    assert [verdict_on(token).outcome for token in tokens] == [Outcome.ALLOWED] * 2

    approve(approval, by=initiator_of(sam))

    assert phoenix.groups.count() == 0
    assert [verdict_on(token).outcome for token in tokens] == [Outcome.REVOKED] * 2
    assert AuditEntry.objects.get(event_code="PJ-102").initiator_id == str(ivan.pk)


def test_groups_that_went_meanwhile_are_nothing_to_approve(phoenix, ivan, sam):
    approval = asked(phoenix, ivan, "phoenix-design")
    keep(phoenix, "phoenix", by=ivan)

    with pytest.raises(NothingToDo):
        approve(approval, by=initiator_of(sam))
