"""The page of the trail: rows, opened rows, filters, and what stays hidden."""

from __future__ import annotations

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from audit.events import Events
from audit.initiators import acting, the_shell
from audit.models import AuditEntry
from audit.record import Target, record
from sessions_app.models import Application, Role, RoleGrant, User
from sessions_app.models.roles import PopulationKind
from tests.factories import a_grant, a_person, forget_roles, initiator_of
from tests.portal.signed_in import HTMX, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

HOSTILE = "<script>alert(1)</script>\u202e"


def a_termination(
    about: User, *, by: User, receipt: str = "CF-0123456789", label: str = "", note: str = ""
) -> AuditEntry:
    with transaction.atomic():
        return record(
            Events.USER_TERMINATED,
            initiator=initiator_of(by),
            target=Target.of(about, label=label or about.display_name),
            reason="offboarding",
            receipt=receipt,
            sessions_ended=4,
            personal={"note": note},
        )


def page_for(user: User, address: str = "/audit/") -> str:
    return browser_of(user).get(address).content.decode()


def test_a_row_says_when_what_who_whom_and_why(sam: User, hana: User, ines: User):
    entry = a_termination(ines, by=hana)

    page = page_for(sam)

    assert "Terminated" in page
    assert "Hana Weiss" in page
    assert f'href="/people/{ines.pk}/"' in page
    assert entry.timestamp.strftime("%H:%M:%S") in page


def test_an_opened_row_shows_every_field_and_the_request(sam: User, hana: User, ines: User):
    entry = a_termination(ines, by=hana, note="left on Friday")

    part = browser_of(sam).get(f"/audit/{entry.pk}/", headers=HTMX).content.decode()

    assert part.strip().startswith("<tbody")
    assert "left on Friday" in part
    assert str(hana.pk) in part
    assert "not yet sealed" in part


def test_a_field_change_shows_before_and_after(ada: User):
    with transaction.atomic(), acting(the_shell()):
        application = Application.objects.create(key="crm", name="Old name")
        application.name = "New name"
        application.save()
    changes = AuditEntry.objects.of_events(Events.FIELDS_CHANGED.code)
    entry = changes.get(object_pk=str(application.pk), content_type__model="application")

    page = page_for(ada, f"/audit/{entry.pk}/")

    assert "<del>Old name</del>" in page
    assert "<ins>New name</ins>" in page


def test_addresses_are_masked_for_the_auditor_and_whole_for_security(
    aude: User, sam: User, hana: User, ines: User
):
    entry = a_termination(ines, by=hana)

    for_auditor, for_security = page_for(aude, f"/audit/{entry.pk}/"), page_for(sam, f"/audit/{entry.pk}/")

    assert "198.51.100.20" not in for_auditor
    assert "198.51.•.•" in for_auditor
    assert "198.51.100.20" in for_security


def test_an_auditor_is_told_of_a_note_and_who_reads_it(aude: User, hana: User, ines: User):
    entry = a_termination(ines, by=hana, note="left on Friday")

    page = page_for(aude, f"/audit/{entry.pk}/")

    assert "left on Friday" not in page
    assert "HR and Security read it" in page


def test_a_note_is_read_by_others_of_the_role_that_wrote_it(hana: User, ines: User):
    colleague = a_person("hugo")
    a_grant(colleague, Role.HR)
    entry = a_termination(ines, by=colleague, note="left on Friday")
    a_grant(colleague, Role.AUDITOR)
    RoleGrant.objects.filter(user=hana).update(role=Role.AUDITOR)
    forget_roles(hana)

    assert "left on Friday" in page_for(colleague, f"/audit/{entry.pk}/")
    assert "left on Friday" not in page_for(hana, f"/audit/{entry.pk}/")


def test_an_auditor_who_is_it_for_some_reads_no_whole_address_of_others(aude: User, hana: User, ines: User):
    a_grant(aude, Role.IT, population_kind=PopulationKind.COUNTRY, population_value="SG")
    entry = a_termination(ines, by=hana)

    assert "198.51.100.20" not in page_for(aude, f"/audit/{entry.pk}/")


def test_an_entry_out_of_reach_does_not_exist(ada: User, hana: User, ines: User):
    entry = a_termination(ines, by=hana)

    statuses = [
        browser_of(ada).get(address).status_code for address in (f"/audit/{entry.pk}/", "/audit/999999/")
    ]

    assert statuses == [404, 404]


def test_what_somebody_typed_is_text_and_stays_text(sam: User, hana: User, ines: User):
    entry = a_termination(ines, by=hana, label=HOSTILE, note=HOSTILE)

    pages = page_for(sam) + page_for(sam, f"/audit/{entry.pk}/")

    assert "<script>alert" not in pages
    assert "\u202e" not in pages


@pytest.mark.parametrize(
    "query",
    [
        "?q=action:RV",
        "?q=reason:offboarding",
        "?q=receipt:cf-0123456789",
        "?q=target:ines",
        "?q=target:{ines}",
        "?q=almeida",
        "?q=-action:PE+actor:hana",
        "?actor=hana&target=ines",
        "?event=RV",
        "?person={ines}",
    ],
)
def test_a_filter_finds_what_it_says(query: str, sam: User, hana: User, ines: User, carlos: User):
    a_termination(ines, by=hana)
    with transaction.atomic():
        record(
            Events.PERSON_CHANGED, initiator=initiator_of(hana), target=Target.of(carlos, label="Carlos Vega")
        )

    page = page_for(sam, "/audit/" + query.format(ines=ines.pk))

    assert "Ines Almeida" in page
    assert "Carlos Vega" not in page


def test_a_wrong_receipt_is_said_and_finds_nothing(sam: User, hana: User, ines: User):
    a_termination(ines, by=hana)

    page = page_for(sam, "/audit/?q=receipt:12")

    assert "is not a receipt number" in page
    assert "Ines Almeida" not in page


@pytest.mark.parametrize(
    "query",
    [
        "?event=x&reason=x", "?person=%00", "?after=", "?receipt=" + "9" * 3000, "?q=" + "9" * 3000,
        "?q=nothing:x", "?q=created:yesterday", "?q=%22", "?q=outcome:odd", "?q=door:window", "?q=action:dance",
        "?q=%EF%BF%BF+target:-", "?q=reason:", "?q=" + "a+" * 30,
    ],
)  # fmt: skip
def test_an_address_that_nobody_gave_out_is_still_a_page(query: str, sam: User):
    assert browser_of(sam).get(f"/audit/{query}").status_code == 200


def test_a_damaged_page_address_leads_back_to_the_first_page(sam: User):
    response = browser_of(sam).get("/audit/?q=action%3ARV&after=nonsense!")

    assert (response.status_code, response.url) == (302, "/audit/?q=action%3ARV")


def test_a_full_page_costs_as_many_queries_as_one_row(
    sam: User, hana: User, ines: User, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for number in range(45):
        a_termination(ines, by=hana, receipt=f"CF-{number:010d}")
    browser = browser_of(sam)
    browser.get("/audit/")

    with django_assert_max_num_queries(20):
        browser.get("/audit/")
