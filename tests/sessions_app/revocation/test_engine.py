"""The engine: one order ends what it covers, and nothing else."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit.initiators import the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Note, Outcome
from sessions_app.models import (
    Approval,
    ApprovalState,
    BlacklistEntry,
    Issuer,
    Revocation,
    RevocationTarget,
    Role,
    Session,
    User,
)
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import RevocationState
from sessions_app.models.roles import PopulationKind
from sessions_app.revocation.connections import session_guard
from sessions_app.revocation.engine import answers_another, cut_off, decide, revoke
from sessions_app.revocation.errors import (
    ActingOnOneself,
    CannotEndAlone,
    LastAdmin,
    NoteTooShort,
    NothingToEnd,
    OrderKeyReused,
    OrderRefused,
    PrivilegedPerson,
    ReasonNotAllowed,
    SecondPersonNeeded,
    TicketMalformed,
)
from sessions_app.revocation.orders import OneSession, OneToken, OneUser, Order, Scope, SomeSessions
from tests.factories import (
    REALM,
    a_grant,
    a_machine,
    a_person,
    a_second_person,
    a_token_row,
    identity_of,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def an_order(by: User | None, scope: Scope, reason: Reason = Reason.OFFBOARDING, **fields: object) -> Order:
    initiator = initiator_of(by) if by else the_shell()
    return Order(initiator=initiator, reason=reason, scope=scope, received_at=timezone.now(), **fields)


def outcome_for(session: Session) -> Outcome:
    started_ms = int(session.began_at.timestamp() * 1000)
    person = identity_of(session.user).person_id
    return session_guard().check_session(REALM, person, session.sid, started_ms).outcome


def test_ending_a_persons_access_cuts_off_every_session_and_nobody_elses(hana, ines, otto):
    first, second, others = open_session(ines), open_session(ines), open_session(otto)

    revocation = revoke(an_order(hana, OneUser(user_id=ines.pk)))

    assert revocation.state is RevocationState.CUT_OFF
    assert revocation.sessions_ended == 2
    assert [outcome_for(first), outcome_for(second), outcome_for(others)] == [
        Outcome.REVOKED,
        Outcome.REVOKED,
        Outcome.ALLOWED,
    ]


def test_a_session_nobody_knew_about_dies_with_the_person(hana, ines):
    revoke(an_order(hana, OneUser(user_id=ines.pk)))

    unknown = session_guard().check_session(REALM, identity_of(ines).person_id, "never-reported", 0)

    assert unknown.outcome is Outcome.REVOKED


def test_offboarding_blocks_sign_in_and_every_later_session(hana, ines):
    revoke(an_order(hana, OneUser(user_id=ines.pk)))

    tomorrow_ms = int((timezone.now() + timedelta(days=1)).timestamp() * 1000)
    later = session_guard().check_session(REALM, identity_of(ines).person_id, "new", tomorrow_ms)

    assert not User.objects.get(pk=ines.pk).is_active
    assert (later.outcome, later.cause) == (Outcome.REVOKED, "user_blocked")


def test_after_a_role_change_a_new_sign_in_works_at_once(ivan, ines):
    old = open_session(ines)
    revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.ROLE_CHANGE))

    after_the_allowance_ms = int((timezone.now() + timedelta(seconds=6)).timestamp() * 1000)
    new = session_guard().check_session(REALM, identity_of(ines).person_id, "new", after_the_allowance_ms)

    assert User.objects.get(pk=ines.pk).is_active
    assert outcome_for(old) is Outcome.REVOKED
    assert new.outcome is Outcome.ALLOWED


def test_ending_one_session_leaves_the_others_alone(ivan, ines):
    ended, kept = open_session(ines), open_session(ines)

    revocation = revoke(an_order(ivan, OneSession(session_id=ended.pk), Reason.LOST_DEVICE))

    assert revocation.sessions_ended == 1
    assert (outcome_for(ended), outcome_for(kept)) == (Outcome.REVOKED, Outcome.ALLOWED)


def test_revoking_one_token_leaves_its_session_alone(ivan, ines):
    session = open_session(ines)
    token = a_token_row(session)

    revocation = revoke(an_order(ivan, OneToken(token_id=token.pk), Reason.USER_REQUEST))

    assert revocation.state is RevocationState.CUT_OFF
    assert outcome_for(session) is Outcome.ALLOWED
    assert BlacklistEntry.objects.get(kind="token").ident == token.token_id


def test_a_session_without_a_session_id_cannot_be_ended_alone(ivan, ines):
    session = open_session(ines, sid=None)

    with pytest.raises(CannotEndAlone):
        revoke(an_order(ivan, OneSession(session_id=session.pk), Reason.USER_REQUEST))


def test_what_does_not_exist_cannot_be_ended(hana):
    with pytest.raises(NothingToEnd):
        revoke(an_order(hana, OneToken(token_id=4711)))


# --- Already done ---------------------------------------------------------------------------------


def test_the_same_form_sent_twice_is_one_revocation(hana, ines):
    order = an_order(hana, OneUser(user_id=ines.pk), order_key="form-1")

    assert revoke(order) == revoke(order)
    assert Revocation.objects.count() == 1


def test_an_order_key_with_another_body_is_refused(hana, ines, otto):
    revoke(an_order(hana, OneUser(user_id=ines.pk), order_key="form-1"))

    with pytest.raises(OrderKeyReused):
        revoke(an_order(hana, OneUser(user_id=otto.pk), order_key="form-1"))


def test_order_keys_of_two_callers_do_not_meet(hana, ivan, ines, otto):
    first = revoke(an_order(hana, OneUser(user_id=ines.pk), order_key="1"))
    second = revoke(an_order(ivan, OneUser(user_id=otto.pk), order_key="1"))

    assert first != second


def test_a_second_colleague_finds_it_done_and_leaves_an_entry_of_their_own(hana, ivan, ines):
    first = revoke(an_order(hana, OneUser(user_id=ines.pk)))
    again = an_order(ivan, OneUser(user_id=ines.pk))

    found = revoke(again)

    assert found == first
    assert answers_another(found, again)
    assert (
        AuditEntry.objects.filter(
            event_code="RV-111", initiator_id=str(ivan.pk), receipt=first.receipt
        ).count()
        == 1
    )


def test_something_stronger_is_not_already_done(hana, ivan, ines):
    weaker = revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.ROLE_CHANGE))
    stronger = revoke(an_order(hana, OneUser(user_id=ines.pk), Reason.OFFBOARDING))

    assert weaker != stronger
    assert not User.objects.get(pk=ines.pk).is_active


def test_something_weaker_finds_the_stronger_done_and_lifts_no_block(hana, ivan, ines):
    stronger = revoke(an_order(hana, OneUser(user_id=ines.pk), Reason.OFFBOARDING))
    found = revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.ROLE_CHANGE))

    assert found == stronger
    assert not User.objects.get(pk=ines.pk).is_active


def test_a_session_that_began_after_the_cutoff_needs_a_new_revocation(ivan, ines):
    first = revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.ROLE_CHANGE))
    open_session(ines, began_at=timezone.now() + timedelta(seconds=7))

    assert revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.ROLE_CHANGE)) != first


def test_while_sign_in_is_open_a_later_order_ends_what_began_since_unreported(sam, ines, issuer):
    first = revoke(an_order(sam, OneUser(user_id=ines.pk), Reason.SECURITY_INCIDENT))
    RevocationTarget.objects.update(cutoff_ms=F("cutoff_ms") - 60_000)
    BlacklistEntry.objects.update(cutoff_ms=F("cutoff_ms") - 60_000)

    second = revoke(an_order(sam, OneUser(user_id=ines.pk), Reason.SECURITY_INCIDENT))

    assert second != first
    assert second.targets.get().cutoff_ms > first.targets.get().cutoff_ms


def test_nothing_is_already_done_while_the_blacklist_lacks_something_of_the_person(hana, ivan, ines):
    first = revoke(an_order(hana, OneUser(user_id=ines.pk)))
    BlacklistEntry.objects.update(published_revision=0)

    assert revoke(an_order(ivan, OneUser(user_id=ines.pk))) != first
    assert not BlacklistEntry.objects.unpublished().exists()


def test_a_token_made_after_its_session_without_an_id_ended_needs_its_own_entry(sam, ines, issuer):
    session = open_session(ines, sid=None, client="phone")
    ended = revoke(an_order(sam, OneUser(user_id=ines.pk), Reason.SECURITY_INCIDENT))
    token = a_token_row(session)

    revocation = revoke(an_order(sam, OneToken(token_id=token.pk), Reason.SECURITY_INCIDENT))

    assert revocation != ended
    assert BlacklistEntry.objects.get(kind="token").ident == token.token_id


@pytest.mark.parametrize(("started_from", "kinds"), [("iat", ["session", "user"]), ("auth_time", ["user"])])
def test_a_session_a_refresh_may_have_kept_alive_dies_by_its_id_where_a_cutoff_would_not_hold_it(
    sam, ines, issuer, started_from, kinds
):
    Issuer.objects.update(started_from=started_from)
    open_session(ines, expires_at=timezone.now() - timedelta(minutes=1))

    revocation = revoke(an_order(sam, OneUser(user_id=ines.pk), Reason.SECURITY_INCIDENT))

    assert revocation.sessions_ended == 0
    assert sorted(entry.kind for entry in BlacklistEntry.objects.all()) == kinds


def test_only_the_revision_that_was_written_is_noted_as_published(hana, ines):
    revoke(an_order(hana, OneUser(user_id=ines.pk)))
    written = list(BlacklistEntry.objects.all())
    BlacklistEntry.objects.update(revision=7, published_revision=0)

    BlacklistEntry.objects.note(written, "published_revision")

    assert BlacklistEntry.objects.unpublished().count() == len(written)


# --- Several sessions at once ---------------------------------------------------------------------


def test_a_selection_ends_exactly_its_sessions_of_everybody_in_it(sam, ines, otto):
    chosen = [open_session(ines), open_session(otto)]
    left = [open_session(ines), open_session(otto)]

    revocation = revoke(an_order(sam, SomeSessions.of(s.pk for s in chosen), Reason.SECURITY_INCIDENT))

    assert revocation.sessions_ended == 2
    assert revocation.people == [ines, otto]
    assert revocation.person is None
    assert [outcome_for(session) for session in chosen] == [Outcome.REVOKED] * 2
    assert [outcome_for(session) for session in left] == [Outcome.ALLOWED] * 2


def test_a_selection_leaves_one_entry_for_each_person_with_their_own_count(sam, ines, otto):
    chosen = [open_session(ines), open_session(ines), open_session(otto)]

    revocation = revoke(an_order(sam, SomeSessions.of(s.pk for s in chosen), Reason.SECURITY_INCIDENT))

    entries = AuditEntry.objects.filter(event_code="RV-104", receipt=revocation.receipt)
    counts = {entry.target_id: entry.sessions_ended for entry in entries}
    assert counts == {str(ines.pk): 2, str(otto.pk): 1}


def test_a_selection_with_one_person_who_is_out_of_bounds_ends_nothing(ivan, ines, ada):
    chosen = [open_session(ines), open_session(ada)]

    with pytest.raises(PrivilegedPerson):
        revoke(an_order(ivan, SomeSessions.of(s.pk for s in chosen), Reason.USER_REQUEST))

    assert [outcome_for(session) for session in chosen] == [Outcome.ALLOWED] * 2


def test_a_selection_with_a_session_no_guard_could_tell_apart_ends_nothing(ivan, ines):
    chosen = [open_session(ines), open_session(ines, sid=None, client="phone")]

    with pytest.raises(CannotEndAlone):
        revoke(an_order(ivan, SomeSessions.of(s.pk for s in chosen), Reason.USER_REQUEST))

    assert outcome_for(chosen[0]) is Outcome.ALLOWED


def test_the_same_selection_again_is_already_done(ivan, ines, otto):
    chosen = SomeSessions.of([open_session(ines).pk, open_session(otto).pk])
    first = revoke(an_order(ivan, chosen, Reason.USER_REQUEST))

    assert revoke(an_order(ivan, chosen, Reason.USER_REQUEST)) == first
    assert AuditEntry.objects.filter(event_code="RV-111", receipt=first.receipt).count() == 2


def test_a_selection_that_is_over_by_several_hands_has_nothing_left_to_end(ivan, ines, otto):
    chosen = SomeSessions.of([open_session(ines).pk, open_session(otto).pk])
    revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.USER_REQUEST))
    revoke(an_order(ivan, OneUser(user_id=otto.pk), Reason.USER_REQUEST))

    with pytest.raises(NothingToEnd):
        revoke(an_order(ivan, chosen, Reason.USER_REQUEST))


def test_an_empty_selection_is_no_order(ivan):
    with pytest.raises(NothingToEnd):
        revoke(an_order(ivan, SomeSessions.of([]), Reason.USER_REQUEST))


# --- Deciding among other things ------------------------------------------------------------------


def test_what_is_decided_and_rolled_back_never_reached_the_blacklist(sam, ines):
    session = open_session(ines)

    with transaction.atomic():
        decide(an_order(sam, OneUser(user_id=ines.pk), Reason.SECURITY_INCIDENT))
        transaction.set_rollback(True)

    assert not Revocation.objects.exists()
    assert outcome_for(session) is Outcome.ALLOWED


def test_what_is_decided_is_cut_off_by_its_second_step(sam, ines):
    session = open_session(ines)
    with transaction.atomic():
        decided = decide(an_order(sam, OneUser(user_id=ines.pk), Reason.SECURITY_INCIDENT))
    assert decided.state is RevocationState.REQUESTED

    assert cut_off(decided, by=initiator_of(sam)).state is RevocationState.CUT_OFF
    assert outcome_for(session) is Outcome.REVOKED


# --- What a refused client learns -----------------------------------------------------------------


def test_the_reason_class_of_the_decision_reaches_the_guard(ivan, ines):
    session = open_session(ines)
    revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.ROLE_CHANGE))

    assert verdict_on(token_for(ines, session)).why == "claims_changed"


def test_what_a_person_lost_is_refused_in_new_tokens_and_nothing_else(ivan, ines, issuer):
    Issuer.objects.update(entitlement_claims=["roles"], clock_allowance_seconds=0)
    ines.lost_claims = ["approve"]
    ines.save(update_fields=["lost_claims"])
    revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.ROLE_CHANGE))
    time.sleep(1.01 - time.time() % 1)  # a session that began in the cutoff's own second is over

    unreduced = verdict_on(token_for(ines, roles=["approve", "read"]))
    reduced = verdict_on(token_for(ines, roles=["read"]))

    assert (unreduced.outcome, unreduced.cause) == (Outcome.REVOKED, "claims_changed")
    assert (reduced.outcome, reduced.notes) == (Outcome.ALLOWED, (Note.CLAIMS_REDUCED,))


# --- Who may --------------------------------------------------------------------------------------


def test_nobody_ends_their_own_access(sam):
    with pytest.raises(ActingOnOneself):
        revoke(an_order(sam, OneUser(user_id=sam.pk)))


def test_everybody_may_end_a_session_of_their_own(otto):
    session = open_session(otto)

    revoke(an_order(otto, OneSession(session_id=session.pk), Reason.USER_REQUEST))

    assert outcome_for(session) is Outcome.REVOKED


@pytest.fixture
def alma(issuer: Issuer) -> User:
    """Another Admin, so that Ada is not the last one."""
    alma = a_person("alma")
    a_grant(alma, Role.ADMIN)
    return alma


def test_without_security_nobody_ends_the_access_of_privileged_people(ivan, hana, ada, alma):
    scope = OneUser(user_id=ada.pk)

    assert refused(an_order(ivan, scope)) is PrivilegedPerson
    assert refused(an_order(ivan, scope, second=a_second_person(ivan, hana))) is PrivilegedPerson


def test_security_alone_ends_no_privileged_person(sam, ada, alma):
    session = open_session(ada)

    assert refused(an_order(sam, OneUser(user_id=ada.pk))) is SecondPersonNeeded
    assert outcome_for(session) is Outcome.ALLOWED


def test_security_and_somebody_else_together_end_a_privileged_person(sam, ivan, ada, alma):
    second = a_second_person(sam, ivan)

    revocation = revoke(an_order(sam, OneUser(user_id=ada.pk), second=second))

    assert revocation.state is RevocationState.CUT_OFF
    assert revocation.approval.decided_by == ivan


def test_somebody_else_asks_and_security_approves(sam, hana, ada, alma):
    revocation = revoke(an_order(hana, OneUser(user_id=ada.pk), second=a_second_person(hana, sam)))

    assert revocation.state is RevocationState.CUT_OFF


def test_broken_glass_lets_security_go_alone_and_nobody_else(sam, ivan, ada, alma):
    scope = OneUser(user_id=ada.pk)

    assert refused(an_order(ivan, scope, second=a_second_person(ivan))) is PrivilegedPerson
    assert revoke(an_order(sam, scope, second=a_second_person(sam))).cut_off_at


def test_a_second_person_who_has_not_decided_counts_for_nothing(sam, ivan, ada, alma):
    second = a_second_person(sam, ivan)
    Approval.objects.update(state=ApprovalState.WAITING)

    assert refused(an_order(sam, OneUser(user_id=ada.pk), second=second)) is SecondPersonNeeded


def test_one_session_of_a_privileged_person_is_securitys_own_to_end(sam, ivan, ada):
    scope = OneSession(session_id=open_session(ada).pk)

    assert refused(an_order(ivan, scope, Reason.USER_REQUEST)) is PrivilegedPerson
    assert revoke(an_order(sam, scope, Reason.SECURITY_INCIDENT)).cut_off_at


def test_a_selection_of_a_privileged_persons_sessions_takes_a_second_person(sam, ivan, ada):
    scope = SomeSessions.of([open_session(ada).pk, open_session(ada).pk])
    reason = Reason.SECURITY_INCIDENT

    assert refused(an_order(sam, scope, reason)) is SecondPersonNeeded
    assert revoke(an_order(sam, scope, reason, second=a_second_person(sam, ivan))).cut_off_at


def test_a_machine_cannot_end_the_access_of_privileged_people(sam):
    order = Order(
        initiator=a_machine(),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=sam.pk),
        received_at=timezone.now(),
    )

    with pytest.raises(PrivilegedPerson):
        revoke(order)


def test_the_last_admin_cannot_be_blocked_but_their_sessions_can_be_ended(sam, ivan, ada):
    scope, second = OneUser(user_id=ada.pk), a_second_person(sam, ivan)

    assert refused(an_order(sam, scope, Reason.OFFBOARDING, second=second)) is LastAdmin
    assert revoke(an_order(sam, scope, Reason.SECURITY_INCIDENT, second=second)).cut_off_at


def test_hr_may_only_offboard(hana, ines):
    with pytest.raises(ReasonNotAllowed):
        revoke(an_order(hana, OneUser(user_id=ines.pk), Reason.SECURITY_INCIDENT))


def test_other_needs_a_sentence(ivan, ines):
    with pytest.raises(NoteTooShort):
        revoke(an_order(ivan, OneUser(user_id=ines.pk), Reason.OTHER, note="because  "))


def test_a_ticket_is_a_reference_and_never_a_sentence(ivan, ines):
    with pytest.raises(TicketMalformed):
        revoke(an_order(ivan, OneUser(user_id=ines.pk), ticket="she was rude to Marina"))


# --- Record and action go together ----------------------------------------------------------------


def test_a_refused_order_stores_nothing_but_the_refusal(hana, sam):
    with pytest.raises(OrderRefused):
        revoke(an_order(hana, OneUser(user_id=sam.pk)))

    assert not Revocation.objects.exists()
    assert not BlacklistEntry.objects.exists()
    assert AuditEntry.objects.get(event_code="RV-112F").additional_data["why"] == "privileged_person"


def test_the_decision_and_the_cut_off_are_entries_with_initiator_target_reason_and_count(hana, ines):
    open_session(ines)

    revocation = revoke(an_order(hana, OneUser(user_id=ines.pk)))

    decided = AuditEntry.objects.get(event_code="RV-101")
    assert (
        decided.initiator_id,
        decided.target_id,
        decided.reason_code,
        decided.sessions_ended,
        decided.receipt,
    ) == (
        str(hana.pk),
        str(ines.pk),
        "offboarding",
        1,
        revocation.receipt,
    )
    assert AuditEntry.objects.filter(event_code="RV-110", receipt=revocation.receipt).count() == 1


def test_if_the_entry_cannot_be_written_the_action_does_not_happen(hana, ines, monkeypatch):
    session = open_session(ines)

    def refuse(*_args: object, **_values: object) -> None:
        raise RuntimeError("the trail is full")

    monkeypatch.setattr("audit.record.AuditEntry.objects.bulk_create", refuse)
    with pytest.raises(RuntimeError):
        revoke(an_order(hana, OneUser(user_id=ines.pk)))

    assert not Revocation.objects.exists()
    assert outcome_for(session) is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [(Reason.SECURITY_INCIDENT, ReasonNotAllowed), (Reason.OFFBOARDING, None)],
    ids=str,
)
def test_a_role_for_one_population_gives_no_reason_in_another(ines, reason, refusal):
    both = a_person("both")
    a_grant(both, Role.HR)
    a_grant(both, Role.SECURITY, population_kind=PopulationKind.COUNTRY, population_value="SG")

    assert refused(an_order(both, OneUser(user_id=ines.pk), reason)) is refusal


def test_security_for_one_population_ends_no_privileged_person_of_another(ada):
    both = a_person("both")
    a_grant(both, Role.IT)
    a_grant(both, Role.SECURITY, population_kind=PopulationKind.COUNTRY, population_value="SG")

    assert refused(an_order(both, OneUser(user_id=ada.pk), Reason.ROLE_CHANGE)) is PrivilegedPerson


def refused(order: Order) -> type[OrderRefused] | None:
    """The kind of refusal, None where the order was carried out."""
    try:
        revoke(order)
    except OrderRefused as refusal:
        return type(refusal)
    return None
