"""A role change: less ends the tokens, more signs nobody out, and late or repeated news change nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.initiators import the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.facts import PersonFacts
from sessions_app.changes.groups import note_members_listed
from sessions_app.changes.people import Rehearsal, keep_person
from sessions_app.changes.role_changes import RoleOutcome, Wish, groups_changed, role_changed
from sessions_app.models import (
    Application,
    BlacklistEntry,
    EntryKind,
    Issuer,
    Revocation,
    RoleChange,
    Session,
    User,
)
from sessions_app.models.moments import to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.models.roles import Role
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.entries import LOST_AT_MOST
from sessions_app.revocation.errors import ActingOnOneself, OrderKeyReused, TicketMalformed
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import (
    a_grant,
    a_group,
    a_machine,
    an_entitlement,
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
    an_entitlement(wiki, a_group("finance", ines), "read")
    an_entitlement(wiki, a_group("approvers", ines), "approve")


def change(user: User, *groups: str, by: User, as_of: datetime | None = None, **more: str) -> RoleOutcome:
    wish = Wish(received_at=timezone.now(), as_of=as_of, **more)
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


def test_what_is_given_back_only_in_part_is_still_compared(ivan: User, ines: User, finance: None):
    change(ines, by=ivan)

    change(ines, "finance", by=ivan)

    assert [each.state for each in RoleChange.objects.order_by("pk")] == ["waiting", "not_needed"]


def test_a_loss_is_compared_although_a_later_one_was_given_back(ivan: User, ines: User, finance: None):
    change(ines, "finance", by=ivan)
    change(ines, by=ivan)

    change(ines, "finance", by=ivan)

    assert [each.state for each in RoleChange.objects.order_by("pk")] == [
        "waiting",
        "superseded",
        "not_needed",
    ]


def test_a_second_downgrade_in_the_same_second_is_refused_in_new_tokens_too(
    ivan: User, ines: User, finance: None
):
    """Nobody can have signed in since the first, so its order is done already; what was lost is not."""
    next_second()
    change(ines, "finance", by=ivan)
    change(ines, by=ivan)
    next_second()

    assert Revocation.objects.count() == 1
    assert verdict_on(token_for(ines, groups=["finance"])).cause == "claims_changed"
    assert verdict_on(token_for(ines, roles=["approve"])).cause == "claims_changed"


def test_a_token_of_before_the_change_is_no_proof_of_it_although_its_order_was_done_earlier(
    hana: User, ivan: User, ines: User, finance: None
):
    terminated = revoke(
        Order(
            initiator=initiator_of(hana),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=ines.pk),
            received_at=timezone.now(),
        )
    )
    in_between = timezone.now()

    outcome = change(ines, "finance", by=ivan)

    assert outcome.revocation == terminated
    assert outcome.change.decided_at > in_between


def test_of_very_many_losses_the_newest_are_told_to_guards(ivan: User, ines: User, finance: None):
    many = [f"a-{number:03}" for number in range(LOST_AT_MOST)]
    change(ines, "finance", "approvers", *many, by=ivan)
    change(ines, "finance", "approvers", by=ivan)
    change(ines, "finance", by=ivan)
    next_second()

    assert verdict_on(token_for(ines, roles=["approve"])).cause == "claims_changed"
    assert verdict_on(token_for(ines, groups=["approvers"])).cause == "claims_changed"


def test_a_name_held_by_another_group_too_is_not_refused(
    ivan: User, ines: User, finance: None, payroll: Application
):
    an_entitlement(payroll, a_group("finance"), "approve")

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


# --- Refused and repeated -------------------------------------------------------------------------


def test_what_may_not_be_ordered_changes_nothing_and_is_an_entry(ivan: User, ines: User, finance: None):
    with pytest.raises(TicketMalformed):
        change(ines, "finance", by=ivan, ticket="for Ines, who left")

    assert groups_of(ines) == {"finance", "approvers"}
    assert not RoleChange.objects.exists()
    assert AuditEntry.objects.get(event_code="RV-112F").additional_data["why"] == "ticket_malformed"


def test_nobody_takes_groups_from_themselves(ivan: User):
    a_group("operators", ivan)

    with pytest.raises(ActingOnOneself):
        change(ivan, by=ivan)

    assert groups_of(ivan) == {"operators"}


def test_the_second_of_two_clicks_is_answered_with_the_first(ivan: User, ines: User, finance: None):
    first = change(ines, "finance", by=ivan, order_key="k-1")

    second = change(ines, "finance", by=ivan, order_key="k-1")

    assert second.change == first.change
    assert RoleChange.objects.count() == Revocation.objects.count() == 1


def test_an_order_key_used_for_other_groups_is_refused(ivan: User, ines: User, finance: None):
    """Its answer would be a revocation of before, and who signed in since would keep their tokens."""
    change(ines, "finance", by=ivan, order_key="k-1")

    with pytest.raises(OrderKeyReused):
        change(ines, by=ivan, order_key="k-1")

    assert groups_of(ines) == {"finance"}


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
    an_entitlement(wiki, a_group("operators", ada), "operate")
    session = open_session(ada)

    from_directory(ada)

    assert groups_of(ada) == set()
    assert verdict_on(token_for(ada, session, roles=["read"])).outcome is Outcome.ALLOWED
    assert verdict_on(token_for(ada, session, roles=["operate"])).cause == "claims_changed"
    assert AuditEntry.objects.filter(event_code="RV-112F").exists()


def test_what_somebody_privileged_lost_is_refused_for_as_long_as_their_tokens_live(
    ada: User, sam: User, wiki: Application
):
    """No order prolongs their entries, so the change itself does."""
    an_entitlement(wiki, a_group("operators", ada), "operate")
    revoke(
        Order(
            initiator=the_shell(),
            reason=Reason.ROLE_CHANGE,
            scope=OneUser(user_id=ada.pk),
            received_at=timezone.now(),
        )
    )
    in_a_minute_ms = to_milliseconds(timezone.now() + timedelta(minutes=1))
    BlacklistEntry.objects.update(expires_at_ms=in_a_minute_ms)

    from_directory(ada)

    entry = BlacklistEntry.objects.get(kind=EntryKind.USER)
    assert entry.lost
    assert entry.expires_at_ms > in_a_minute_ms + 3_600_000


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


GROUPS = ("finance", "approvers", "ops")

# What was said at which hour: all groups of Ines, or (a group and whether its list of members names her).
WHOLE = st.frozensets(st.sampled_from(GROUPS))
ONE = st.tuples(st.sampled_from(GROUPS), st.booleans())
NEWS = st.lists(
    st.tuples(st.integers(0, 8), WHOLE | ONE), min_size=1, max_size=5, unique_by=lambda news: news[0]
)
News = tuple[int, frozenset[str] | tuple[str, bool]]


def tell(user: User, news: News, *, by: User) -> None:
    hour, said = news
    as_of = MORNING + timedelta(hours=hour)
    if isinstance(said, frozenset):
        change(user, *said, by=by, as_of=as_of)
        return
    group, is_member = said
    if note_members_listed(group, as_of=as_of) is not None:
        wish = Wish(received_at=timezone.now(), as_of=as_of)
        moves = {"joined": [group]} if is_member else {"left": [group]}
        groups_changed(user, **moves, by=initiator_of(by), wish=wish)


def newest_about(group: str, news: list[News]) -> bool:
    """Whether the newest news that says anything about this group has the person in it."""
    concerned = [said for _hour, said in sorted(news, key=lambda each: each[0]) if _speaks_of(group, said)]
    newest = concerned[-1] if concerned else frozenset()
    return group in newest if isinstance(newest, frozenset) else newest[1]


def _speaks_of(group: str, said: frozenset[str] | tuple[str, bool]) -> bool:
    return isinstance(said, frozenset) or said[0] == group


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(news=NEWS, data=st.data())
def test_whatever_the_order_and_however_often_the_newest_news_of_each_group_decides(
    ivan: User, ines: User, news: list[News], data: st.DataObject
):
    told = data.draw(st.permutations(news + data.draw(st.lists(st.sampled_from(news), max_size=2))))
    with transaction.atomic():
        for each in told:
            tell(ines, each, by=ivan)
        ines.refresh_from_db()
        lost = set(ines.lost_claims)
        found = groups_of(ines)
        transaction.set_rollback(True)

    assert found == {group for group in GROUPS if newest_about(group, news)}
    assert lost.isdisjoint(found)


def test_news_of_one_group_leaves_those_joined_meanwhile(ivan: User, ines: User, finance: None):
    stale = User.objects.prefetch_related("memberships__group").get(pk=ines.pk)
    change(ines, "finance", "approvers", "ops", by=ivan)

    groups_changed(stale, left=["approvers"], by=initiator_of(ivan), wish=Wish(received_at=timezone.now()))

    assert groups_of(ines) == {"finance", "ops"}


def test_leaving_a_group_twice_does_not_join_it(ivan: User, ines: User, finance: None):
    wish = Wish(received_at=timezone.now())

    groups_changed(ines, left=["approvers"], by=initiator_of(ivan), wish=wish)
    groups_changed(ines, left=["approvers"], by=initiator_of(ivan), wish=wish)

    assert groups_of(ines) == {"finance"}


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
