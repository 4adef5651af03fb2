"""Granting and taking back roles on the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Role, RoleGrant, User
from tests.factories import a_grant, a_person
from tests.portal.signed_in import HTMX, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

HR_FOR_ALL = {
    "role": "hr",
    "population_kind": "everybody",
    "population_value": "",
    "until": "",
    "reason": "joins HR",
}


def test_a_role_is_granted_for_a_population_until_the_end_of_a_day(ada: User, ines: User):
    day = (timezone.now() + timedelta(days=30)).date()
    asked = {**HR_FOR_ALL, "population_kind": "country", "population_value": "PT", "until": day.isoformat()}

    response = browser_of(ada).post(f"/settings/roles/grant/{ines.pk}/", asked)

    grant = ines.role_grants.get()
    assert response.status_code == 303
    assert (grant.role, grant.population_kind, grant.population_value) == (Role.HR, "country", "PT")
    assert grant.expires_at == datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(days=1)
    assert grant.granted_by == "Ada Lindqvist"


def test_an_auditor_from_outside_is_let_into_a_period_of_the_trail(ada: User, ines: User):
    day = (timezone.now() + timedelta(days=30)).date().isoformat()
    asked = {**HR_FOR_ALL, "role": "auditor", "until": day}
    period = {"entries_from": "2026-01-01", "entries_until": "2026-03-31"}

    response = browser_of(ada).post(f"/settings/roles/grant/{ines.pk}/", {**asked, **period})

    grant = ines.role_grants.get()
    assert response.status_code == 303
    assert (grant.entries_from, grant.entries_until) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
    )
    assert "entries before" in browser_of(ada).get("/settings/roles/").content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"reason": ""}, "This field is required"),
        ({"population_kind": "country"}, "Give a kind of population and its name"),
        ({"until": "2001-01-01"}, "The end date has already passed"),
        ({"role": "admin", "population_kind": "country", "population_value": "PT"}, "cannot be narrowed"),
        ({"role": "nonsense"}, "Select a valid choice"),
        ({"entries_from": "2026-01-01"}, "Only an Auditor&#x27;s role opens a period"),
        ({"role": "auditor", "entries_from": "2026-01-01"}, "give its last day"),
        ({"role": "auditor", "entries_from": "2026-02-01", "entries_until": "2026-01-01"}, "ends before"),
    ],
    ids=[
        "no reason",
        "half a population",
        "past",
        "narrow admin",
        "no such role",
        "period for HR",
        "period without end",
        "empty period",
    ],
)
def test_a_wrong_grant_is_said_on_the_form_and_nothing_is_granted(
    change: dict[str, str], sentence: str, ada: User, ines: User
):
    response = browser_of(ada).post(f"/settings/roles/grant/{ines.pk}/", {**HR_FOR_ALL, **change})

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not ines.role_grants.exists()


def test_nobody_grants_to_themselves(ada: User):
    response = browser_of(ada).post(f"/settings/roles/grant/{ada.pk}/", HR_FOR_ALL)

    assert response.status_code == 422
    assert "Nobody grants a role to themselves" in response.content.decode()


def test_oneself_is_not_found_when_choosing_whom(ada: User, ines: User):
    browser = browser_of(ada)

    found = [
        browser.get(f"/settings/roles/grant/?q={name}", headers=HTMX).content.decode()
        for name in ("ada", "ines")
    ]

    assert [
        f"/settings/roles/grant/{person.pk}/" in page for person, page in zip((ada, ines), found, strict=True)
    ] == [
        False,
        True,
    ]


def test_a_role_is_taken_back_with_a_reason_and_stays_as_history(ada: User, hana: User):
    grant = hana.role_grants.get()

    response = browser_of(ada).post(f"/settings/roles/{grant.pk}/revoke/", {"reason": "moved on"})

    grant.refresh_from_db()
    assert response.status_code == 303
    assert (grant.revoked_by, grant.revoked_at is not None) == ("Ada Lindqvist", True)


def test_from_the_dialog_the_whole_browser_goes_on(ada: User, hana: User):
    grant = hana.role_grants.get()

    response = browser_of(ada).post(
        f"/settings/roles/{grant.pk}/revoke/", {"reason": "moved on"}, headers=HTMX
    )

    assert response["HX-Redirect"] == "/settings/roles/"


def test_the_last_admin_stays(ada: User, ines: User):
    second = a_grant(ines, Role.ADMIN, expires_at=timezone.now() + timedelta(days=1))
    browser = browser_of(ines)

    response = browser.post(f"/settings/roles/{ada.role_grants.get().pk}/revoke/", {"reason": "takeover"})

    assert response.status_code == 422
    assert "last Admin" in response.content.decode()
    assert RoleGrant.objects.active().filter(role=Role.ADMIN).exclude(pk=second.pk).exists()


def test_a_role_already_over_has_no_page(ada: User, hana: User):
    grant = hana.role_grants.get()
    RoleGrant.objects.update(revoked_at=timezone.now())
    a_grant(ada, Role.ADMIN)

    assert browser_of(ada).get(f"/settings/roles/{grant.pk}/revoke/").status_code == 404


def test_the_auditor_reads_roles_and_has_no_buttons(aude: User, hana: User):
    page = browser_of(aude).get("/settings/roles/").content.decode()

    assert "Hana Weiss" in page
    assert "Take back" not in page
    assert "/settings/roles/grant/" not in page


def test_hostile_names_and_reasons_stay_text(ada: User, issuer: object):
    villain = a_person("villain", display_name="<b>Bold</b>")
    a_grant(villain, Role.HR, reason="<i>why</i>", granted_by="<u>me</u>")

    page = browser_of(ada).get("/settings/roles/").content.decode()

    assert [markup in page for markup in ("<b>Bold", "<i>why", "<u>me")] == [False] * 3


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for _ in range(30):
        a_grant(a_person(), Role.HR)
    browser = browser_of(ada)
    browser.get("/settings/roles/")

    with django_assert_max_num_queries(14):
        browser.get("/settings/roles/")
