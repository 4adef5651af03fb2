"""Orders about many people: all of them and nobody else, whoever is killed half-way."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import Initiator, the_clock, the_shell
from audit.models import AuditEntry
from audit.receipts import stamp
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import (
    Issuer,
    Project,
    ResourceKind,
    Revocation,
    Role,
    RoleChange,
    Session,
    Step,
    StepKind,
    StepState,
    User,
)
from sessions_app.models.moments import from_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import RevocationState
from sessions_app.revocation import many
from sessions_app.revocation.engine import decide, revoke
from sessions_app.revocation.errors import NothingToEnd, ReasonNotAllowed
from sessions_app.revocation.orders import (
    Everyone,
    OneEntitlement,
    OneGroup,
    OneProject,
    OneUser,
    OneUserAtApplication,
    Order,
    Scope,
    SeveralPeople,
)
from tests.factories import (
    a_grant,
    a_group,
    a_machine,
    a_person,
    a_policy,
    a_project,
    a_resource,
    a_second_person,
    an_application,
    an_entitlement,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)
from tests.redis_server import EmbeddedRedis

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def an_order(scope: Scope, *, by: Initiator, reason: Reason = Reason.OTHER, **fields: object) -> Order:
    usual = {"note": "a note that is long enough", "received_at": timezone.now()}
    return Order(initiator=by, reason=reason, scope=scope, **{**usual, **fields})


def end(scope: Scope, *, by: Initiator, reason: Reason = Reason.OTHER, **fields: object) -> Revocation:
    return revoke(an_order(scope, by=by, reason=reason, **fields))


def answer_for(session: Session, **claims: object) -> Outcome:
    return verdict_on(token_for(session.user, session, **claims)).outcome


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User, issuer: Issuer) -> Project:
    Issuer.objects.update(entitlement_claims=["groups"], clock_allowance_seconds=0)
    return a_running_project("phoenix", paula)


@pytest.fixture
def atlas(paula: User, chen: User) -> Project:
    return a_running_project("atlas", paula)


def a_running_project(key: str, manager: User) -> Project:
    project = a_project(key, ends_at=timezone.now() + timedelta(days=30), manager=manager)
    project.groups.add(a_group(key))
    return project


def end_phoenix(by: User, **fields: object) -> Revocation:
    return end(OneProject(key="phoenix"), by=initiator_of(by), reason=Reason.PROJECT_END, note="", **fields)


# --- Who is in it, and who is not -----------------------------------------------------------------


def test_ending_a_group_ends_everybody_in_it_and_nobody_else(ivan, ines, otto, carlos):
    a_group("finance", ines, otto)
    sessions = [open_session(user) for user in (ines, otto, carlos)]

    revocation = end(OneGroup(name="finance"), by=initiator_of(ivan))

    assert revocation.state == RevocationState.CUT_OFF
    assert revocation.sessions_ended == 2
    assert [answer_for(session) for session in sessions] == [
        Outcome.REVOKED,
        Outcome.REVOKED,
        Outcome.ALLOWED,
    ]


def test_ending_an_entitlement_ends_whoever_a_group_makes_it(ivan, ines, otto, wiki):
    an_entitlement(wiki, a_group("editors", ines), "edit")
    edits, reads = open_session(ines), open_session(otto)

    end(OneEntitlement(application_key="wiki", name="edit"), by=initiator_of(ivan))

    assert (answer_for(edits), answer_for(reads)) == (Outcome.REVOKED, Outcome.ALLOWED)


def test_several_people_are_exactly_those(ivan, ines, otto):
    hers, his = open_session(ines), open_session(otto)

    end(SeveralPeople.of([ines.pk]), by=initiator_of(ivan))

    assert (answer_for(hers), answer_for(his)) == (Outcome.REVOKED, Outcome.ALLOWED)


def test_everyone_is_also_whoever_asks(sam, ivan, ines):
    hers, own = open_session(ines), open_session(sam)

    end(Everyone(), by=initiator_of(sam), second=a_second_person(sam, ivan))

    assert (answer_for(hers), answer_for(own)) == (Outcome.REVOKED, Outcome.REVOKED)


def test_one_person_at_one_application_keeps_the_sessions_of_others(ivan, ines, wiki, payroll):
    at_wiki, at_payroll = open_session(ines, wiki), open_session(ines, payroll)

    end(OneUserAtApplication(user_id=ines.pk, application_id=wiki.pk), by=initiator_of(ivan))

    assert (answer_for(at_wiki), answer_for(at_payroll)) == (Outcome.REVOKED, Outcome.ALLOWED)


def test_a_privileged_member_is_left_out_and_named_unless_security_and_a_second_person_ask(
    ivan, sam, ada, ines
):
    a_group("finance", ines, ada)
    hers, admins = open_session(ines), open_session(ada)

    by_it = end(OneGroup(name="finance"), by=initiator_of(ivan))

    assert (answer_for(hers), answer_for(admins)) == (Outcome.REVOKED, Outcome.ALLOWED)
    assert by_it.targets.get(user=ada).left_out == "privileged_person"
    alone = end(OneGroup(name="finance"), by=initiator_of(sam))
    assert alone.targets.get(user=ada).left_out == "privileged_person"
    end(OneGroup(name="finance"), by=initiator_of(sam), second=a_second_person(sam, ivan))
    assert answer_for(admins) == Outcome.REVOKED


def test_a_group_nobody_knows_ends_nothing(ivan):
    with pytest.raises(NothingToEnd):
        end(OneGroup(name="nobody"), by=initiator_of(ivan))

    assert AuditEntry.objects.filter(event_code="RV-112F").count() == 1


# --- Ending a project -----------------------------------------------------------------------------


def test_ending_a_project_ends_its_contractors_and_leaves_everybody_else(phoenix, paula, carlos, ines):
    contractor, employee = open_session(carlos), open_session(ines)

    revocation = end_phoenix(paula)

    assert revocation.state == RevocationState.CUT_OFF
    assert (answer_for(contractor), answer_for(employee)) == (Outcome.REVOKED, Outcome.ALLOWED)


def test_who_is_on_another_running_project_signs_in_again_with_what_is_left(phoenix, atlas, paula, chen):
    old = open_session(chen)

    end_phoenix(paula)

    chen.refresh_from_db()
    assert answer_for(old) == Outcome.REVOKED
    time.sleep(1 - time.time() % 1)  # tokens give the start in whole seconds
    new = open_session(chen, began_at=timezone.now())
    assert chen.is_active
    assert answer_for(new, groups=["atlas"]) == Outcome.ALLOWED
    assert answer_for(new, groups=["atlas", "phoenix"]) == Outcome.REVOKED
    assert sorted(chen.memberships.values_list("group__name", flat=True)) == ["atlas"]


def test_a_contractor_without_any_running_project_loses_sign_in(phoenix, atlas, paula, carlos, chen):
    end_phoenix(paula)

    carlos.refresh_from_db()
    chen.refresh_from_db()
    assert (carlos.is_active, chen.is_active) == (False, True)


def test_where_the_policy_says_so_contractors_keep_their_sign_in(phoenix, paula, carlos):
    a_policy(contractors_without_project_lose_sign_in=False)

    end_phoenix(paula)

    carlos.refresh_from_db()
    assert carlos.is_active


def test_a_member_who_holds_a_role_loses_the_project_and_keeps_sign_in(phoenix, paula, hana):
    a_group("phoenix", hana)
    session = open_session(hana)

    end_phoenix(paula)

    hana.refresh_from_db()
    assert answer_for(session) == Outcome.REVOKED
    assert hana.is_active
    assert not hana.memberships.exists()


def test_a_privileged_member_keeps_the_session_but_nothing_of_the_project(phoenix, paula, ada):
    a_group("phoenix", ada)
    session = open_session(ada)

    revocation = end_phoenix(paula)

    assert revocation.targets.get(user=ada).left_out == "privileged_person"
    assert answer_for(session) == Outcome.ALLOWED
    assert answer_for(session, groups=["phoenix"]) == Outcome.REVOKED


def test_a_group_that_a_running_project_shares_stays(phoenix, atlas, paula, carlos):
    shared = a_group("contractors", carlos)
    phoenix.groups.add(shared)
    atlas.groups.add(shared)

    end_phoenix(paula)

    assert list(carlos.memberships.values_list("group__name", flat=True)) == ["contractors"]


def test_what_was_lost_waits_to_be_compared_with_the_next_token(phoenix, atlas, paula, chen):
    revocation = end_phoenix(paula)

    change = RoleChange.objects.get(user=chen)
    assert change.revocation == revocation
    assert change.lost == [{"group": "phoenix"}]


def test_each_resource_becomes_a_task_with_an_owner_and_a_due_date(phoenix, paula, carlos, chen):
    team = a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/phoenix")
    key = a_resource(phoenix, ResourceKind.DEPLOY_KEY, "deploy-phoenix")

    revocation = end_phoenix(paula)

    tasks = Step.objects.filter(revocation=revocation, kind=StepKind.REMOVE_RESOURCE)
    assert {(task.resource, task.user) for task in tasks} == {(team, carlos), (team, chen), (key, None)}
    assert {(task.state, task.owner_role) for task in tasks} == {(StepState.WAITING, Role.IT)}
    assert {task.due_at for task in tasks} == {revocation.decided_at + timedelta(hours=24)}


def test_what_another_running_project_gives_as_well_is_no_task(phoenix, atlas, paula, carlos, chen):
    a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/contractors")
    a_resource(atlas, ResourceKind.GITHUB_TEAM, "northwind/contractors")

    revocation = end_phoenix(paula)

    states = dict(
        revocation.steps.filter(kind=StepKind.REMOVE_RESOURCE).values_list("user__username", "state")
    )
    assert states == {"carlos": StepState.WAITING, "chen": StepState.NOT_NEEDED}


def test_a_project_without_anybody_is_ended_all_the_same(paula):
    empty = a_running_project("empty", paula)
    a_resource(empty, ResourceKind.PIPELINE_TOKEN, "ci-empty")

    revocation = end(OneProject(key="empty"), by=initiator_of(paula), reason=Reason.PROJECT_END, note="")

    assert revocation.state == RevocationState.CUT_OFF
    assert revocation.steps.count() == 1


def test_the_entry_of_each_contractor_says_what_the_report_needs(phoenix, atlas, paula, chen):
    a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/phoenix")
    session = open_session(chen)

    revocation = end_phoenix(paula)

    entry = AuditEntry.objects.get(event_code="RV-105", person_id=chen.pk)
    task = Step.objects.get(user=chen, kind=StepKind.REMOVE_RESOURCE)
    assert entry.details["last_active_at"] == stamp(session.last_used_at)
    assert entry.details["cutoff_at"] == stamp(from_milliseconds(revocation.targets.get(user=chen).cutoff_ms))
    assert (entry.details["groups_left"], entry.details["keeps"]) == (["phoenix"], ["atlas"])
    assert entry.details["tasks"] == [
        {
            "task": str(task.pk),
            "system": "GitHub",
            "kind": "github_team",
            "name": "northwind/phoenix",
            "state": "waiting",
            "due_at": stamp(task.due_at),
        }
    ]


def test_whoever_is_left_out_has_an_entry_with_the_reason(phoenix, paula, ada):
    a_group("phoenix", ada)

    end_phoenix(paula)

    entry = AuditEntry.objects.get(event_code="RV-105F")
    assert (entry.person_id, entry.outcome, entry.details["why"]) == (ada.pk, "refused", "privileged_person")
    assert entry.details["groups_left"] == ["phoenix"]


def test_outside_of_projects_the_trail_learns_nothing_of_when_somebody_was_last_active(ivan, ines):
    a_group("finance", ines)
    open_session(ines)

    end(OneGroup(name="finance"), by=initiator_of(ivan))

    assert "last_active_at" not in AuditEntry.objects.get(event_code="RV-105").details


# --- Who may --------------------------------------------------------------------------------------


def test_a_manager_ends_nobody_elses_project(phoenix, carlos):
    other = a_person("pedro")
    a_grant(other, Role.PROJECT_MANAGER)

    with pytest.raises(ReasonNotAllowed):
        end_phoenix(other)

    assert Revocation.objects.count() == 0


def test_a_manager_whose_role_was_taken_back_ends_nothing(phoenix, paula, carlos):
    paula.role_grants.all().delete()

    with pytest.raises(ReasonNotAllowed):
        end_phoenix(paula)


def test_a_deputy_a_machine_and_the_clock_may(phoenix, carlos):
    deputy = a_person("pedro")
    a_grant(deputy, Role.PROJECT_MANAGER)
    phoenix.deputies.add(deputy)

    assert end_phoenix(deputy).sessions_ended == 0
    assert decide_project(a_machine()).scope == "project"
    assert decide_project(the_clock()).scope == "project"


def decide_project(by: Initiator) -> Revocation:
    return decide(an_order(OneProject(key="phoenix"), by=by, reason=Reason.PROJECT_END, note=""))


def test_a_machine_gives_no_such_reason_to_a_group(ines):
    a_group("finance", ines)

    with pytest.raises(ReasonNotAllowed):
        end(OneGroup(name="finance"), by=a_machine(), reason=Reason.PROJECT_END)


# --- Twice, half-way, and without a blacklist -----------------------------------------------------


def test_the_second_of_two_orders_on_the_same_finds_the_first_under_way(ivan, sam, ines):
    a_group("finance", ines)
    first = decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))

    second = end(OneGroup(name="finance"), by=initiator_of(sam))

    assert second == first
    assert AuditEntry.objects.filter(event_code="RV-111", receipt=first.receipt).count() == 1


def test_somebody_who_joined_since_is_not_answered_by_what_is_under_way(ivan, ines, otto):
    group = a_group("finance", ines)
    first = decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))
    joined = open_session(otto)
    group.memberships.create(user=otto)

    second = end(OneGroup(name="finance"), by=initiator_of(ivan))

    assert second != first
    assert answer_for(joined) == Outcome.REVOKED


def test_who_may_have_signed_in_since_their_cutoff_is_ended_anew(ivan, ines):
    Issuer.objects.update(clock_allowance_seconds=0)
    a_group("finance", ines)
    first = decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))
    many.carry_on(first, by=the_clock(), seconds=0)
    time.sleep(1.01)  # tokens give the start in whole seconds
    since = open_session(ines, began_at=timezone.now())

    end(OneGroup(name="finance"), by=initiator_of(ivan))

    assert answer_for(since) == Outcome.REVOKED


def test_nobody_is_answered_by_an_order_that_left_out_whom_theirs_would_reach(ivan, ada):
    a_group("finance", ada)
    session = open_session(ada)
    decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))

    end(OneGroup(name="finance"), by=the_shell())

    assert answer_for(session) == Outcome.REVOKED


def test_the_same_key_by_the_same_caller_answers_with_the_first(ivan, ines):
    a_group("finance", ines)

    first = end(OneGroup(name="finance"), by=initiator_of(ivan), order_key="k1")
    second = end(OneGroup(name="finance"), by=initiator_of(ivan), order_key="k1")

    assert second == first
    assert Revocation.objects.count() == 1


def test_whoever_stops_half_way_another_goes_on_and_nobody_is_skipped_or_counted_twice(ivan, monkeypatch):
    monkeypatch.setattr(many, "CUT_OFF_AT_ONCE", 3)
    monkeypatch.setattr(many, "ENDED_AT_ONCE", 2)
    people = [a_person(f"p{number}") for number in range(8)]
    a_group("finance", *people)
    sessions = [open_session(user) for user in people + people]
    revocation = decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))

    stops = sum(not many.carry_on(revocation, by=the_clock(), seconds=0) for _turn in range(12))

    revocation.refresh_from_db()
    assert stops >= 7
    assert revocation.state == RevocationState.CUT_OFF
    assert revocation.sessions_ended == 16
    assert {answer_for(session) for session in sessions} == {Outcome.REVOKED}
    entries = AuditEntry.objects.filter(event_code="RV-105", receipt=revocation.receipt)
    assert sorted(entries.values_list("person_id", flat=True)) == sorted(user.pk for user in people)
    assert sum(entries.values_list("sessions_ended", flat=True)) == 16
    assert set(entries.values_list("initiator_id", flat=True)) == {str(ivan.pk)}


def test_cutoffs_of_all_come_before_anybodys_sessions_by_name(ivan, monkeypatch):
    monkeypatch.setattr(many, "CUT_OFF_AT_ONCE", 2)
    people = [a_person(f"p{number}") for number in range(4)]
    a_group("finance", *people)
    sessions = [open_session(user) for user in people]
    revocation = decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))

    many.carry_on(revocation, by=the_clock(), seconds=0)
    many.carry_on(revocation, by=the_clock(), seconds=0)

    assert {answer_for(session) for session in sessions} == {Outcome.REVOKED}
    assert not Session.objects.filter(ended_by=revocation).exists()


def test_somebody_who_signed_in_again_meanwhile_keeps_that_session(phoenix, atlas, paula, chen, monkeypatch):
    old = open_session(chen)
    revocation = decide(
        an_order(OneProject(key="phoenix"), by=initiator_of(paula), reason=Reason.PROJECT_END)
    )
    many.carry_on(revocation, by=the_clock(), seconds=0)
    new = open_session(chen, began_at=timezone.now() + timedelta(seconds=2))

    many.carry_on(revocation, by=the_clock())

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.ended_by, new.ended_by) == (revocation, None)
    assert revocation.targets.get(user=chen).sessions_ended == 1


def test_an_urgent_order_about_one_of_them_does_not_wait_for_the_others(ivan, hana, ines, otto):
    a_group("finance", ines, otto)
    session = open_session(ines)
    decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))

    urgent = revoke(an_order(OneUser(user_id=ines.pk), by=initiator_of(hana), reason=Reason.OFFBOARDING))

    assert urgent.scope == "user"
    assert urgent.state == RevocationState.CUT_OFF
    assert answer_for(session) == Outcome.REVOKED


def test_without_a_blacklist_it_is_decided_for_all_and_cut_off_once_it_answers(
    ivan, ines, otto, redis_server: EmbeddedRedis
):
    a_group("finance", ines, otto)
    sessions = [open_session(user) for user in (ines, otto)]
    redis_server.freeze()

    pending = end(OneGroup(name="finance"), by=initiator_of(ivan))

    redis_server.thaw()
    assert pending.cut_off_at is None
    assert pending.sessions_ended == 2
    assert many.carry_on_all(by=the_clock(), seconds=30) == 1
    assert {answer_for(session) for session in sessions} == {Outcome.REVOKED}


def test_what_the_shell_orders_is_by_the_shell(ines):
    a_group("finance", ines)

    end(OneGroup(name="finance"), by=the_shell(), reason=Reason.OFFBOARDING)

    ines.refresh_from_db()
    assert not ines.is_active
    assert AuditEntry.objects.get(event_code="RV-106").initiator_kind == "shell"


def test_blocking_many_never_blocks_the_last_admin(ada, ines):
    a_group("finance", ines, ada)

    revocation = end(OneGroup(name="finance"), by=the_shell(), reason=Reason.OFFBOARDING)

    ada.refresh_from_db()
    assert ada.is_active
    assert revocation.targets.get(user=ada).left_out == "last_admin"


def test_all_admins_together_are_never_blocked_at_once(ada, ines):
    a_grant(ines, Role.ADMIN)
    a_group("finance", ines, ada)

    revocation = end(OneGroup(name="finance"), by=the_shell(), reason=Reason.OFFBOARDING)

    assert User.objects.active().filter(pk__in=[ines.pk, ada.pk]).count() == 2
    assert set(revocation.targets.values_list("left_out", flat=True)) == {"last_admin"}


def test_who_became_the_last_admin_since_it_was_decided_is_spared_after_all(ada, ines):
    a_grant(ines, Role.ADMIN)
    a_group("finance", ines)
    decided = decide(an_order(OneGroup(name="finance"), by=the_shell(), reason=Reason.OFFBOARDING))
    end(SeveralPeople.of([ada.pk]), by=the_shell(), reason=Reason.OFFBOARDING)

    many.carry_on(decided, by=the_clock())

    assert User.objects.active().filter(pk=ines.pk).exists()
    assert decided.targets.get().left_out == "last_admin"
    assert decided.state == RevocationState.CUT_OFF


def test_everybody_left_out_loses_what_the_project_gave_however_many_they_are(phoenix, paula, monkeypatch):
    monkeypatch.setattr(many, "CUT_OFF_AT_ONCE", 2)
    for number in range(5):
        a_grant(a_person(f"s{number}"), Role.SECURITY)
    security = list(User.objects.filter(username__startswith="s", role_grants__isnull=False))
    a_group("phoenix", *security)

    end_phoenix(paula)

    assert not phoenix.groups.get().memberships.filter(user__in=security).exists()


def test_people_with_very_many_sessions_are_ended_in_smaller_lots_with_the_same_numbers(ivan, monkeypatch):
    monkeypatch.setattr(many, "SESSIONS_AT_ONCE", 3)
    people = [a_person(f"p{number}") for number in range(3)]
    a_group("finance", *people)
    sessions = [open_session(user) for user in people * 4]

    revocation = end(OneGroup(name="finance"), by=initiator_of(ivan))

    assert revocation.sessions_ended == 12
    assert set(revocation.targets.values_list("sessions_ended", flat=True)) == {4}
    assert {answer_for(session) for session in sessions} == {Outcome.REVOKED}


def test_a_small_order_never_waits_for_a_huge_one(ivan, ines, monkeypatch):
    monkeypatch.setattr(many, "ENDED_AT_ONCE", 1)
    people = [a_person(f"p{number}") for number in range(6)]
    a_group("huge", *people)
    a_group("small", ines)
    huge = decide(an_order(OneGroup(name="huge"), by=initiator_of(ivan)))
    small = decide(an_order(OneGroup(name="small"), by=initiator_of(ivan)))

    [many.carry_on_all(by=the_clock(), seconds=0) for _beat in range(3)]

    huge.refresh_from_db()
    small.refresh_from_db()
    assert (huge.state, small.state) == (RevocationState.REQUESTED, RevocationState.CUT_OFF)


def test_a_session_that_began_after_the_decision_does_not_end_before_it_began(ivan, ines):
    a_group("finance", ines)
    decided = decide(an_order(OneGroup(name="finance"), by=initiator_of(ivan)))
    session = open_session(ines, began_at=timezone.now())

    many.carry_on(decided, by=the_clock())

    session.refresh_from_db()
    assert session.ended_at is not None
    assert session.began_at <= session.ended_at
    assert decided.sessions_ended == 1


def test_a_session_of_a_clock_that_runs_ahead_ends_where_guards_refuse_it(ivan, ines, issuer):
    Issuer.objects.update(clock_allowance_seconds=5)
    a_group("finance", ines)
    ahead = open_session(ines, began_at=timezone.now() + timedelta(seconds=3))

    revocation = end(OneGroup(name="finance"), by=initiator_of(ivan))

    ahead.refresh_from_db()
    assert answer_for(ahead) == Outcome.REVOKED
    assert (ahead.ended_by, revocation.sessions_ended) == (revocation, 1)


def test_an_application_nobody_asks_is_named_with_its_end(ivan, ines):
    erp = an_application("erp", asks="not_at_all", token_seconds=2700)
    a_group("finance", ines)
    open_session(ines, erp)

    revocation = end(OneGroup(name="finance"), by=initiator_of(ivan))

    assert revocation.ended_sessions.get().lives_until is not None
