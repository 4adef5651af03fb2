"""POST /api/v1/revocations, over HTTP, against a real blacklist and with real tokens."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Application, Issuer, Revocation, Role, Scope, User
from sessions_app.scheduled.clock import Clock
from tests.factories import (
    a_grant,
    a_group,
    a_policy,
    a_realm,
    a_token_row,
    an_entitlement,
    an_identity,
    an_issuer,
    open_session,
    token_for,
    verdict_on,
)
from tests.redis_server import EmbeddedRedis, running_redis
from tests.sessions_app.doors.machines import Machine

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_guard_refuses_a_real_token_after_the_call_and_still_allows_somebody_elses(
    open_gate: EmbeddedRedis, ines: User, carlos: User
) -> None:
    hers, his = token_for(ines, open_session(ines)), token_for(carlos, open_session(carlos))
    assert verdict_on(hers).outcome is Outcome.ALLOWED

    answer = Machine().post("/revocations", {"person": {"external_id": "ext-ines"}, "reason": "offboarding"})

    assert answer.status_code == 201
    assert answer.json()["state"] == "cut_off"
    assert verdict_on(hers).outcome is Outcome.REVOKED
    assert verdict_on(hers).receipt == answer.json()["receipt"]
    assert verdict_on(his).outcome is Outcome.ALLOWED


def test_a_token_minted_after_the_cutoff_for_an_old_session_is_refused_too(
    open_gate: EmbeddedRedis, ines: User
) -> None:
    session = open_session(ines)

    Machine().post("/revocations", {"person": {"username": "ines"}, "reason": "role_change"})

    assert verdict_on(token_for(ines, session)).cause == "session_revoked"
    assert verdict_on(token_for(ines, session, sid="never-reported")).cause == "user_cutoff"


def test_ending_one_session_leaves_the_other_signed_in(open_gate: EmbeddedRedis, ines: User) -> None:
    laptop, phone = open_session(ines, sid="laptop"), open_session(ines, sid="phone")

    answer = Machine().post(
        "/revocations",
        {"session": {"issuer": "https://login.northwind.example", "sid": "laptop"}, "reason": "role_change"},
    )

    assert (answer.status_code, answer.json()["scope"]) == (201, "session")
    assert verdict_on(token_for(ines, laptop)).outcome is Outcome.REVOKED
    assert verdict_on(token_for(ines, phone)).outcome is Outcome.ALLOWED


def test_revoking_one_token_leaves_the_next_one_of_its_session(open_gate: EmbeddedRedis, ines: User) -> None:
    session = open_session(ines)
    a_token_row(session, token_id="leaked")

    answer = Machine().post(
        "/revocations", {"token": {"realm": "northwind", "id": "leaked"}, "reason": "security_incident"}
    )

    assert answer.status_code == 201
    assert verdict_on(token_for(ines, session, jti="leaked")).cause == "token_revoked"
    assert verdict_on(token_for(ines, session, jti="next")).outcome is Outcome.ALLOWED


def test_a_person_is_found_by_identity(open_gate: EmbeddedRedis, ines: User) -> None:
    answer = Machine().post(
        "/revocations",
        {
            "person": {"issuer": "https://login.northwind.example", "subject": "nw-ines"},
            "reason": "security_incident",
            "ticket": "INC-7",
        },
    )

    assert answer.status_code == 201
    assert answer.json()["person"] == {"id": str(ines.pk), "external_id": "ext-ines"}
    assert answer.json()["ticket"] == "INC-7"
    assert answer["Location"] == f"/api/v1/revocations/{answer.json()['receipt']}"


def test_the_same_call_twice_makes_one_revocation(open_gate: EmbeddedRedis, ines: User) -> None:
    machine, body = Machine(), {"person": {"username": "ines"}, "reason": "offboarding"}
    first = machine.post("/revocations", body, idempotency_key="leaver-1")

    second = machine.post("/revocations", body, idempotency_key="leaver-1")

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json() | {"already_done": True}
    assert Revocation.objects.count() == 1


def test_somebody_elses_order_finds_the_work_already_done(open_gate: EmbeddedRedis, ines: User) -> None:
    body = {"person": {"username": "ines"}, "reason": "offboarding"}
    first = Machine().post("/revocations", body)

    second = Machine().post("/revocations", body)

    assert second.status_code == 200
    assert (second.json()["receipt"], second.json()["already_done"]) == (first.json()["receipt"], True)
    assert AuditEntry.objects.filter(event_code="RV-111").count() == 1


def test_a_key_used_again_with_another_body_is_refused(
    open_gate: EmbeddedRedis, ines: User, carlos: User
) -> None:
    machine = Machine()
    machine.post(
        "/revocations", {"person": {"username": "ines"}, "reason": "offboarding"}, idempotency_key="k"
    )

    answer = machine.post(
        "/revocations", {"person": {"username": "carlos"}, "reason": "offboarding"}, idempotency_key="k"
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "order_key_reused")
    assert Revocation.objects.of(carlos).count() == 0


def test_decided_but_not_cut_off_says_so_and_the_clock_finishes_it(ines: User, settings: Settings) -> None:
    clock = Clock()
    with running_redis() as server:
        settings.REDIS_URL = server.url
        clock.beat()
        server.freeze()
        answer = Machine().post("/revocations", {"person": {"username": "ines"}, "reason": "offboarding"})
        server.thaw()
        receipt = answer.json()["receipt"]
        clock.beat()
        later = Machine().get(f"/revocations/{receipt}")

    assert (answer.status_code, answer.json()["state"]) == (202, "not_yet_cut_off")
    assert answer.json()["cut_off_at"] is None
    assert later.json()["state"] == "cut_off"


def test_a_machine_cannot_end_the_access_of_a_privileged_person(open_gate: EmbeddedRedis, sam: User) -> None:
    answer = Machine().post("/revocations", {"person": {"username": "sam"}, "reason": "security_incident"})

    assert (answer.status_code, answer.json()["code"]) == (403, "privileged_person")
    assert Revocation.objects.count() == 0
    assert AuditEntry.objects.filter(event_code="RV-112F").count() == 1


def test_a_machine_cannot_use_a_reason_that_is_for_people(open_gate: EmbeddedRedis, ines: User) -> None:
    answer = Machine().post("/revocations", {"person": {"username": "ines"}, "reason": "lost_device"})

    assert (answer.status_code, answer.json()["code"]) == (403, "reason_not_allowed")


def test_nobody_by_this_name_is_not_found(db: None) -> None:
    answer = Machine().post("/revocations", {"person": {"external_id": "nobody"}, "reason": "offboarding"})

    assert (answer.status_code, answer.json()["code"]) == (404, "person_unknown")


def test_names_that_point_to_two_people_find_nobody(ines: User, carlos: User) -> None:
    named = {"external_id": "ext-ines", "username": "carlos"}

    answer = Machine().post("/revocations", {"person": named, "reason": "offboarding"})

    assert answer.status_code == 404


def test_a_session_nobody_reported_is_not_found(issuer: Issuer) -> None:
    answer = Machine().post(
        "/revocations", {"session": {"realm": "northwind", "sid": "unheard-of"}, "reason": "role_change"}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "session_unknown")


def test_a_session_without_a_sid_cannot_be_named(db: None) -> None:
    answer = Machine().post("/revocations", {"session": {"realm": "northwind"}, "reason": "role_change"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/session/sid")


def test_a_body_that_names_two_things_is_refused(ines: User) -> None:
    body = {
        "person": {"username": "ines"},
        "session": {"realm": "northwind", "sid": "x"},
        "reason": "offboarding",
    }

    answer = Machine().post("/revocations", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation")


def test_a_reason_that_does_not_exist_is_refused_without_repeating_it(ines: User) -> None:
    answer = Machine().post("/revocations", {"person": {"username": "ines"}, "reason": "cfm_secret"})

    assert answer.status_code == 422
    assert b"cfm_secret" not in answer.content


def test_a_receipt_is_found_however_it_is_spelled(open_gate: EmbeddedRedis, ines: User) -> None:
    machine = Machine()
    receipt = machine.post("/revocations", {"person": {"username": "ines"}, "reason": "offboarding"}).json()[
        "receipt"
    ]

    assert machine.get(f"/revocations/{receipt.lower()}").json()["receipt"] == receipt
    assert machine.get("/revocations/CF-0000000000").status_code == 404
    assert machine.get("/revocations/nonsense").status_code == 404


def test_reading_a_receipt_needs_its_own_scope(db: None) -> None:
    answer = Machine(Scope.REVOCATIONS_WRITE).get("/revocations/CF-0000000000")

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_the_last_admin_is_protected_from_machines_as_from_everybody(
    open_gate: EmbeddedRedis, ada: User
) -> None:
    answer = Machine().post("/revocations", {"person": {"username": "ada"}, "reason": "offboarding"})

    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")


def test_somebody_with_an_ordinary_role_can_be_ended_by_a_machine(
    open_gate: EmbeddedRedis, otto: User
) -> None:
    a_grant(otto, Role.HR)

    answer = Machine().post("/revocations", {"person": {"username": "otto"}, "reason": "offboarding"})

    assert answer.status_code == 201


def test_another_realm_with_the_same_session_id_is_untouched(open_gate: EmbeddedRedis, ines: User) -> None:
    other = an_issuer("https://other.example", realm=a_realm("other"))
    an_identity(ines, realm="other", person_id="other-ines")
    open_session(ines, sid="same")
    elsewhere = open_session(ines, issuer=other, sid="same")

    answer = Machine().post(
        "/revocations", {"session": {"realm": "northwind", "sid": "same"}, "reason": "role_change"}
    )

    elsewhere.refresh_from_db()
    assert answer.status_code == 201
    assert elsewhere.ended_at is None


# --- Many at once -----------------------------------------------------------------------------------


def test_a_group_ends_with_everybody_in_it_and_nobody_else(
    open_gate: EmbeddedRedis, ines: User, otto: User, carlos: User
) -> None:
    a_group("finance", ines, otto)
    hers, his = token_for(ines, open_session(ines)), token_for(carlos, open_session(carlos))

    answer = Machine().post("/groups/finance/revocations", {"reason": "security_incident"})

    assert (answer.status_code, answer.json()["state"]) == (201, "cut_off")
    assert {person["external_id"] for person in answer.json()["people"]} == {"ext-ines", "ext-otto"}
    assert verdict_on(hers).outcome is Outcome.REVOKED
    assert verdict_on(his).outcome is Outcome.ALLOWED


def test_whom_a_machine_may_not_end_is_left_out_and_named(open_gate: EmbeddedRedis, ada: User, ines: User):
    a_group("finance", ines, ada)

    answer = Machine().post("/revocations", {"group": "finance", "reason": "role_change"})

    assert [person["external_id"] for person in answer.json()["people"]] == ["ext-ines"]
    assert [(one["external_id"], one["why"]) for one in answer.json()["left_out"]] == [
        ("ext-ada", "privileged_person")
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda machine: machine.post("/groups/finance/revocations", {"reason": "offboarding"}),
        lambda machine: machine.post("/revocations", {"group": "finance", "reason": "offboarding"}),
        lambda machine: machine.post(
            "/revocations", {"people": [{"username": "ines"}, {"username": "otto"}], "reason": "offboarding"}
        ),
        lambda machine: machine.post(
            "/revocations",
            {"entitlement": {"application": "wiki", "name": "edit"}, "reason": "offboarding"},
        ),
    ],
    ids=["group", "group in the body", "people", "entitlement"],
)
def test_beyond_the_tier_a_machine_is_refused_with_the_numbers_and_who_must_ask(
    call, open_gate: EmbeddedRedis, ines: User, otto: User, wiki: Application
) -> None:
    an_entitlement(wiki, a_group("finance", ines, otto), "edit")
    hers = token_for(ines, open_session(ines))
    a_policy(people_alone=1)

    answer = call(Machine())

    told = answer.json()
    assert (answer.status_code, told["code"]) == (403, "second_person_asks_first")
    assert told["why"] == ["many_people"]
    assert told["reach"] == {"people": 2, "sessions": 1, "privileged": 0}
    assert told["alone"] == {"people": 1, "percent_of_everybody": 10, "sessions": 500}
    assert "2 people with 1 open sessions" in told["detail"]
    assert "must ask for it in Curfew" in told["detail"]
    assert verdict_on(hers).outcome is Outcome.ALLOWED
    assert AuditEntry.objects.get(event_code="RV-112F").details["why"] == "second_person_asks_first"


def test_more_sessions_than_the_tier_are_too_much_for_a_machine_as_well(
    open_gate: EmbeddedRedis, ines: User
) -> None:
    a_group("finance", ines)
    open_session(ines, sid="laptop")
    open_session(ines, sid="phone")
    a_policy(sessions_alone=1)

    answer = Machine().post("/groups/finance/revocations", {"reason": "role_change"})

    assert (answer.status_code, answer.json()["why"]) == (403, ["many_sessions"])


def test_a_repeat_finds_what_it_did_although_the_tier_is_lower_by_now(
    open_gate: EmbeddedRedis, ines: User, otto: User
) -> None:
    a_group("finance", ines, otto)
    machine, body = Machine(), {"reason": "role_change"}
    first = machine.post("/groups/finance/revocations", body, idempotency_key="k-1")
    a_policy(people_alone=1)

    again = machine.post("/groups/finance/revocations", body, idempotency_key="k-1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["receipt"] == first.json()["receipt"]


def test_the_scope_for_everyone_has_no_tier(open_gate: EmbeddedRedis, ines: User, otto: User) -> None:
    a_policy(people_alone=1)

    answer = Machine().post("/revocations", {"everyone": True, "reason": "security_incident"})

    assert answer.status_code in (201, 202)


def test_the_scope_for_everyone_lifts_no_tier_of_a_group(
    open_gate: EmbeddedRedis, ines: User, otto: User
) -> None:
    """An order about a group takes sign-in away, which one about everyone never does."""
    a_group("finance", ines, otto)
    a_policy(people_alone=1)

    answer = Machine(Scope.REVOCATIONS_MANY, Scope.REVOCATIONS_EVERYONE).post(
        "/groups/finance/revocations", {"reason": "offboarding"}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "second_person_asks_first")


def test_several_people_are_exactly_those_named_however_they_are_named(
    open_gate: EmbeddedRedis, ines: User, otto: User
) -> None:
    people = [{"username": "ines"}, {"external_id": "ext-ines"}]

    answer = Machine().post("/revocations", {"people": people, "reason": "role_change"})

    assert (answer.status_code, answer.json()["scope"]) == (201, "people")
    assert [person["external_id"] for person in answer.json()["people"]] == ["ext-ines"]


def test_one_name_nobody_knows_leaves_all_of_them_open(open_gate: EmbeddedRedis, ines: User) -> None:
    people = [{"username": "ines"}, {"username": "nobody"}]

    answer = Machine().post("/revocations", {"people": people, "reason": "role_change"})

    assert answer.status_code == 404
    assert not Revocation.objects.exists()


def test_whoever_has_an_entitlement_ends(open_gate: EmbeddedRedis, ines: User, wiki: Application) -> None:
    an_entitlement(wiki, a_group("editors", ines), "edit")
    hers = token_for(ines, open_session(ines))

    answer = Machine().post(
        "/revocations", {"entitlement": {"application": "wiki", "name": "edit"}, "reason": "role_change"}
    )

    assert answer.json()["scope"] == "entitled"
    assert verdict_on(hers).outcome is Outcome.REVOKED


def test_one_person_at_one_application_keeps_the_others(
    open_gate: EmbeddedRedis, ines: User, wiki: Application, payroll: Application
) -> None:
    at_wiki, at_payroll = open_session(ines, wiki), open_session(ines, payroll)

    answer = Machine().post(
        "/revocations", {"person": {"username": "ines"}, "application": "wiki", "reason": "role_change"}
    )

    assert (answer.status_code, answer.json()["scope"]) == (201, "at_app")
    assert verdict_on(token_for(ines, at_wiki)).outcome is Outcome.REVOKED
    assert verdict_on(token_for(ines, at_payroll)).outcome is Outcome.ALLOWED


def test_everyone_ends_with_people_nobody_knows(ines: User, issuer: Issuer) -> None:
    clock = Clock()
    clock.beat()
    hers = token_for(ines, open_session(ines))
    unknown = token_for(ines, sub="never-heard-of", sid="never-reported")
    assert verdict_on(unknown).outcome is Outcome.ALLOWED

    answer = Machine().post("/revocations", {"everyone": True, "reason": "security_incident"})
    clock.beat()
    clock.carry_on()

    assert answer.status_code == 202
    assert verdict_on(hers).outcome is Outcome.REVOKED
    assert verdict_on(unknown).outcome is Outcome.REVOKED


def test_everyone_is_not_called_cut_off_before_the_markers_say_so(
    open_gate: EmbeddedRedis, ines: User
) -> None:
    Machine().post("/revocations", {"everyone": True, "reason": "security_incident"})

    assert Revocation.objects.get().cut_off_at is None


@pytest.mark.parametrize(
    ("body", "scope"),
    [
        ({"group": "finance"}, "revocations:many"),
        ({"people": [{"username": "ines"}]}, "revocations:many"),
        ({"entitlement": {"application": "wiki", "name": "edit"}}, "revocations:many"),
        ({"everyone": True}, "revocations:everyone"),
    ],
)
def test_who_may_end_one_person_may_not_end_many(ines: User, body: dict[str, object], scope: str) -> None:
    a_group("finance", ines)

    answer = Machine(Scope.REVOCATIONS_WRITE).post("/revocations", {**body, "reason": "role_change"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "scope_missing"
    assert AuditEntry.objects.get(event_code="AC-403F").details["scope"] == scope
    assert not Revocation.objects.exists()


def test_nobody_is_blocked_together_with_everyone(ines: User) -> None:
    answer = Machine().post("/revocations", {"everyone": True, "reason": "offboarding"})

    assert (answer.status_code, answer.json()["code"]) == (403, "reason_not_allowed")


@pytest.mark.parametrize(
    "body",
    [
        {"group": "finance", "everyone": True},
        {"everyone": False},
        {"application": "wiki", "group": "finance"},
        {"people": []},
        {"group": ""},
        {"entitlement": {"application": "wiki"}},
    ],
)
def test_what_names_nobody_or_too_much_is_refused(body: dict[str, object]) -> None:
    assert Machine().post("/revocations", {**body, "reason": "role_change"}).status_code == 422


def test_a_group_nobody_knows_is_not_found() -> None:
    assert Machine().post("/groups/nobody/revocations", {"reason": "role_change"}).status_code == 404
