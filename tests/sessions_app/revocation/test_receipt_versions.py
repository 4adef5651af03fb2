"""A change of state makes a version of the receipt, and a version says no more than was true then."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import the_clock
from audit.models import AuditEntry, ChainLink, ReceiptVersion
from audit.receipts import add_version
from sessions_app.changes.explanations import note_told
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.role_changes import Wish, role_changed
from sessions_app.models import Lease, Revocation, RoleChange
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import ReceiptOwes
from sessions_app.revocation import receipt_versions
from sessions_app.revocation.confirmations import note_absent_sign_ins, note_claims, note_second_factor
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.revocation.receipt_versions import sign_what_is_owed
from sessions_app.scheduled.clock import Clock
from tests.factories import a_group, initiator_of, open_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def end(person, *, by, reason=Reason.OFFBOARDING, **fields) -> Revocation:
    order = Order(
        initiator=initiator_of(by),
        reason=reason,
        scope=OneUser(user_id=person.pk),
        received_at=timezone.now(),
        **fields,
    )
    return revoke(order)


def versions_of(revocation: Revocation) -> list[dict]:
    return [version.facts for version in ReceiptVersion.objects.of(revocation.receipt)]


def changes_of(revocation: Revocation) -> list[str]:
    return [version["change"] for version in versions_of(revocation)]


def seal_everything() -> None:
    entries = AuditEntry.objects.filter(link=None).order_by("id")
    ChainLink.objects.bulk_create(
        ChainLink(number=entry.pk, entry=entry, hash=entry.pk.to_bytes(32, "big")) for entry in entries
    )


# --- When one is made -----------------------------------------------------------------------------


def test_a_decision_and_its_cutoff_are_two_versions(hana, ines, wiki):
    session = open_session(ines, wiki)

    revocation = end(ines, by=hana)

    decided, cut_off = versions_of(revocation)
    assert (decided["change"], decided["state"], decided["proof"]) == ("decided", "requested", None)
    assert decided["clocks"]["cut_off_at"] is None
    assert (cut_off["change"], cut_off["state"]) == ("cut_off", "cut_off")
    assert cut_off["proof"]["ends_in"] == session.sid[-3:]
    assert cut_off["clocks"]["milliseconds_to_cut_off"] >= 0


def test_an_order_that_was_already_done_makes_no_version(hana, sam, ines):
    revocation = end(ines, by=hana)

    end(ines, by=sam)

    assert changes_of(revocation) == ["decided", "cut_off"]


def test_a_second_factor_that_was_proved_is_a_version(sam, ines, issuer):
    revocation = end(ines, by=sam, reason=Reason.SECURITY_INCIDENT)

    note_second_factor(ines, issuer=issuer, proved_at=timezone.now(), by=the_clock())

    assert changes_of(revocation)[-1] == "second_factor_proved"
    assert versions_of(revocation)[1]["second_factor"] == {
        "proved_at": None,
        "proved_to": None,
        "waived_at": None,
    }
    assert versions_of(revocation)[2]["second_factor"]["proved_to"] == issuer.iss


def test_claims_that_were_compared_are_a_version(ivan, ines, issuer):
    a_group("finance", ines)
    revocation = role_changed(
        ines, [], by=initiator_of(ivan), wish=Wish(received_at=timezone.now())
    ).revocation

    note_claims(ines, issuer=issuer, names=[], seen_at=timezone.now(), by=the_clock())

    assert changes_of(revocation) == ["role_changed", "cut_off", "claims_compared"]
    states = [version["role_change"]["state"] for version in versions_of(revocation)]
    assert states == ["waiting", "waiting", "confirmed"]


def test_nobody_signing_in_within_a_day_is_a_version_by_the_clock(ivan, ines):
    a_group("finance", ines)
    revocation = role_changed(
        ines, [], by=initiator_of(ivan), wish=Wish(received_at=timezone.now())
    ).revocation
    RoleChange.objects.update(decided_at=timezone.now() - timedelta(days=2))

    note_absent_sign_ins(by=the_clock())

    assert versions_of(revocation)[-1]["role_change"]["state"] == "not_signed_in"


def test_a_change_of_which_everything_was_given_back_says_so(ivan, ines):
    a_group("finance", ines)
    by, now = initiator_of(ivan), timezone.now()
    revocation = role_changed(ines, [], by=by, wish=Wish(received_at=now)).revocation

    role_changed(ines, ["finance"], by=by, wish=Wish(received_at=now + timedelta(seconds=1)))

    assert versions_of(revocation)[-1]["role_change"]["state"] == "superseded"


def test_telling_the_person_is_a_version(sam, ines):
    revocation = end(ines, by=sam, reason=Reason.LOST_DEVICE)

    note_told(ines, by=initiator_of(ines))

    assert changes_of(revocation)[-1] == "told"
    assert versions_of(revocation)[-1]["clocks"]["told_at"]


def test_allowing_sign_in_again_is_a_version(hana, ivan, ines):
    revocation = end(ines, by=hana)

    allow_sign_in_again(ines, by=initiator_of(ivan), reason="came back")

    assert changes_of(revocation)[-1] == "sign_in_allowed_again"
    assert versions_of(revocation)[-1]["clocks"]["sign_in_allowed_again_at"]


# --- What one holds -------------------------------------------------------------------------------


def test_a_version_holds_pseudonyms_and_nothing_that_was_typed(hana, ines, wiki):
    open_session(ines, wiki)

    revocation = end(ines, by=hana, note="left in anger", ticket="HR-2231")

    said = json.dumps(versions_of(revocation))
    assert str(ines.pk) in said
    assert str(hana.pk) in said
    personal = ["Ines", "Almeida", "Hana", "Weiss", "northwind.example", "anger", "HR-2231", "203.0.113.7"]
    assert [word for word in personal if word in said] == []


def test_a_version_names_sessions_applications_systems_and_entries(hana, ines, wiki, payroll):
    session = open_session(ines, wiki, payroll)

    revocation = end(ines, by=hana)

    version = versions_of(revocation)[-1]
    (ended,) = version["sessions"]
    assert (ended["id"], ended["applications"]) == (str(session.pk), ["payroll", "wiki"])
    assert version["systems"] == {"outside": [], "said": "no outside systems connected"}
    assert [entry["event"] for entry in version["audit"]] == ["RV-101", "RV-110"]
    assert {entry["number"] for entry in version["audit"]} == {"not yet sealed"}


# --- What the clock brings ------------------------------------------------------------------------


def test_once_its_entries_are_sealed_the_clock_signs_their_numbers(hana, ines):
    revocation = end(ines, by=hana)
    assert sign_what_is_owed() == 0
    seal_everything()

    assert sign_what_is_owed() == 1

    assert changes_of(revocation)[-1] == "sealed"
    assert {type(entry["number"]) for entry in versions_of(revocation)[-1]["audit"]} == {int}
    assert sign_what_is_owed() == 0


def test_a_key_that_cannot_be_used_does_not_hold_up_the_cutoff(hana, ines, settings, audit_signing_key):
    settings.AUDIT_SIGNING_KEY = "no key at all"

    revocation = end(ines, by=hana)

    assert revocation.cut_off_at is not None
    assert versions_of(revocation) == []
    assert Revocation.objects.get().receipt_owes == ReceiptOwes.VERSION
    assert sign_what_is_owed() == 0

    settings.AUDIT_SIGNING_KEY = audit_signing_key
    assert sign_what_is_owed() == 1
    assert changes_of(revocation) == ["made_late"]
    assert versions_of(revocation)[0]["state"] == "cut_off"


def test_a_receipt_that_cannot_be_signed_holds_up_neither_its_cutoff_nor_the_others(
    hana, ines, otto, monkeypatch
):
    def fails_for_ines(receipt, *, facts):
        if facts["people"][0]["id"] == str(ines.pk):
            raise RuntimeError("a poisoned row")
        return add_version(receipt, facts=facts)

    monkeypatch.setattr(receipt_versions, "add_version", fails_for_ines)
    poisoned = end(ines, by=hana)
    other = end(otto, by=hana)
    Revocation.objects.update(receipt_owes=ReceiptOwes.VERSION)

    signed = sign_what_is_owed()

    assert poisoned.cut_off_at is not None
    assert signed == 1
    assert changes_of(other)[-1] == "made_late"
    assert Revocation.objects.get(pk=poisoned.pk).receipt_owes == ReceiptOwes.VERSION


def test_the_clock_signs_what_was_decided_before_receipts_were_signed(hana, ines):
    revocation = end(ines, by=hana)
    Revocation.objects.update(receipt_owes=ReceiptOwes.VERSION)
    Lease.objects.all().delete()
    clock = Clock()
    assert clock.beat()

    clock.look_after()

    assert changes_of(revocation)[-1] == "made_late"
