"""Events and group members as directories send them: acted on once, told truly what became of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Group, Revocation, Scope, Signal, User
from tests.factories import a_group, open_session, token_for, verdict_on
from tests.sessions_app.doors.machines import Machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


def event(user: User, kind: str = "role.updated", **changes: Any) -> dict[str, Any]:
    groups = {"groups": ["finance"]} if kind == "role.updated" else {}
    return {
        "id": "evt-1",
        "type": kind,
        "occurred_at": "2026-11-20T08:00:00Z",
        "person": {"external_id": user.external_id},
        **groups,
        **changes,
    }


def an_hour_ago() -> str:
    return (timezone.now() - timedelta(hours=1)).isoformat()


def test_a_role_update_that_takes_something_away_ends_the_tokens(ines: User):
    a_group("approvers", ines)
    token = token_for(ines, open_session(ines))

    answer = Machine(Scope.ROLES_WRITE).post("/events", event(ines))

    assert (answer.status_code, answer.json()["outcome"]) == (200, "applied")
    assert verdict_on(token).outcome is Outcome.REVOKED
    assert answer.json()["receipt"] == Revocation.objects.get().receipt


def test_the_same_event_again_is_answered_with_what_became_of_it(ines: User):
    a_group("approvers", ines)
    machine = Machine()
    first = machine.post("/events", event(ines)).json()

    assert machine.post("/events", event(ines)).json() == first
    assert Signal.objects.count() == Revocation.objects.count() == 1


def test_the_same_id_with_another_body_is_refused(ines: User):
    machine = Machine()
    machine.post("/events", event(ines))

    answer = machine.post("/events", event(ines, groups=["other"]))

    assert (answer.status_code, answer.json()["code"]) == (422, "event_reused")


def test_late_news_is_superseded(ines: User):
    machine = Machine()
    machine.post("/events", event(ines, groups=["finance"]))

    late = event(ines, id="evt-0", occurred_at="2026-11-19T08:00:00Z", groups=[])

    assert machine.post("/events", late).json()["outcome"] == "superseded"
    assert ines.memberships.count() == 1


def test_nothing_different_is_nothing_to_do(ines: User):
    a_group("finance", ines)

    assert Machine().post("/events", event(ines)).json()["outcome"] == "nothing_to_do"


def test_somebody_nobody_knows_is_kept_as_unmatched(ines: User):
    unknown = event(ines, person={"external_id": "nobody"})

    assert Machine().post("/events", unknown).json()["outcome"] == "unmatched"


@pytest.mark.parametrize("kind", ["user.deactivated", "user.suspended"])
def test_a_leaver_is_cut_off_and_the_second_event_only_finds_it_done(ines: User, kind: str):
    token = token_for(ines, open_session(ines))
    machine = Machine()

    first = machine.post("/events", event(ines, kind)).json()
    second = machine.post("/events", event(ines, kind, id="evt-2")).json()

    assert verdict_on(token).outcome is Outcome.REVOKED
    assert (first["outcome"], second["outcome"]) == ("applied", "nothing_to_do")
    assert first["receipt"] == second["receipt"]


@pytest.mark.parametrize(
    ("scope", "kind"),
    [
        (Scope.ROLES_WRITE, "user.deactivated"),
        (Scope.REVOCATIONS_WRITE, "role.updated"),
        (Scope.PEOPLE_WRITE, "role.updated"),
    ],
)
def test_each_event_needs_its_own_scope(ines: User, scope: Scope, kind: str):
    assert Machine(scope).post("/events", event(ines, kind)).status_code == 403
    assert not Signal.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "user.deleted"},
        {"id": ""},
        {"id": "with space"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-11-20T08:00:00"},
        {"groups": None},
        {"groups": [""]},
        {"person": {}},
        {"more": 1},
    ],
    ids=str,
)
def test_an_event_that_is_none_is_422(ines: User, changes: dict[str, Any]):
    assert Machine().post("/events", event(ines, **changes)).status_code == 422


# --- Members of a group ---------------------------------------------------------------------------


def test_who_is_no_longer_a_member_loses_what_the_group_gave(ines: User, otto: User):
    a_group("finance", ines)
    token, others = token_for(ines, open_session(ines)), token_for(otto, open_session(otto))

    answer = Machine(Scope.ROLES_WRITE).put("/groups/finance/members", {"external_ids": [otto.external_id]})

    assert (answer.json()["left"], answer.json()["joined"], len(answer.json()["receipts"])) == (1, 1, 1)
    assert verdict_on(token).outcome is Outcome.REVOKED
    assert verdict_on(others).outcome is Outcome.ALLOWED


def test_members_nobody_knows_refuse_the_whole_list(ines: User):
    a_group("finance", ines)

    answer = Machine().put("/groups/finance/members", {"external_ids": ["nobody"]})

    assert answer.status_code == 404
    assert ines.memberships.count() == 1


def test_members_twice_change_nothing(ines: User):
    machine = Machine()
    body = {"external_ids": [ines.external_id]}
    machine.put("/groups/finance/members", body)

    assert machine.put("/groups/finance/members", body).json() == {
        "joined": 0,
        "left": 0,
        "receipts": [],
        "is_outdated": False,
    }


def test_an_older_list_of_members_changes_nothing_and_is_told_so(ines: User, otto: User):
    machine = Machine()
    newer = {"external_ids": [ines.external_id], "as_of": "2026-11-20T08:00:00Z"}
    older = {"external_ids": [otto.external_id], "as_of": "2026-11-20T07:00:00Z"}
    machine.put("/groups/finance/members", newer)

    answer = machine.put("/groups/finance/members", older).json()

    assert answer == {"joined": 0, "left": 0, "receipts": [], "is_outdated": True}
    assert ines.memberships.count() == 1


def test_lists_of_two_groups_may_arrive_in_any_order(ines: User):
    """Each says nothing about the other."""
    a_group("finance", ines)
    a_group("approvers", ines)
    machine = Machine()
    machine.put("/groups/finance/members", {"external_ids": [], "as_of": "2026-11-20T08:00:00Z"})

    late = {"external_ids": [], "as_of": "2026-11-20T07:00:00Z"}

    assert machine.put("/groups/approvers/members", late).json()["left"] == 1
    assert not ines.memberships.exists()


def test_a_late_event_does_not_undo_a_newer_list_of_members(ines: User):
    machine = Machine()
    machine.put("/groups/finance/members", {"external_ids": [], "as_of": "2026-11-21T08:00:00Z"})

    machine.post("/events", event(ines, groups=["finance", "ops"]))

    assert list(ines.memberships.values_list("group__name", flat=True)) == ["ops"]


def test_a_late_list_of_members_does_not_undo_a_newer_event(ines: User):
    machine = Machine()
    machine.post("/events", event(ines, groups=["finance"]))

    late = machine.put(
        "/groups/finance/members", {"external_ids": [], "as_of": "2026-11-20T07:00:00Z"}
    ).json()

    assert (late["left"], late["is_outdated"]) == (0, False)
    assert ines.memberships.count() == 1


def test_a_late_event_does_not_undo_what_the_directory_said_of_the_person(ines: User):
    a_group("finance", ines)
    machine = Machine()
    machine.put(f"/people/{ines.external_id}", {"display_name": "Ines", "groups": ["finance"]})

    late = machine.post("/events", event(ines, groups=["finance", "approvers"], occurred_at=an_hour_ago()))

    assert late.json()["outcome"] == "superseded"


def test_a_group_that_nobody_could_read_is_refused(ines: User):
    assert Machine().put("/groups/a%E2%80%AEb/members", {"external_ids": []}).status_code == 422
    assert not Group.objects.exists()
