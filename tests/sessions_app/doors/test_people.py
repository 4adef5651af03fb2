"""PUT and GET /api/v1/people/<external_id>, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes import people
from sessions_app.models import Identity, Issuer, Membership, RoleGrant, User
from tests.factories import ISS, a_group, a_realm, an_issuer, identity_of, token_for, verdict_on
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.doors.machines import Machine

pytestmark = pytest.mark.django_db(transaction=True)


def lena(**fields: Any) -> dict[str, Any]:
    return {
        "username": "lena",
        "display_name": "Lena Sørensen",
        "email": "lena@northwind.example",
        "employee_number": "N-77",
        "department": "Finance",
        **fields,
    }


def test_a_person_is_created_with_identities_groups_and_manager(issuer: Issuer, ines: User) -> None:
    body = lena(
        groups=["finance", "lisbon"],
        identities=[{"issuer": ISS, "person_id": "nw-lena"}],
        manager_external_id="ext-ines",
        last_day="2030-01-31",
    )

    answer = Machine().put("/people/hr-77", body)

    person = User.objects.get(external_id="hr-77")
    assert (answer.status_code, answer.json()["outcome"]) == (201, "created")
    assert (person.display_name, person.manager, str(person.last_day)) == (
        "Lena Sørensen",
        ines,
        "2030-01-31",
    )
    assert identity_of(person).person_id == "nw-lena"
    assert person.memberships.count() == 2
    assert not person.has_usable_password()
    assert AuditEntry.objects.filter(event_code="PE-101", person_id=person.pk).count() == 1


def test_the_same_again_changes_nothing_and_leaves_no_entry(issuer: Issuer) -> None:
    machine = Machine()
    machine.put("/people/hr-77", lena(groups=["finance"]))

    again = machine.put("/people/hr-77", lena(groups=["finance"]))

    assert (again.status_code, again.json()) == (
        200,
        {"outcome": "unchanged", "changed": [], "dry_run": False},
    )
    assert AuditEntry.objects.filter(event_code="PE-102").count() == 0


def test_a_field_that_is_left_out_stays_and_null_empties_it(issuer: Issuer) -> None:
    machine = Machine()
    machine.put("/people/hr-77", lena(last_day="2030-01-31", job_title="Analyst"))

    answer = machine.put("/people/hr-77", {"last_day": None, "job_title": ""})

    person = User.objects.get(external_id="hr-77")
    assert sorted(answer.json()["changed"]) == ["job_title", "last_day"]
    assert (person.display_name, person.last_day, person.job_title) == ("Lena Sørensen", None, "")


def test_a_list_of_groups_is_exact_and_no_list_leaves_them(carlos: User) -> None:
    a_group("atlas", carlos)
    machine = Machine()

    machine.put("/people/ext-carlos", {"groups": ["atlas", "lisbon"]})
    machine.put("/people/ext-carlos", {"country": "PT"})

    assert set(carlos.memberships.values_list("group__name", flat=True)) == {"atlas", "lisbon"}


def test_a_dry_run_finds_the_same_and_keeps_nothing(issuer: Issuer) -> None:
    answer = Machine().put(
        "/people/hr-77?dry_run=true",
        lena(groups=["new"], identities=[{"realm": "northwind", "person_id": "x"}]),
    )

    assert (answer.status_code, answer.json()["outcome"], answer.json()["dry_run"]) == (200, "created", True)
    assert not User.objects.filter(external_id="hr-77").exists()
    assert (Identity.objects.count(), Membership.objects.count()) == (0, 0)
    assert not AuditEntry.objects.filter(event_code__startswith="PE-").exists()


def test_an_identity_of_somebody_else_is_a_conflict_and_nothing_is_kept(ines: User) -> None:
    answer = Machine().put("/people/hr-77", lena(identities=[{"realm": "northwind", "person_id": "nw-ines"}]))

    assert (answer.status_code, answer.json()["code"]) == (409, "identity_taken")
    assert not User.objects.filter(external_id="hr-77").exists()
    assert AuditEntry.objects.filter(event_code="PE-104F").count() == 1


def test_a_user_name_somebody_has_in_another_case_is_a_conflict(ada: User) -> None:
    answer = Machine().put("/people/hr-77", lena(username="ADA"))

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


def test_a_directory_cannot_grant_a_role_or_take_over_who_has_one(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(external_id=None)

    answer = Machine().put("/people/attacker", lena(username="ada"))

    assert answer.status_code == 409
    assert Machine().put("/people/hr-77", lena(roles=["admin"])).status_code == 422
    assert RoleGrant.objects.count() == 1


def test_a_new_identity_of_somebody_cut_off_is_refused_from_the_first_moment(
    open_gate: EmbeddedRedis, ines: User
) -> None:
    other = an_issuer("https://other.example", realm=a_realm("other"))
    machine = Machine()
    machine.post("/revocations", {"person": {"username": "ines"}, "reason": "offboarding"})

    answer = machine.put("/people/ext-ines", {"identities": [{"realm": "other", "person_id": "o-ines"}]})

    verdict = verdict_on(token_for(ines, iss=other.iss, sub="o-ines"))
    assert answer.status_code == 200
    assert (verdict.outcome, verdict.cause) == (Outcome.REVOKED, "user_blocked")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"email": "not an address"}, "#/email"),
        ({"display_name": "\u202egnp.exe"}, "#/display_name"),
        ({"display_name": ""}, "#/display_name"),
        ({"username": ""}, "#/username"),
        ({"username": "x" * 151}, "#/username"),
        ({"groups": ["ok", ""]}, "#/groups"),
        ({"last_day": "soon"}, "#/last_day"),
        ({"identities": [{"realm": "northwind"}]}, "#/identities/0/person_id"),
    ],
)
def test_an_impossible_person_names_the_field(issuer: Issuer, fields: dict[str, Any], pointer: str) -> None:
    answer = Machine().put("/people/hr-77", lena(**fields))

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not User.objects.filter(external_id="hr-77").exists()


def test_an_unknown_manager_is_said(issuer: Issuer) -> None:
    answer = Machine().put("/people/hr-77", lena(manager_external_id="nobody"))

    assert (answer.status_code, answer.json()["code"]) == (422, "manager_unknown")
    assert not User.objects.filter(external_id="hr-77").exists()


def test_a_person_is_shown_as_they_are_known(carlos: User) -> None:
    answer = Machine().get("/people/ext-carlos")

    assert answer.json()["groups"] == ["phoenix"]
    assert answer.json()["identities"] == [{"realm": "northwind", "person_id": "nw-carlos"}]
    assert Machine().get("/people/nobody").status_code == 404


def test_nobody_is_linked_to_somebody_elses_sign_in_here(
    open_gate: EmbeddedRedis, sam: User, ines: User
) -> None:
    ours = a_realm("urn:curfew:portal:test")

    answer = Machine().put(
        f"/people/{ines.external_id}", {"identities": [{"realm": ours.key, "person_id": str(sam.pk)}]}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "realm_unknown")
    assert not Identity.objects.filter(realm=ours).exists()


def test_two_calls_that_bring_in_the_same_person_at_once_both_succeed(
    ines: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_find", _blind_once(people._find))

    answer = Machine().put(
        f"/people/{ines.external_id}", {"username": "ines.almeida", "display_name": "Ines"}
    )

    assert (answer.status_code, answer.json()["outcome"]) == (200, "changed")


def _blind_once(find: Callable[..., User | None]) -> Callable[..., User | None]:
    """As if the other call's row was not there yet at the first look."""
    looks = count()
    return lambda facts, *, by: find(facts, by=by) if next(looks) else None
