"""Every event that changes what a receipt says signs a version of it; one that nobody thought about fails here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.events import ALL_EVENTS, of_code
from audit.initiators import the_clock
from audit.models import AuditEntry, ReceiptVersion
from sessions_app.changes.explanations import note_told
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.role_changes import Wish, role_changed
from sessions_app.changes.steps import mark_done, reopen
from sessions_app.changes.suspicion import waive_second_factor
from sessions_app.changes.wrong_person import decline, give_back, say_wrong_person
from sessions_app.models import Correction, Issuer, ResourceKind, Revocation, RoleChange, Step, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.confirmations import note_absent_sign_ins, note_claims, note_second_factor
from sessions_app.revocation.engine import decide, revoke
from sessions_app.revocation.orders import (
    OneGroup,
    OneProject,
    OneSession,
    OneToken,
    OneUser,
    Order,
    SomeSessions,
)
from sessions_app.revocation.publishing import try_to_publish
from sessions_app.revocation.receipt_versions import what_is_true
from tests.factories import a_group, a_project, a_resource, a_token_row, initiator_of, open_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


class Stage:
    """Sam decides about Ines, twice where one deed must reach two receipts."""

    def __init__(self, sam: User, ines: User, issuer: Issuer) -> None:
        self.sam, self.ines, self.issuer = sam, ines, issuer

    def order(self, scope: Any = None, reason: Reason = Reason.USER_REQUEST) -> Order:
        return Order(
            initiator=initiator_of(self.sam),
            reason=reason,
            scope=scope or OneUser(user_id=self.ines.pk),
            received_at=timezone.now(),
        )

    def end(self, scope: Any = None, reason: Reason = Reason.USER_REQUEST) -> Revocation:
        return revoke(self.order(scope, reason))

    def end_twice(self, *reasons: Reason) -> list[Revocation]:
        return [self.end(reason=reason) for reason in reasons]

    def said_wrong(self) -> Correction:
        """Sam says that Ines was not meant."""
        return say_wrong_person(self.end(), self.ines, by=initiator_of(self.sam), why="Otto was meant")

    def lower(self) -> Revocation:
        """A role change that waits for its first token."""
        a_group("finance", self.ines)
        outcome = role_changed(
            self.ines, [], by=initiator_of(self.sam), wish=Wish(received_at=timezone.now())
        )
        return outcome.revocation

    def compare(self, names: list[str] | None) -> None:
        note_claims(self.ines, issuer=self.issuer, names=names, seen_at=timezone.now(), by=the_clock())


@pytest.fixture
def stage(sam: User, ines: User, issuer: Issuer) -> Stage:
    return Stage(sam, ines, issuer)


Scene = Callable[[Stage], list[Revocation]]
CHANGING: dict[str, Scene] = {}
STANDING = {
    "RV-111": "asked again for what was done: an entry, and the receipt stands",
    "RV-112": "refused: there is no receipt",
    "LV-103": "a leaving that found its work done: the receipt was there before",
    "LV-104": "beside RV-101 of the same receipt, which signs",
    "PJ-150": "beside RV-107 of the same receipt, which signs",
    "PJ-151": "what a later look found is a line of the report",
    "PJ-152": "about the report, not about the receipt",
    "PJ-153": "likewise",
    "RV-132": "a way to prove a second factor, which is not a proof yet",
}


def changing(code: str) -> Callable[[Scene], Scene]:
    """Enters the decorated scene into the table; it returns every revocation whose receipt says more now."""

    def enter(scene: Scene) -> Scene:
        CHANGING[code] = scene
        return scene

    return enter


@changing("RV-101")
def a_person_is_terminated(stage: Stage) -> list[Revocation]:
    return [stage.end()]


@changing("RV-102")
def a_session_is_ended(stage: Stage) -> list[Revocation]:
    return [stage.end(OneSession(session_id=open_session(stage.ines).pk))]


@changing("RV-103")
def a_token_is_revoked(stage: Stage) -> list[Revocation]:
    return [stage.end(OneToken(token_id=a_token_row(open_session(stage.ines)).pk))]


@changing("RV-104")
def several_sessions_are_ended(stage: Stage) -> list[Revocation]:
    return [stage.end(SomeSessions.of([open_session(stage.ines).pk]))]


@changing("RV-105")
@changing("RV-106")
def a_group_is_ended(stage: Stage) -> list[Revocation]:
    a_group("finance", stage.ines)
    open_session(stage.ines)
    return [stage.end(OneGroup(name="finance"))]


@changing("RV-107")
def a_project_is_ended(stage: Stage) -> list[Revocation]:
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=7))
    project.groups.add(a_group("phoenix", stage.ines))
    return [stage.end(OneProject(key="phoenix"), reason=Reason.PROJECT_END)]


@changing("PJ-130")
@changing("PJ-131")
def a_task_is_done_and_reopened(stage: Stage) -> list[Revocation]:
    project = a_project("phoenix", ends_at=timezone.now() + timedelta(days=7))
    project.groups.add(a_group("phoenix", stage.ines))
    a_resource(project, ResourceKind.DEPLOY_KEY, "phoenix-deploy")
    ended = stage.end(OneProject(key="phoenix"), reason=Reason.PROJECT_END)
    task = Step.objects.get(is_manual=True)
    mark_done([task.pk], evidence="the key is gone", by=initiator_of(stage.sam))
    reopen(task, reason="it is back again", by=initiator_of(stage.sam))
    return [ended]


@changing("RV-110")
def what_was_decided_is_cut_off(stage: Stage) -> list[Revocation]:
    decided = decide(stage.order())
    try_to_publish(decided, by=the_clock())
    return [decided]


@changing("RV-120")
def two_blocks_are_lifted(stage: Stage) -> list[Revocation]:
    blocking = stage.end_twice(Reason.OFFBOARDING, Reason.OFFBOARDING)
    allow_sign_in_again(stage.ines, by=initiator_of(stage.sam), reason="came back")
    return blocking


@changing("RV-121")
def it_is_said_to_have_met_the_wrong_person(stage: Stage) -> list[Revocation]:
    return [stage.said_wrong().revocation]


@changing("RV-122")
def what_it_took_is_given_back(stage: Stage) -> list[Revocation]:
    return [give_back(stage.said_wrong(), by=initiator_of(stage.sam)).revocation]


@changing("RV-123")
def it_met_the_right_person_after_all(stage: Stage) -> list[Revocation]:
    return [decline(stage.said_wrong(), by=initiator_of(stage.sam), note="HR confirmed it").revocation]


@changing("RV-130")
def two_demands_are_met(stage: Stage) -> list[Revocation]:
    demanding = stage.end_twice(Reason.LOST_DEVICE, Reason.SECURITY_INCIDENT)
    note_second_factor(stage.ines, issuer=stage.issuer, proved_at=timezone.now(), by=the_clock())
    return demanding


@changing("RV-131")
def two_demands_are_waived(stage: Stage) -> list[Revocation]:
    demanding = stage.end_twice(Reason.LOST_DEVICE, Reason.SECURITY_INCIDENT)
    waive_second_factor(stage.ines, by=initiator_of(stage.sam), reason="showed her passport")
    return demanding


@changing("RV-140")
def a_token_says_less(stage: Stage) -> list[Revocation]:
    lowered = stage.lower()
    stage.compare([])
    return [lowered]


@changing("RV-141")
def a_token_says_as_much_as_before(stage: Stage) -> list[Revocation]:
    lowered = stage.lower()
    stage.compare(["finance"])
    return [lowered]


@changing("RV-142")
def a_token_says_nothing_of_groups(stage: Stage) -> list[Revocation]:
    lowered = stage.lower()
    stage.compare(None)
    return [lowered]


@changing("RV-143")
def nobody_signs_in_for_a_day(stage: Stage) -> list[Revocation]:
    lowered = stage.lower()
    RoleChange.objects.update(decided_at=timezone.now() - timedelta(days=2))
    note_absent_sign_ins(by=the_clock())
    return [lowered]


@changing("RV-144")
def what_was_lost_is_given_back(stage: Stage) -> list[Revocation]:
    lowered = stage.lower()
    later = Wish(received_at=timezone.now() + timedelta(seconds=1))
    role_changed(stage.ines, ["finance"], by=initiator_of(stage.sam), wish=later)
    return [lowered]


@changing("RV-150")
def the_person_reads_of_both(stage: Stage) -> list[Revocation]:
    telling = stage.end_twice(Reason.LOST_DEVICE, Reason.SECURITY_INCIDENT)
    note_told(stage.ines, by=initiator_of(stage.ines))
    return telling


def test_every_event_of_ending_access_and_every_one_with_a_receipt_was_thought_about():
    about_receipts = {
        kind.code for kind in ALL_EVENTS if kind.code.startswith("RV-") or "receipt" in kind.requires
    }

    assert about_receipts == CHANGING.keys() | STANDING.keys()
    assert not CHANGING.keys() & STANDING.keys()


@pytest.mark.parametrize("code", sorted(CHANGING))
def test_each_receipt_has_the_entry_and_its_newest_signed_version_says_what_is_true(code: str, stage: Stage):
    changed = CHANGING[code](stage)

    for_each = [receipt_of(each) for each in changed]
    assert [receipt["newest"] for receipt in for_each] == [receipt["truth"] for receipt in for_each]
    assert [code in receipt["entries"] for receipt in for_each] == [True] * len(changed)
    assert [code in receipt["signed_entries"] for receipt in for_each] == [True] * len(changed)


def receipt_of(revocation: Revocation) -> dict[str, Any]:
    revocation.refresh_from_db()
    truth = what_is_true(revocation)
    said = ReceiptVersion.objects.of(revocation.receipt).last().facts
    entries = AuditEntry.objects.of_receipt(revocation.receipt)
    return {
        "truth": truth,
        "newest": {key: said[key] for key in truth},
        "entries": [entry.event.code for entry in entries],
        "signed_entries": [of_code(entry["event"]).code for entry in said["audit"]],
    }
