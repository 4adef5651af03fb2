"""A project's end moves: later with a reason, within a limit; earlier, and no token carries the later date."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approvals import approve
from sessions_app.changes.blast_radius import Reach, Why
from sessions_app.changes.errors import (
    ApprovingForOneself,
    ApprovingOwnRequest,
    MayNotExtend,
    ProjectOver,
    ReasonTooShort,
    SecondPersonNeeded,
    ValuesRefused,
)
from sessions_app.changes.project_end_dates import EndChange, EndWish, ask_to_move_end, change_end
from sessions_app.models import Approval, ApprovalKind, ApprovalState, Project, Revocation, User
from sessions_app.revocation.errors import ReasonNotAllowed
from sessions_app.revocation.orders import SecondPerson
from tests.factories import (
    a_group,
    a_policy,
    a_project,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)

A_SECOND_PERSON = SecondPerson(approval_id=uuid4())

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=40), manager=paula)
    project.groups.add(a_group("phoenix"))
    return project


def move(
    project: Project, by: User, *, days: float, reason: str = "The client asked", **said: object
) -> EndChange:
    """To so many days after (or before) its present end."""
    project.refresh_from_db()
    wish = EndWish(
        ends_at=project.ends_at + timedelta(days=days), reason=reason, received_at=timezone.now(), **said
    )
    return change_end(project, wish, by=initiator_of(by))


def test_extending_needs_a_reason_and_ends_nobodys_tokens(phoenix, paula, carlos):
    token = token_for(carlos, open_session(carlos))

    change = move(phoenix, paula, days=10)

    assert change.is_later
    assert change.revocation is None
    assert verdict_on(token).outcome == Outcome.ALLOWED
    entry = AuditEntry.objects.get(event_code="PJ-103")
    assert (entry.project_key, entry.subjects.get(kind="note").value) == ("phoenix", "The client asked")


def test_extending_without_a_reason_is_refused(phoenix, paula):
    with pytest.raises(ReasonTooShort):
        move(phoenix, paula, days=10, reason=" x ")


def test_extending_beyond_the_limit_takes_a_second_person(phoenix, ivan):
    with pytest.raises(SecondPersonNeeded):
        move(phoenix, ivan, days=31)

    assert AuditEntry.objects.get(event_code="PJ-103F").details["why"] == "second_person_needed"
    assert move(phoenix, ivan, days=31, second=A_SECOND_PERSON).is_later


def test_many_small_extensions_reach_no_further_than_one_large_one(phoenix, paula):
    move(phoenix, paula, days=20)
    move(phoenix, paula, days=10)

    with pytest.raises(SecondPersonNeeded):
        move(phoenix, paula, days=1)


def test_bringing_the_end_forward_and_back_gains_nothing(phoenix, paula):
    move(phoenix, paula, days=30)
    move(phoenix, paula, days=-25)

    move(phoenix, paula, days=25)

    with pytest.raises(SecondPersonNeeded):
        move(phoenix, paula, days=1)


def test_the_limit_counts_anew_from_what_a_second_person_approved(phoenix, paula):
    move(phoenix, paula, days=90, second=A_SECOND_PERSON)

    assert move(phoenix, paula, days=30).is_later


def test_the_limit_is_the_policys(phoenix, paula):
    a_policy(extension_days_alone=0)

    with pytest.raises(SecondPersonNeeded):
        move(phoenix, paula, days=0.1)


def test_bringing_the_end_forward_ends_the_tokens_that_carry_the_later_date(phoenix, paula, carlos, ines):
    theirs, other = token_for(carlos, open_session(carlos)), token_for(ines, open_session(ines))

    change = move(phoenix, paula, days=-10, reason="")

    assert (change.revocation.reason, change.revocation.sessions_ended) == ("role_change", 1)
    assert verdict_on(theirs).outcome == Outcome.REVOKED
    assert verdict_on(other).outcome == Outcome.ALLOWED
    carlos.refresh_from_db()
    assert carlos.is_active
    assert AuditEntry.objects.get(event_code="PJ-104").project_key == "phoenix"


def test_a_project_without_members_is_brought_forward_without_an_order(paula):
    empty = a_project("empty", ends_at=timezone.now() + timedelta(days=40), manager=paula)

    assert move(empty, paula, days=-10).revocation is None
    assert not Revocation.objects.exists()


def test_the_same_end_again_changes_nothing(phoenix, paula):
    before = AuditEntry.objects.count()

    move(phoenix, paula, days=0)

    assert AuditEntry.objects.count() == before


def test_an_end_in_the_past_is_refused_with_words(phoenix, paula):
    with pytest.raises(ValuesRefused) as refused:
        move(phoenix, paula, days=-41)

    assert "End Project" in str(refused.value)


def test_what_has_reached_its_end_is_not_extended_although_no_clock_ran_yet(phoenix, paula):
    Project.objects.update(ends_at=timezone.now() - timedelta(minutes=1))

    with pytest.raises(ProjectOver):
        move(phoenix, paula, days=10)
    assert AuditEntry.objects.get(event_code="PJ-103F").details["why"] == "project_over"


def test_an_end_cannot_lie_before_the_beginning(paula):
    planned = a_project(
        "planned",
        ends_at=timezone.now() + timedelta(days=40),
        starts_at=timezone.now() + timedelta(days=20),
        manager=paula,
    )

    with pytest.raises(ValuesRefused):
        move(planned, paula, days=-25)


def test_somebody_elses_project_cannot_be_brought_forward_by_a_manager(phoenix, paula, ivan):
    Project.objects.update(manager=None)

    with pytest.raises(ReasonNotAllowed):
        move(phoenix, paula, days=-10)

    phoenix.refresh_from_db()
    assert phoenix.agreed_ends_at is None


def ask_for(project: Project, by: User, *, days: float) -> Approval:
    wish = EndWish(
        ends_at=project.ends_at + timedelta(days=days), reason="The client asked", received_at=timezone.now()
    )
    return ask_to_move_end(project, wish, by=initiator_of(by))


def test_a_second_person_moves_the_end_in_the_name_of_who_asked(phoenix, paula, ivan):
    was = phoenix.ends_at
    approval = ask_for(phoenix, paula, days=100)
    assert Project.objects.get().ends_at == was

    approve(approval, by=initiator_of(ivan))

    moved = Project.objects.get()
    assert moved.ends_at == moved.agreed_ends_at == was + timedelta(days=100)
    entry = AuditEntry.objects.get(event_code="PJ-103")
    assert entry.initiator_id == str(paula.pk)
    assert entry.subjects.get(kind="note").value == "The client asked"


def test_nobody_approves_their_own_extension(phoenix, ivan):
    with pytest.raises(ApprovingOwnRequest):
        approve(ask_for(phoenix, ivan, days=100), by=initiator_of(ivan))


def test_what_a_manager_asked_who_lost_the_project_meanwhile_is_not_done(phoenix, paula, ivan):
    approval = ask_for(phoenix, paula, days=100)
    Project.objects.update(manager=None)

    with pytest.raises(MayNotExtend):
        approve(approval, by=initiator_of(ivan))

    approval.refresh_from_db()
    assert approval.state == ApprovalState.WAITING
    assert Project.objects.get().ends_at == phoenix.ends_at


def test_an_approval_never_brings_the_end_forward(phoenix, paula, ivan):
    approval = ask_for(phoenix, paula, days=31)
    move(phoenix, paula, days=200, second=A_SECOND_PERSON)

    with pytest.raises(ValuesRefused):
        approve(approval, by=initiator_of(ivan))


def test_a_project_that_ended_while_it_was_waited_for_stays_ended(phoenix, paula, ivan):
    approval = ask_for(phoenix, paula, days=100)
    Project.objects.update(ended_at=timezone.now())

    with pytest.raises(ProjectOver):
        approve(approval, by=initiator_of(ivan))


def test_what_could_not_be_approved_is_not_asked(phoenix, paula):
    with pytest.raises(ValuesRefused):
        ask_for(phoenix, paula, days=-50)
    assert not Approval.objects.exists()


# --- Earlier, for more people than one may end alone ------------------------------------------------


@pytest.fixture
def crowded(phoenix: Project, chen: User) -> Project:
    """Two people on it, where the policy lets one person end one alone."""
    a_policy(people_alone=1)
    return phoenix


def test_ending_more_tokens_than_one_person_may_takes_a_second_person(crowded, paula, carlos):
    token = token_for(carlos, open_session(carlos))

    with pytest.raises(SecondPersonNeeded) as refused:
        move(crowded, paula, days=-10)

    assert refused.value.why == (Why.MANY_PEOPLE,)
    assert AuditEntry.objects.get(event_code="PJ-103F").details["why"] == "second_person_needed"
    assert Project.objects.get().ends_at == crowded.ends_at
    assert verdict_on(token).outcome == Outcome.ALLOWED


def test_an_admin_on_the_project_takes_a_second_person_as_ending_it_would(phoenix, paula, ada):
    a_group("phoenix", ada)

    with pytest.raises(SecondPersonNeeded) as refused:
        move(phoenix, paula, days=-10)

    assert refused.value.why == (Why.PRIVILEGED,)


def test_whoever_joined_since_it_was_looked_at_does_not_hold_it_off(crowded, paula, chen):
    token = token_for(chen, open_session(chen))

    change = move(crowded, paula, days=-10, seen=Reach(people=1, sessions=0))

    assert (change.revocation.sessions_seen, change.revocation.sessions_ended) == (0, 1)
    assert verdict_on(token).outcome == Outcome.REVOKED


def test_a_second_person_brings_the_end_forward_and_every_token_ends(crowded, paula, ivan, carlos, chen):
    tokens = [token_for(each, open_session(each)) for each in (carlos, chen)]
    approval = ask_for(crowded, paula, days=-10)
    assert (approval.kind, approval.people, approval.sessions) == (ApprovalKind.SHORTEN_PROJECT, 2, 2)
    assert [verdict_on(token).outcome for token in tokens] == [Outcome.ALLOWED] * 2

    decided = approve(approval, by=initiator_of(ivan))

    assert Project.objects.get().ends_at == crowded.ends_at - timedelta(days=10)
    assert [verdict_on(token).outcome for token in tokens] == [Outcome.REVOKED] * 2
    assert Revocation.objects.get().approval == decided
    assert AuditEntry.objects.get(event_code="PJ-104").initiator_id == str(paula.pk)


def test_whoever_joins_while_a_second_person_is_waited_for_ends_too(crowded, paula, ivan, ines):
    approval = ask_for(crowded, paula, days=-10)
    a_group("phoenix", ines)
    token = token_for(ines, open_session(ines))

    approve(approval, by=initiator_of(ivan))

    assert verdict_on(token).outcome == Outcome.REVOKED


def test_a_second_person_for_an_earlier_end_is_told_why(crowded, paula):
    wish = EndWish(ends_at=crowded.ends_at - timedelta(days=1), reason=" ", received_at=timezone.now())

    with pytest.raises(ReasonTooShort):
        ask_to_move_end(crowded, wish, by=initiator_of(paula))


def test_an_approval_of_an_earlier_end_never_moves_it_back(crowded, paula, ivan):
    approval = ask_for(crowded, paula, days=-10)
    move(crowded, paula, days=-20, second=A_SECOND_PERSON)

    with pytest.raises(ValuesRefused):
        approve(approval, by=initiator_of(ivan))


def test_whoever_is_on_the_project_is_no_second_person_for_its_end(crowded, paula, ivan):
    a_group("phoenix", ivan)

    with pytest.raises(ApprovingForOneself):
        approve(ask_for(crowded, paula, days=-10), by=initiator_of(ivan))
