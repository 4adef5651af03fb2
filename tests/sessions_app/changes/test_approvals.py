"""A second person: never the first one in disguise, decided once, carried out once, and every part of it recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import Door, Initiator, InitiatorKind, the_clock
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approval_rules import why_not_decide
from sessions_app.changes.approvals import (
    approve,
    break_glass,
    decline,
    lapse_what_is_old,
    review,
    withdraw,
)
from sessions_app.changes.approved_deeds import ask_to_terminate
from sessions_app.changes.blast_radius import Reach
from sessions_app.changes.credentials import create_credential
from sessions_app.changes.end_many import ask_to_end
from sessions_app.changes.errors import (
    ApprovalOver,
    ApprovingForOneself,
    ApprovingOwnRequest,
    AskerGone,
    ChangeRefused,
    GlassNotForThis,
    MachinesNeverApprove,
    MayNotApprove,
    NobodyAnswers,
    NothingToReview,
    OnlyWhoAsked,
    ReasonTooShort,
    SecurityMustApprove,
)
from sessions_app.changes.roles import grant_role
from sessions_app.models import (
    Approval,
    ApprovalState,
    Group,
    ReviewVerdict,
    Revocation,
    Role,
    RoleGrant,
    Scope,
    User,
)
from sessions_app.models.reasons import Reason
from sessions_app.models.roles import PopulationKind
from sessions_app.revocation.errors import ActingOnOneself, LastAdmin, OrderRefused, ReasonNotAllowed
from sessions_app.revocation.orders import (
    OneEntitlement,
    OneGroup,
    OneUser,
    Order,
    SeveralPeople,
    SomeSessions,
)
from tests.factories import (
    a_grant,
    a_group,
    a_machine,
    a_person,
    a_policy,
    an_application,
    an_entitlement,
    an_identity,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "_another_admin")]


@pytest.fixture
def _another_admin(issuer: object) -> None:
    """So that Ada is not the last one."""
    a_grant(a_person("alma"), Role.ADMIN)


@pytest.fixture
def sid(issuer: object) -> User:
    """Security, beside Sam."""
    sid = a_person("sid")
    a_grant(sid, Role.SECURITY)
    return sid


def asked(person: User, by: User | Initiator, **fields: object) -> Approval:
    """A request to end all of this person's access."""
    initiator = initiator_of(by) if isinstance(by, User) else by
    usual = {"reason": Reason.OFFBOARDING, "received_at": timezone.now()}
    order = Order(initiator=initiator, scope=OneUser(user_id=person.pk), **{**usual, **fields})
    return ask_to_terminate(person, order, by=initiator)


def refused(approval: Approval, by: User | Initiator) -> type[ChangeRefused | OrderRefused] | None:
    """Why this initiator could not approve it; None where it is carried out."""
    initiator = initiator_of(by) if isinstance(by, User) else by
    try:
        approve(approval, by=initiator)
    except (ChangeRefused, OrderRefused) as refusal:
        return type(refusal)
    return None


def state_of(approval: Approval) -> str:
    return Approval.objects.get(pk=approval.pk).state


def codes() -> list[str]:
    return list(AuditEntry.objects.filter(event_code__startswith="AP-").values_list("event_code", flat=True))


# --- Asking ---------------------------------------------------------------------------------------


def test_asking_ends_nothing_and_waits_as_long_as_the_policy_says(hana, ada):
    a_policy(approval_minutes=45)
    session = open_session(ada)

    approval = asked(ada, hana, note="left today, badge returned", ticket="HR-7")

    assert verdict_on(token_for(ada, session)).outcome is Outcome.ALLOWED
    assert approval.expires_at - approval.asked_at == timedelta(minutes=45)
    assert (approval.people, approval.sessions, approval.why) == (1, 1, ["privileged"])
    assert "left today" not in str(approval.request) + str(approval.asked_as)
    assert codes() == ["AP-101"]


def test_asking_twice_for_the_same_is_asking_once(hana, ada):
    assert asked(ada, hana) == asked(ada, hana)
    assert Approval.objects.count() == 1


def test_nobody_asks_for_what_nobody_could_approve(hana, sam, ada):
    RoleGrant.objects.filter(user__username="alma").delete()

    with pytest.raises(LastAdmin):
        asked(ada, sam)
    with pytest.raises(ActingOnOneself):
        asked(sam, sam)
    with pytest.raises(ReasonNotAllowed):
        asked(ada, hana, reason=Reason.SECURITY_INCIDENT)

    assert not Approval.objects.exists()


def test_a_machine_nobody_answers_for_cannot_ask(ada):
    with pytest.raises(NobodyAnswers):
        asked(ada, a_machine())


# --- Approving ------------------------------------------------------------------------------------


def test_approving_carries_it_out_under_the_name_of_whoever_asked(hana, sam, ada):
    session = open_session(ada)
    approval = asked(ada, hana, note="left today, badge returned", ticket="HR-7")

    approved = approve(approval, by=initiator_of(sam))

    revocation = Revocation.objects.get()
    assert approved.revocation == revocation
    assert (revocation.initiator_user, approved.decided_by) == (hana, sam)
    assert (revocation.note, revocation.ticket) == ("left today, badge returned", "HR-7")
    assert verdict_on(token_for(ada, session)).outcome is Outcome.REVOKED
    assert sorted(codes()) == ["AP-101", "AP-102"]


def test_what_appeared_since_it_was_asked_is_on_the_receipt_and_holds_nothing_up(hana, sam, ada):
    open_session(ada)
    approval = asked(ada, hana)
    open_session(ada)
    open_session(ada)

    approve(approval, by=initiator_of(sam))

    revocation = Revocation.objects.get()
    assert (revocation.sessions_ended, revocation.more_than_seen) == (3, 2)


def test_whoever_clicks_second_finds_it_carried_out_once(hana, sam, sid, ada):
    approval = asked(ada, hana)

    first, second, third = refused(approval, sam), refused(approval, sam), refused(approval, sid)

    assert (first, second, third) == (None, ApprovalOver, ApprovalOver)
    assert Revocation.objects.count() == 1
    assert Approval.objects.get().decided_by == sam


def test_what_is_refused_by_now_waits_on_and_is_recorded(hana, sam, ada):
    approval = asked(ada, hana)
    RoleGrant.objects.filter(user__username="alma").delete()

    assert refused(approval, sam) is LastAdmin

    assert state_of(approval) == ApprovalState.WAITING
    assert not Revocation.objects.exists()
    assert "AP-102F" in codes()


def test_a_request_falls_with_the_right_of_whoever_asked(hana, sam, ada):
    approval = asked(ada, hana)
    RoleGrant.objects.filter(user=hana).delete()

    assert refused(approval, sam) is ReasonNotAllowed


def test_a_request_falls_with_the_access_of_whoever_asked(hana, sam, ada):
    approval = asked(ada, hana)
    User.objects.filter(pk=hana.pk).update(sign_in_blocked_at=timezone.now())

    assert refused(approval, sam) is AskerGone


def test_too_late_is_too_late_whether_or_not_a_clock_ran(hana, sam, ada):
    approval = asked(ada, hana)
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert refused(approval, sam) is ApprovalOver
    assert not Revocation.objects.exists()


# --- Who may not ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["ivan", "hana", "paula", "aude", "otto", "alma"])
def test_for_an_admin_one_of_the_two_is_in_security(role, hana, ivan, paula, aude, otto, ada):
    ines = a_person("ines")
    a_grant(ines, Role.HR)
    approval = asked(ada, ines)

    assert refused(approval, User.objects.get(username=role)) in (SecurityMustApprove, MayNotApprove)
    assert not Revocation.objects.exists()


@pytest.mark.parametrize("role", ["ivan", "hana"])
def test_where_security_asks_it_and_hr_are_second_persons_too(role, hana, ivan, sam, ada):
    assert refused(asked(ada, sam), User.objects.get(username=role)) is None


def test_hr_approves_offboarding_and_nothing_else(hana, sam, ada):
    approval = asked(ada, sam, reason=Reason.SECURITY_INCIDENT)

    assert refused(approval, hana) is MayNotApprove


def test_whoever_asked_never_approves(sam, ada):
    assert refused(asked(ada, sam), sam) is ApprovingOwnRequest


@pytest.mark.parametrize(
    "disguise",
    [{"email": "SAM@northwind.example"}, {"employee_number": "N-SAM"}],
    ids=["same e-mail", "same number"],
)
def test_the_same_person_under_another_account_never_approves(disguise, sam, ada):
    User.objects.filter(pk=sam.pk).update(employee_number="N-SAM")
    other = a_person("sam-admin", **disguise)
    a_grant(other, Role.SECURITY)

    assert refused(asked(ada, sam), other) is ApprovingOwnRequest


def test_an_account_that_another_realm_knows_by_the_same_id_never_approves(sam, ada):
    other = a_person("sam-admin")
    an_identity(other, realm="elsewhere", person_id="nw-sam")
    a_grant(other, Role.SECURITY)

    assert refused(asked(ada, sam), other) is ApprovingOwnRequest


def test_a_role_that_whoever_asked_has_just_given_makes_no_second_person(sam, ada, otto):
    a_grant(sam, Role.ADMIN)
    grant_role(otto, Role.IT, by=initiator_of(sam), reason="helps out")

    assert refused(asked(ada, sam), otto) is MayNotApprove


def test_whoever_made_the_credential_does_not_approve_what_it_asked(sam, sid, ada):
    made = create_credential(name="HRIS", scopes=[Scope.REVOCATIONS_WRITE], by=initiator_of(sam))
    machine = Initiator(kind=InitiatorKind.MACHINE, id=made.credential.prefix, name="HRIS", door=Door.API)
    approval = asked(ada, machine)

    assert refused(approval, sam) is ApprovingOwnRequest
    assert refused(approval, sid) is None
    assert Revocation.objects.get().initiator_kind == InitiatorKind.MACHINE


@pytest.mark.parametrize("by", [a_machine(), the_clock()], ids=["machine", "clock"])
def test_machines_never_approve(by, hana, ada):
    assert refused(asked(ada, hana), by) is MachinesNeverApprove


def test_whom_it_is_about_never_approves(hana, sid):
    assert refused(asked(sid, hana), sid) is ApprovingForOneself


def test_whoever_is_blocked_never_approves(hana, sam, ada):
    User.objects.filter(pk=sam.pk).update(sign_in_blocked_at=timezone.now())

    assert refused(asked(ada, hana), sam) is MachinesNeverApprove


def test_security_for_another_country_is_no_second_person(hana, ada):
    abroad = a_person("abroad")
    a_grant(abroad, Role.SECURITY, population_kind=PopulationKind.COUNTRY, population_value="SG")

    assert refused(asked(ada, hana), abroad) is MayNotApprove


def test_a_refused_approval_is_an_entry(sam, ada):
    refused(asked(ada, sam), sam)

    entry = AuditEntry.objects.get(event_code="AP-102F")
    assert (entry.initiator_id, entry.details["why"]) == (str(sam.pk), "approving_own_request")


# --- Not approving -----------------------------------------------------------------------------------


def test_declining_says_why_and_ends_nothing(hana, sam, ada):
    approval = asked(ada, hana)

    with pytest.raises(ReasonTooShort):
        decline(approval, by=initiator_of(sam), note=" ")
    declined = decline(approval, by=initiator_of(sam), note="she is on leave")

    assert (declined.state, declined.note) == (ApprovalState.DECLINED, "she is on leave")
    assert refused(approval, sam) is ApprovalOver
    assert codes().count("AP-103") == 1


def test_whoever_may_not_approve_may_not_decline(hana, ivan, ada):
    with pytest.raises(SecurityMustApprove):
        decline(asked(ada, hana), by=initiator_of(ivan), note="no need")


def test_only_whoever_asked_withdraws(hana, sam, ada):
    approval = asked(ada, hana)

    with pytest.raises(OnlyWhoAsked):
        withdraw(approval, by=initiator_of(sam))
    withdraw(approval, by=initiator_of(hana))

    assert state_of(approval) == ApprovalState.WITHDRAWN
    assert refused(approval, sam) is ApprovalOver


def test_the_clock_lets_lapse_what_nobody_decided_and_says_so_once(hana, ada):
    approval = asked(ada, hana)
    before = lapse_what_is_old(by=the_clock())
    Approval.objects.update(expires_at=timezone.now() - timedelta(days=3))

    after = [lapse_what_is_old(by=the_clock()) for _turn in range(2)]

    assert (before, after) == (0, [1, 0])
    assert state_of(approval) == ApprovalState.LAPSED
    assert codes().count("AP-105") == 1


# --- Breaking the glass ---------------------------------------------------------------------------


def test_security_goes_alone_with_a_reason_and_is_to_be_reviewed_by_the_next_day(sam, ada):
    approval = asked(ada, sam)

    with pytest.raises(ReasonTooShort):
        break_glass(approval, by=initiator_of(sam), reason="")
    broken = break_glass(approval, by=initiator_of(sam), reason="nobody else is awake")

    assert Revocation.objects.get().approval == broken
    assert broken.state == ApprovalState.BROKEN_GLASS
    assert broken.review_due_at - broken.decided_at == timedelta(days=1)
    assert list(Approval.objects.to_review()) == [broken]
    assert codes().count("AP-110") == 1


def test_nobody_else_breaks_the_glass(hana, ivan, sam, ada):
    by_hr = asked(ada, hana)

    with pytest.raises(GlassNotForThis):
        break_glass(by_hr, by=initiator_of(hana), reason="it is urgent")
    with pytest.raises(GlassNotForThis):
        break_glass(by_hr, by=initiator_of(sam), reason="it is urgent")
    with pytest.raises(GlassNotForThis):
        break_glass(by_hr, by=a_machine(), reason="it is urgent")

    assert not Revocation.objects.exists()


def test_somebody_else_reviews_it_once(sam, ivan, sid, ada):
    approval = asked(ada, sam)
    break_glass(approval, by=initiator_of(sam), reason="nobody else is awake")
    verdict = {"verdict": ReviewVerdict.JUSTIFIED, "note": "agreed, it was night"}

    with pytest.raises(ApprovingOwnRequest):
        review(approval, by=initiator_of(sam), **verdict)
    reviewed = review(approval, by=initiator_of(ivan), **verdict)
    with pytest.raises(NothingToReview):
        review(approval, by=initiator_of(sid), **verdict)

    assert (reviewed.reviewed_by, reviewed.verdict) == (ivan, ReviewVerdict.JUSTIFIED)
    assert not Approval.objects.to_review().exists()
    assert codes().count("AP-111") == 1


def test_there_is_nothing_to_review_of_what_two_decided(hana, sam, sid, ada):
    approval = asked(ada, hana)
    approve(approval, by=initiator_of(sam))

    with pytest.raises(NothingToReview):
        review(approval, by=initiator_of(sid), verdict=ReviewVerdict.JUSTIFIED, note="fine")


# --- Of many ----------------------------------------------------------------------------------------


def entitlement_of(group: Group) -> OneEntitlement:
    an_entitlement(an_application("wiki"), group, "edit")
    return OneEntitlement(application_key="wiki", name="edit")


@pytest.mark.parametrize(
    "scope",
    [
        lambda ivan: SeveralPeople.of([ivan.pk]),
        lambda ivan: SomeSessions.of([open_session(ivan).pk]),
        lambda ivan: OneGroup(name=a_group("operators", ivan).name),
        lambda ivan: entitlement_of(a_group("operators", ivan)),
    ],
    ids=["people", "sessions", "group", "entitlement"],
)
def test_whoever_is_among_those_it_would_end_never_approves(scope, ivan, sid, sam):
    order = Order(
        initiator=initiator_of(sam),
        reason=Reason.OFFBOARDING,
        scope=scope(ivan),
        received_at=timezone.now(),
    )
    approval = ask_to_end(order, order.scope, reach=Reach(people=1, sessions=1), by=initiator_of(sam))

    assert why_not_decide(approval, ivan).code == ApprovingForOneself.code
    assert why_not_decide(approval, sid) is None
