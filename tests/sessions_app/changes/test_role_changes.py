"""A role change: less ends the tokens, more signs nobody out, and late or repeated news change nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.facts import PersonFacts
from sessions_app.changes.people import Rehearsal, keep_person
from sessions_app.changes.role_changes import RoleOutcome, Wish, role_changed
from sessions_app.models import Application, Entitlement, Issuer, Revocation, RoleChange, Session, User
from sessions_app.models.roles import Role
from tests.factories import (
    a_grant,
    a_group,
    a_machine,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture(autouse=True)
def _issuer_names_roles(issuer: Issuer) -> None:
    Issuer.objects.update(entitlement_claims=["roles", "groups"], clock_allowance_seconds=0)


@pytest.fixture
def finance(ines: User, wiki: Application) -> None:
    """Ines may read by one group and approve by another."""
    Entitlement.objects.create(application=wiki, group=a_group("finance", ines), name="read")
    Entitlement.objects.create(application=wiki, group=a_group("approvers", ines), name="approve")


def change(user: User, *groups: str, by: User, as_of: datetime | None = None) -> RoleOutcome:
    wish = Wish(received_at=timezone.now(), as_of=as_of)
    return role_changed(user, groups, by=initiator_of(by), wish=wish)


def groups_of(user: User) -> set[str]:
    return set(user.memberships.values_list("group__name", flat=True))


def next_second() -> None:
    time.sleep(1.01 - time.time() % 1)


def test_a_downgrade_ends_current_tokens_and_leaves_the_account(ivan: User, ines: User, finance: None):
    session = open_session(ines)
    token = token_for(ines, session)

    outcome = change(ines, "finance", by=ivan)

    verdict = verdict_on(token)
    ines.refresh_from_db()
    assert (verdict.outcome, verdict.why) == (Outcome.REVOKED, "claims_changed")
    assert ines.is_active
    assert outcome.change.lost == [{"group": "approvers"}, {"application": "wiki", "role": "approve"}]
    assert outcome.change.kept == [{"group": "finance"}, {"application": "wiki", "role": "read"}]
    assert (outcome.change.state, outcome.revocation.reason) == ("waiting", "role_change")


def test_after_a_downgrade_a_new_token_that_still_claims_it_is_refused(ivan: User, ines: User, finance: None):
    change(ines, "finance", by=ivan)
    next_second()

    unreduced = verdict_on(token_for(ines, roles=["read", "approve"]))
    reduced = verdict_on(token_for(ines, roles=["read"], groups=["finance"]))

    assert (unreduced.outcome, unreduced.cause) == (Outcome.REVOKED, "claims_changed")
    assert reduced.outcome is Outcome.ALLOWED


def test_an_upgrade_signs_nobody_out(ivan: User, ines: User, finance: None):
    token = token_for(ines, open_session(ines))

    outcome = change(ines, "finance", "approvers", "controllers", by=ivan)

    assert verdict_on(token).outcome is Outcome.ALLOWED
    assert (outcome.change.state, outcome.revocation) == ("not_needed", None)
    assert not Revocation.objects.exists()


def test_one_group_for_another_is_not_provably_an_upgrade(ivan: User, ines: User, finance: None):
    token = token_for(ines, open_session(ines))

    change(ines, "finance", "controllers", by=ivan)

    assert verdict_on(token).outcome is Outcome.REVOKED


def test_what_is_given_back_is_accepted_again(ivan: User, ines: User, finance: None):
    change(ines, "finance", by=ivan)
    change(ines, "finance", "approvers", by=ivan)
    next_second()

    assert verdict_on(token_for(ines, roles=["approve"])).outcome is Outcome.ALLOWED
    assert [each.state for each in RoleChange.objects.order_by("pk")] == ["superseded", "not_needed"]


def test_a_name_held_by_another_group_too_is_not_refused(
    ivan: User, ines: User, finance: None, payroll: Application
):
    Entitlement.objects.create(application=payroll, group=a_group("finance"), name="approve")

    change(ines, "finance", by=ivan)
    next_second()

    assert verdict_on(token_for(ines, roles=["approve"])).outcome is Outcome.ALLOWED
    assert verdict_on(token_for(ines, groups=["approvers"])).outcome is Outcome.REVOKED


def test_nothing_different_is_no_change(ivan: User, ines: User, finance: None):
    assert change(ines, "finance", "approvers", by=ivan).change is None
    assert not RoleChange.objects.exists()


def test_somebody_elses_tokens_are_untouched(ivan: User, ines: User, otto: User, finance: None):
    token = token_for(otto, open_session(otto))

    change(ines, by=ivan)

    assert verdict_on(token).outcome is Outcome.ALLOWED


def test_the_change_is_one_entry_with_what_was_lost_and_gained(ivan: User, ines: User, finance: None):
    outcome = change(ines, "finance", "controllers", by=ivan)

    entry = AuditEntry.objects.get(event_code="RO-110")
    assert entry.additional_data["lost"] == ["approvers", "wiki:approve"]
    assert entry.additional_data["gained"] == ["controllers"]
    assert entry.receipt == outcome.revocation.receipt


# --- From a directory -----------------------------------------------------------------------------


def from_directory(user: User, *groups: str, **options: object) -> None:
    facts = PersonFacts(external_id=user.external_id, groups=groups)
    keep_person(facts, by=a_machine(), **options)  # type: ignore[arg-type]  # a scene's


def test_a_directory_that_takes_a_group_away_ends_the_tokens_in_the_same_transaction(
    ines: User, finance: None, monkeypatch: pytest.MonkeyPatch
):
    token = token_for(ines, open_session(ines))

    from_directory(ines, "finance")

    assert verdict_on(token).outcome is Outcome.REVOKED
    assert RoleChange.objects.get().revocation.cut_off_at is not None


def test_what_cannot_be_recorded_does_not_happen(ines: User, finance: None, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_args: object, **_values: object) -> None:
        raise RuntimeError("the trail is full")

    monkeypatch.setattr("audit.record.AuditEntry.objects.bulk_create", refuse)
    with pytest.raises(RuntimeError):
        from_directory(ines, "finance")

    assert groups_of(ines) == {"finance", "approvers"}
    assert not Revocation.objects.exists()


def test_a_rehearsal_ends_nothing(ines: User, finance: None):
    token = token_for(ines, open_session(ines))

    from_directory(ines, "finance", rehearsal=Rehearsal.ONLY_LOOK)

    assert verdict_on(token).outcome is Outcome.ALLOWED
    assert groups_of(ines) == {"finance", "approvers"}


def test_somebody_privileged_loses_the_group_and_what_it_gave_but_is_signed_out_by_security_alone(
    ada: User, wiki: Application
):
    Entitlement.objects.create(application=wiki, group=a_group("operators", ada), name="operate")
    session = open_session(ada)

    from_directory(ada)

    assert groups_of(ada) == set()
    assert verdict_on(token_for(ada, session, roles=["read"])).outcome is Outcome.ALLOWED
    assert verdict_on(token_for(ada, session, roles=["operate"])).cause == "claims_changed"
    assert AuditEntry.objects.filter(event_code="RV-112F").exists()


def test_a_newcomer_with_groups_has_lost_nothing(northwind: object):
    keep_person(PersonFacts(external_id="new", display_name="New One", groups=("finance",)), by=a_machine())

    assert not RoleChange.objects.exists()


# --- Late and repeated news -----------------------------------------------------------------------

MORNING = datetime.now(UTC) - timedelta(days=5)


def test_older_news_changes_nothing(ivan: User, ines: User, finance: None):
    change(ines, "finance", by=ivan, as_of=MORNING)

    late = change(ines, "finance", "approvers", by=ivan, as_of=MORNING - timedelta(hours=1))

    assert late.is_outdated
    assert groups_of(ines) == {"finance"}


def test_news_from_the_future_does_not_silence_whoever_comes_after_it(ivan: User, ines: User, finance: None):
    change(ines, "finance", "approvers", "ops", by=ivan, as_of=timezone.now() + timedelta(days=365))

    after = change(ines, "finance", by=ivan)

    assert not after.is_outdated
    assert groups_of(ines) == {"finance"}


NEWS = st.lists(
    st.tuples(st.integers(0, 5), st.frozensets(st.sampled_from(["finance", "approvers", "ops"]))),
    min_size=1,
    max_size=4,
    unique_by=lambda news: news[0],
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(news=NEWS, data=st.data())
def test_whatever_the_order_and_however_often_the_newest_news_decides(
    ivan: User, ines: User, news: list[tuple[int, frozenset[str]]], data: st.DataObject
):
    told = data.draw(st.permutations(news + data.draw(st.lists(st.sampled_from(news), max_size=2))))
    with transaction.atomic():
        for hour, groups in told:
            change(ines, *groups, by=ivan, as_of=MORNING + timedelta(hours=hour))
        ines.refresh_from_db()
        newest = max(news)[1]
        lost = set(ines.lost_claims)
        found = groups_of(ines)
        transaction.set_rollback(True)

    assert found == newest
    assert lost.isdisjoint(newest)


def test_a_session_begun_after_the_change_goes_on(ivan: User, ines: User, finance: None):
    change(ines, "finance", by=ivan)
    next_second()
    session = open_session(ines, began_at=timezone.now())

    assert verdict_on(token_for(ines, session, roles=["read"])).outcome is Outcome.ALLOWED
    assert Session.objects.open().filter(pk=session.pk).exists()


def test_a_role_here_is_not_a_role_in_the_companys_applications(ivan: User, ines: User, finance: None):
    a_grant(ines, Role.AUDITOR)

    change(ines, "finance", by=ivan)

    assert Role.AUDITOR in User.objects.get(pk=ines.pk).roles
