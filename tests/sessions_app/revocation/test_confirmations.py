"""What later tokens prove: each of several downgrades, none by a token that guards refuse, and a demand only once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import the_clock
from audit.models import AuditEntry
from sessions_app.changes.role_changes import Wish, role_changed
from sessions_app.changes.suspicion import Suspicion, person_suspected, waive_second_factor
from sessions_app.models import Application, Issuer, Revocation, RoleChange, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.confirmations import note_absent_sign_ins, note_claims, note_second_factor
from tests.factories import a_group, an_entitlement, initiator_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def two_downgrades(ivan: User, ines: User, wiki: Application) -> None:
    """Ines could approve, then only read, then nothing."""
    an_entitlement(wiki, a_group("finance", ines), "read")
    an_entitlement(wiki, a_group("approvers", ines), "approve")
    for groups in (["finance"], []):
        role_changed(ines, groups, by=initiator_of(ivan), wish=Wish(received_at=timezone.now()))


def saw(user: User, issuer: Issuer, *names: str) -> None:
    user.refresh_from_db()
    seen_at = database_now() + timedelta(milliseconds=1)
    note_claims(user, issuer=issuer, names=names, seen_at=seen_at, by=the_clock())


def states() -> list[str]:
    """Oldest first."""
    return [change.state for change in RoleChange.objects.order_by("pk")]


def test_a_token_without_anything_that_was_lost_confirms_every_downgrade(
    ines: User, issuer: Issuer, two_downgrades: None
):
    saw(ines, issuer, "guest")

    assert states() == ["confirmed", "confirmed"]
    receipts = set(RoleChange.objects.values_list("revocation__receipt", flat=True))
    assert set(AuditEntry.objects.filter(event_code="RV-140").values_list("receipt", flat=True)) == receipts


def test_a_token_that_claims_what_was_lost_before_confirms_nothing(
    ines: User, issuer: Issuer, two_downgrades: None
):
    """Guards refuse it, so nobody has come back with less."""
    saw(ines, issuer, "approve")

    assert states() == ["not_reduced", "not_reduced"]


def test_a_reduced_token_after_one_that_was_not_confirms_all_the_same(
    ines: User, issuer: Issuer, two_downgrades: None
):
    saw(ines, issuer, "approve")
    saw(ines, issuer)

    assert states() == ["confirmed", "confirmed"]


def test_what_was_compared_before_a_further_downgrade_stays_as_it_was(
    ivan: User, ines: User, issuer: Issuer, two_downgrades: None
):
    saw(ines, issuer)
    role_changed(ines, ["ops"], by=initiator_of(ivan), wish=Wish(received_at=timezone.now()))
    role_changed(ines, [], by=initiator_of(ivan), wish=Wish(received_at=timezone.now()))

    saw(ines, issuer, "ops")

    assert states() == ["confirmed", "confirmed", "not_needed", "not_reduced"]


def test_a_token_seen_before_the_downgrade_is_not_compared(ines: User, issuer: Issuer, two_downgrades: None):
    before = RoleChange.objects.earliest("decided_at").decided_at - timedelta(milliseconds=1)

    note_claims(ines, issuer=issuer, names=["guest"], seen_at=before, by=the_clock())

    assert states() == ["waiting", "waiting"]


def test_who_did_not_come_back_within_a_day_is_noted_and_can_still_be_compared(
    ines: User, issuer: Issuer, two_downgrades: None
):
    RoleChange.objects.update(decided_at=timezone.now() - timedelta(hours=25))
    note_absent_sign_ins(by=the_clock())
    absent = states()

    saw(ines, issuer)

    assert absent == ["not_signed_in", "not_signed_in"]
    assert states() == ["confirmed", "confirmed"]


# --- A second factor ------------------------------------------------------------------------------


def suspect(user: User, *, by: User) -> Revocation:
    suspicion = Suspicion(reason=Reason.SECURITY_INCIDENT, received_at=database_now())
    return person_suspected(user, suspicion, by=initiator_of(by))


def test_what_was_waived_is_not_called_proved_by_a_later_proof(sam: User, ines: User, issuer: Issuer):
    waived = suspect(ines, by=sam)
    waive_second_factor(ines, by=initiator_of(sam), reason="came with her passport")
    demanded_again = suspect(ines, by=sam)

    note_second_factor(ines, issuer=issuer, proved_at=database_now(), by=the_clock())

    waived.refresh_from_db()
    demanded_again.refresh_from_db()
    assert waived.second_factor_waived_at is not None
    assert waived.second_factor_proved_at is None
    assert demanded_again.second_factor_proved_at is not None
