"""The page of one project: for whose it is, with as much as each role may know, and nothing for anybody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.project_end_dates import EndWish, change_end
from sessions_app.models import Group, Project, ResourceKind, RoleGrant, UserKind
from tests.factories import a_group, a_person, a_resource, initiator_of, open_session
from tests.portal.signed_in import HTMX, browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

ADDRESSES = (
    "", "edit/", "end-date/", "resources/new/", "members/add/",
    "members/6f1c7b52-9c1e-4a0e-8d3f-0b5a4b0c9a11/remove/",
    "resources/6f1c7b52-9c1e-4a0e-8d3f-0b5a4b0c9a11/",
    "resources/6f1c7b52-9c1e-4a0e-8d3f-0b5a4b0c9a11/withdraw/",
)  # fmt: skip


def page_for(reader: object, key: str = "phoenix", query: str = "") -> object:
    return browser_of(reader).get(f"/projects/{key}/{query}")


@pytest.mark.parametrize("at", ADDRESSES)
def test_somebody_elses_project_is_not_there_at_any_address(at: str, phoenix, atlas, paula):
    browser = browser_of(paula)
    address = f"/projects/atlas/{at}"

    answers = [
        browser.get(address).status_code,
        browser.get(address, headers=HTMX).status_code,
        browser.post(address).status_code,
    ]

    assert set(answers) <= {404, 405}
    assert answers[0] == 404


def test_ids_of_one_project_lead_nowhere_under_the_key_of_another(phoenix, atlas, paula, mona, chen):
    theirs = a_resource(atlas, ResourceKind.DEPLOY_KEY, "northwind/atlas")
    browser = browser_of(paula)

    assert browser.post(f"/projects/phoenix/resources/{theirs.pk}/withdraw/").status_code == 404
    assert browser.get(f"/projects/phoenix/resources/{theirs.pk}/").status_code == 404
    phoenix.groups.clear()
    assert browser.post(f"/projects/phoenix/members/{chen.pk}/remove/").status_code == 404


def test_a_manager_who_lost_the_role_has_lost_the_project(phoenix, paula):
    RoleGrant.objects.filter(user=paula).update(revoked_at=timezone.now())

    assert page_for(paula).status_code == 403


def test_its_end_is_told_in_its_own_zone_and_in_utc(phoenix, paula):
    Project.objects.update(ends_at=timezone.now().replace(year=2027, month=7, day=1, hour=16, minute=0))

    page = text_of(page_for(paula))

    assert "1 Jul 2027, 18:00 Europe/Madrid" in page
    assert "1 Jul 2027, 16:00 UTC" in page


def test_a_manager_sees_last_activity_by_day_and_no_sessions(phoenix, paula, carlos):
    session = open_session(carlos)

    page = page_for(paula)

    (row,) = page.context["page"].members.rows
    assert (row.live, row.is_exact, row.used_at, row.url) == (None, False, session.last_used_at, "")
    assert (
        f"{session.last_used_at:%H:%M}" not in text_of(page).split("What was done")[0].split("Last active")[1]
    )
    assert session.sid not in text_of(page)


def test_it_sees_how_many_sessions_and_when_each_was_last_active(phoenix, ivan, carlos):
    open_session(carlos)
    open_session(carlos)

    (row,) = page_for(ivan).context["page"].members.rows

    assert (row.live, row.is_exact, row.url) == (2, True, f"/people/{carlos.pk}/")


def test_an_auditor_sees_sessions_by_day_and_changes_nothing(phoenix, aude, carlos):
    open_session(carlos)

    page = page_for(aude)

    (row,) = page.context["page"].members.rows
    assert (row.live, row.is_exact, row.remove_url) == (1, False, "")
    assert "/edit/" not in text_of(page)
    assert "/end-date/" not in text_of(page)


def test_what_somebody_elses_project_is_called_is_not_told_but_that_it_goes_on_is(
    phoenix, atlas, paula, ivan, chen
):
    Project.objects.filter(key="atlas").update(name="Secret bid")

    (of_manager,) = [row for row in page_for(paula).context["page"].members.rows if row.key == chen.pk]
    (of_it,) = [row for row in page_for(ivan).context["page"].members.rows if row.key == chen.pk]

    assert [(other.name, other.url) for other in of_manager.others] == [("atlas", "")]
    assert [(other.name, other.url) for other in of_it.others] == [("Secret bid", "/projects/atlas/")]


def test_the_claims_of_each_member_are_told(phoenix, paula, carlos):
    a_group("night-shift", carlos)

    (row,) = page_for(paula).context["page"].members.rows

    assert row.claims == "night-shift, phoenix"
    assert row.ends_at == phoenix.ends_at


def test_service_accounts_stand_apart_with_their_owner(phoenix, paula, ivan):
    robot = a_person("robot", display_name="Deploy robot", kind=UserKind.SERVICE, manager=ivan)
    a_group("phoenix", robot)

    assert "owned by Ivan Petrov" in text_of(page_for(paula))


def test_a_long_lived_credential_that_is_old_or_unused_says_so_in_words(phoenix, paula):
    today = timezone.now().date()
    a_resource(
        phoenix,
        ResourceKind.DEPLOY_KEY,
        "key",
        created_on=today - timedelta(days=400),
        last_used_on=today - timedelta(days=1),
    )
    a_resource(phoenix, ResourceKind.PIPELINE_TOKEN, "token", created_on=today - timedelta(days=100))
    a_resource(phoenix, ResourceKind.GITHUB_TEAM, "team", created_on=today - timedelta(days=900))

    rows = {row.name: (row.state, row.state_word) for row in page_for(paula).context["page"].resources}

    assert rows == {
        "key": ("old", "Old: 400 days"),
        "token": ("unused", "Unused for 100 days"),
        "team": ("", ""),
    }


def test_its_manager_reads_what_was_done_to_it_without_a_way_into_the_trail(phoenix, paula, ivan):
    wish = EndWish(
        ends_at=phoenix.ends_at + timedelta(days=1), reason="client asked", received_at=timezone.now()
    )
    change_end(phoenix, wish, by=initiator_of(paula))

    of_manager = page_for(paula).context["page"].timeline
    of_it = page_for(ivan).context["page"].timeline

    assert [(row.code, row.url) for row in of_manager.rows] == [("PJ-103", "")]
    assert of_it.rows[0].url.startswith("/audit/")


def test_where_the_manager_has_left_the_page_says_who_can_act(phoenix, paula, mona, ivan):
    RoleGrant.objects.filter(user=paula).update(revoked_at=timezone.now())
    assert "Nobody who manages it can act" in text_of(page_for(ivan))

    phoenix.deputies.add(mona)
    assert "Mona Falk can, and IT or Security" in text_of(page_for(ivan))


def test_a_group_that_a_directory_owns_is_said_to_be_and_nobody_is_removed_from_it(phoenix, paula, carlos):
    Group.objects.update(members_as_of=timezone.now())

    page = page_for(paula)

    assert "a directory decides who is in it" in text_of(page)
    assert [row.remove_url for row in page.context["page"].members.rows] == [""]
    assert "members/add/" not in text_of(page)


def test_what_has_ended_shows_its_receipt_and_has_no_form(phoenix, paula, ivan, carlos):
    ending = end_project(phoenix, EndingWish(received_at=timezone.now()), by=initiator_of(paula))

    page = text_of(page_for(ivan))

    assert f"/revocations/{ending.revocation.receipt}/" in page
    assert "Everybody who worked on it has left its groups." in page
    assert browser_of(ivan).get("/projects/phoenix/edit/").status_code == 404
    assert browser_of(ivan).get("/projects/phoenix/members/add/").status_code == 404


def test_end_project_is_offered_to_whoever_may_end_it_and_leads_to_the_question(phoenix, paula, ivan, aude):
    assert "/projects/phoenix/end/" in text_of(page_for(ivan))
    assert "/projects/phoenix/end/" not in text_of(page_for(aude))

    assert browser_of(paula).get("/projects/phoenix/end/", follow=True).status_code == 200


def test_what_has_ended_leads_to_its_ending_its_receipt_and_its_report_and_is_not_ended_again(
    phoenix, paula, carlos
):
    ending = end_project(phoenix, EndingWish(received_at=timezone.now()), by=initiator_of(paula))
    page, browser = page_for(paula).context["page"], browser_of(paula)

    (line,) = page.endings

    assert not page.may_end
    assert line.receipt == ending.revocation.receipt
    assert [browser.get(url).status_code for url in (line.url, page.report_url, line.receipt_url)] == [
        200
    ] * 3


def test_people_are_found_by_name_within_the_project_only(phoenix, paula, ines, chen):
    page = page_for(paula, query="?q=chen")
    assert [row.key for row in page.context["page"].members.rows] == [chen.pk]

    assert "Nobody in this list" in text_of(page_for(paula, query="?q=ines"))


def test_twenty_people_take_as_many_queries_as_one(phoenix, ivan, carlos):
    browser = browser_of(ivan)
    open_session(carlos)
    browser.get("/projects/phoenix/")
    with CaptureQueriesContext(connection) as of_one:
        browser.get("/projects/phoenix/")
    crowd = [a_person(f"c-{number}") for number in range(19)]
    a_group("phoenix", *crowd)

    with CaptureQueriesContext(connection) as of_twenty:
        browser.get("/projects/phoenix/")

    assert len(of_twenty) == len(of_one)


def test_a_person_shows_the_projects_that_the_reader_may_see(phoenix, atlas, ivan, hana, chen):
    assert "/projects/atlas/" in text_of(browser_of(ivan).get(f"/people/{chen.pk}/?tab=access"))
    assert "/projects/" not in text_of(browser_of(hana).get(f"/people/{chen.pk}/?tab=access"))


def test_an_entry_leads_to_its_project(phoenix, ivan, paula, aude):
    wish = EndWish(
        ends_at=phoenix.ends_at + timedelta(days=1), reason="client asked", received_at=timezone.now()
    )
    change_end(phoenix, wish, by=initiator_of(paula))
    address = page_for(ivan).context["page"].timeline.rows[0].url

    assert "/projects/phoenix/" in text_of(browser_of(aude).get(address))
