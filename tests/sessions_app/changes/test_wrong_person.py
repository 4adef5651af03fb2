"""This was the wrong person: what Curfew took comes back, old tokens stay dead, and what cannot come back is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.errors import CorrectionOver, NotInReceipt, ReasonTooShort
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.role_changes import Wish, groups_changed
from sessions_app.changes.wrong_person import (
    decline,
    give_back,
    offer_for,
    say_wrong_person,
    settle_corrections,
)
from sessions_app.models import Correction, CorrectionState, ResourceKind, Revocation, StepState, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation import many, sweeper
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import ActingOnOneself, PrivilegedPerson
from sessions_app.revocation.orders import OneProject, OneUser, Order, Scope
from tests.factories import (
    a_grant,
    a_group,
    a_person,
    a_project,
    a_resource,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def end(scope: Scope, by: User, reason: Reason = Reason.OFFBOARDING) -> Revocation:
    return revoke(Order(initiator=initiator_of(by), reason=reason, scope=scope, received_at=timezone.now()))


def terminate(user: User, by: User) -> Revocation:
    return end(OneUser(user_id=user.pk), by)


def said(revocation: Revocation, user: User, by: User) -> Correction:
    return say_wrong_person(revocation, user, by=initiator_of(by), why="the other Ines was meant")


def test_sign_in_comes_back_and_the_old_token_stays_dead(hana, ivan, ines):
    session = open_session(ines)
    correction = said(terminate(ines, hana), ines, hana)

    done = give_back(correction, by=initiator_of(ivan))

    ines.refresh_from_db()
    assert ines.is_active
    assert verdict_on(token_for(ines, session)).outcome == Outcome.REVOKED
    assert done.given_back == [{"what": "sign_in"}]
    assert done.not_given_back == [{"what": "tokens"}]


def test_the_second_clock_runs_from_the_word_to_the_effect(hana, ivan, ines):
    correction = said(terminate(ines, hana), ines, hana)
    assert correction.seconds_to_effect is None

    done = give_back(correction, by=initiator_of(ivan))

    assert done.in_effect_at >= done.decided_at >= done.asked_at
    assert done.seconds_to_effect >= 0


def test_without_a_blacklist_it_is_decided_and_the_clock_notes_when_it_is_in_effect(
    hana, ivan, ines, redis_server
):
    correction = said(terminate(ines, hana), ines, hana)
    redis_server.freeze()
    pending = give_back(correction, by=initiator_of(ivan))
    redis_server.thaw()
    assert (pending.state, pending.in_effect_at) == (CorrectionState.GIVEN_BACK, None)

    sweeper.publish_the_rest()
    settle_corrections()

    pending.refresh_from_db()
    assert pending.in_effect_at is not None


def test_groups_lost_by_a_role_change_come_back(ivan, sam, ines):
    a_group("approvers", ines)
    a_group("finance", ines)
    lowered = groups_changed(
        ines, left=["approvers"], by=initiator_of(ivan), wish=Wish(received_at=timezone.now())
    )

    give_back(said(lowered.revocation, ines, ivan), by=initiator_of(sam))

    ines.refresh_from_db()
    assert sorted(ines.memberships.values_list("group__name", flat=True)) == ["approvers", "finance"]
    assert ines.lost_claims == []


def test_of_a_project_that_has_ended_the_group_stays_away_and_open_tasks_are_called_off(
    paula, ivan, carlos, sam
):
    phoenix = a_project("phoenix", ends_at=timezone.now() + timedelta(days=7), manager=paula)
    phoenix.groups.add(a_group("phoenix"))
    a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/phoenix")
    ended = end(OneProject(key="phoenix"), paula, Reason.PROJECT_END)
    phoenix.ended_at = ended.decided_at
    type(phoenix).objects.filter(pk=phoenix.pk).update(ended_at=ended.decided_at)

    done = give_back(said(ended, carlos, ivan), by=initiator_of(sam))

    carlos.refresh_from_db()
    assert carlos.is_active
    assert {"what": "project_over", "name": "phoenix"} in done.not_given_back
    assert {"what": "steps", "count": "1"} in done.given_back
    assert ended.steps.get(user=carlos, is_manual=True).state == StepState.NOT_NEEDED


def test_what_was_taken_away_outside_already_is_named(paula, ivan, carlos, sam):
    phoenix = a_project("phoenix", ends_at=timezone.now() + timedelta(days=7), manager=paula)
    phoenix.groups.add(a_group("phoenix"))
    a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/phoenix")
    ended = end(OneProject(key="phoenix"), paula, Reason.PROJECT_END)
    ended.steps.filter(is_manual=True).update(state=StepState.DONE)

    done = give_back(said(ended, carlos, ivan), by=initiator_of(sam))

    assert {"what": "step_done", "system": "GitHub", "name": "northwind/phoenix"} in done.not_given_back


def test_a_block_by_another_receipt_stays_and_is_named(hana, ivan, sam, ines):
    first = terminate(ines, hana)
    allow_sign_in_again(ines, by=initiator_of(sam), reason="came back")
    second = terminate(ines, ivan)
    assert offer_for(first, ines).lifts_block is False

    give_back(said(second, ines, ivan), by=initiator_of(sam))

    ines.refresh_from_db()
    assert ines.is_active


def test_who_says_it_twice_finds_the_first(hana, ivan, ines):
    revocation = terminate(ines, hana)

    assert said(revocation, ines, ivan) == said(revocation, ines, hana)
    assert AuditEntry.objects.filter(event_code="RV-121").count() == 1


def test_it_is_decided_once(hana, ivan, sam, ines):
    correction = said(terminate(ines, hana), ines, hana)
    give_back(correction, by=initiator_of(ivan))

    with pytest.raises(CorrectionOver):
        give_back(correction, by=initiator_of(sam))


def test_it_was_the_right_person_after_all(hana, ivan, ines):
    revocation = terminate(ines, hana)

    declined = decline(said(revocation, ines, hana), by=initiator_of(ivan), note="HR confirmed it")

    ines.refresh_from_db()
    assert declined.state == CorrectionState.DECLINED
    assert not ines.is_active
    assert said(revocation, ines, hana) != declined


def test_nobody_says_or_decides_it_of_themselves(hana, ines):
    revocation = terminate(ines, hana)
    a_grant(ines, "it")

    with pytest.raises(ActingOnOneself):
        said(revocation, ines, ines)
    correction = said(revocation, ines, hana)
    with pytest.raises(ActingOnOneself):
        give_back(correction, by=initiator_of(ines))
    assert AuditEntry.objects.filter(event_code="RV-122F").count() == 1


def test_what_was_taken_from_a_privileged_person_only_security_gives_back(ivan, ada):
    other_admin = a_person("alma")
    a_grant(other_admin, "admin")
    ended = revoke(
        Order(
            initiator=the_shell(),
            reason=Reason.SECURITY_INCIDENT,
            scope=OneUser(user_id=other_admin.pk),
            received_at=timezone.now(),
        )
    )
    correction = said(ended, other_admin, ivan)

    with pytest.raises(PrivilegedPerson):
        give_back(correction, by=initiator_of(ivan))


def test_somebody_the_receipt_is_not_about_was_not_the_wrong_person(hana, ines, otto):
    with pytest.raises(NotInReceipt):
        said(terminate(ines, hana), otto, hana)


def test_it_is_said_with_a_reason(hana, ines):
    with pytest.raises(ReasonTooShort):
        say_wrong_person(terminate(ines, hana), ines, by=initiator_of(hana), why=" ")


def test_of_many_people_one_is_given_back_and_the_others_stay_cut_off(sam, ivan, ines, otto):
    a_group("finance", ines, otto)
    ended = revoke(
        Order(
            initiator=initiator_of(sam),
            reason=Reason.PROJECT_END,
            scope=OneProject(key=_project_of("finance")),
            received_at=timezone.now(),
        )
    )
    many.carry_on(ended, by=the_clock())

    give_back(said(ended, ines, ivan), by=initiator_of(sam))

    ines.refresh_from_db()
    otto.refresh_from_db()
    assert (ines.is_active, otto.is_active) == (True, False)


def _project_of(group: str) -> str:
    project = a_project(f"{group}-project", ends_at=timezone.now() + timedelta(days=3))
    project.groups.add(a_group(group))
    return project.key
