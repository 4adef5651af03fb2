"""The list of projects: one's own or all of them, what ends soonest first, searched, filtered and taken as a file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.models import EndingState, Project, ProjectEnding, Role
from tests.factories import a_grant, a_group, a_person, a_project
from tests.portal.signed_in import HTMX, browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

ENDED = {"ended_at": timezone.now() - timedelta(days=1)}


def names_on(response: object) -> list[str]:
    return [row.name for row in response.context["projects"].rows]


def test_a_manager_sees_their_own_projects_and_it_all_of_them(phoenix, atlas, paula, ivan):
    assert names_on(browser_of(paula).get("/projects/")) == ["Phoenix"]
    assert names_on(browser_of(ivan).get("/projects/")) == ["Atlas", "Phoenix"]


def test_a_deputy_sees_the_project_too(phoenix, atlas, mona):
    phoenix.deputies.add(mona)

    assert names_on(browser_of(mona).get("/projects/")) == ["Atlas", "Phoenix"]


def test_an_auditor_reads_and_is_offered_nothing_to_make(phoenix, aude):
    page = browser_of(aude).get("/projects/")

    assert names_on(page) == ["Phoenix"]
    assert "/projects/new/" not in text_of(page)


def test_a_role_for_some_people_only_sees_no_project(phoenix):
    mina = a_person("mina")
    a_grant(mina, Role.IT, population_kind="country", population_value="DE")

    assert names_on(browser_of(mina).get("/projects/")) == []


def test_it_is_narrowed_to_what_ends_within_seven_days(phoenix, atlas, ivan):
    a_project("due", ends_at=timezone.now() - timedelta(minutes=1))
    a_project("over", ends_at=timezone.now() + timedelta(days=1), ended_at=timezone.now())

    page = browser_of(ivan).get("/projects/", {"ends": "7d"})

    assert names_on(page) == ["Due", "Atlas"]
    assert "within 7 days" in text_of(page)


def test_what_ends_soonest_stands_first_and_what_has_ended_last(phoenix, atlas, ivan):
    now = timezone.now()
    a_project("old", ends_at=now - timedelta(days=9), ended_at=now - timedelta(days=9))
    a_project("fresh", ends_at=now + timedelta(days=9), ended_at=now - timedelta(hours=1))

    page = browser_of(ivan).get("/projects/")

    assert names_on(page) == ["Atlas", "Phoenix", "Fresh", "Old"]
    assert "1 ends within 7 days" in text_of(page)
    assert "3 days left" in text_of(page)


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("planned", ["Planned"]),
        ("running", ["Phoenix"]),
        ("ending", ["Ending"]),
        ("ended", ["Ended"]),
        ("exceptions", ["Excepted"]),
        ("nonsense", ["Planned", "Phoenix", "Ending", "Ended", "Excepted"]),
    ],
)
def test_the_list_is_filtered_by_state_as_each_project_says_it(state: str, found: list[str], phoenix, ivan):
    ends_at = timezone.now() + timedelta(days=5)
    a_project("planned", ends_at=ends_at, starts_at=timezone.now() + timedelta(days=1))
    a_project("excepted", ends_at=ends_at, has_exceptions=True, **ENDED)
    a_project("ended", ends_at=ends_at, **ENDED)
    ending = a_project("ending", ends_at=ends_at, **ENDED)
    ProjectEnding.objects.create(
        project=ending, state=EndingState.RUNNING, asked_at=timezone.now(), due_at=timezone.now()
    )

    page = browser_of(ivan).get(f"/projects/?state={state}")

    assert sorted(names_on(page)) == sorted(found)


def test_searching_finds_by_name_key_and_manager(phoenix, atlas, ivan):
    browser = browser_of(ivan)

    assert names_on(browser.get("/projects/?q=pho")) == ["Phoenix"]
    assert names_on(browser.get("/projects/?q=falk")) == ["Atlas"]
    assert names_on(browser.get("/projects/?q=falk+phoenix")) == []


def test_a_fragment_is_the_list_alone(phoenix, paula):
    page = text_of(browser_of(paula).get("/projects/?q=phoenix", headers=HTMX))

    assert page.startswith('<div class="stack" id="projects"')


def test_hr_and_admin_have_no_projects(hana, ada):
    assert browser_of(hana).get("/projects/").status_code == 403
    assert browser_of(ada).get("/projects/").status_code == 403


def test_the_file_has_exactly_what_the_list_finds_and_is_an_entry(phoenix, atlas, paula):
    answer = browser_of(paula).get("/projects/export.csv?q=pho")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()

    assert lines[0].startswith("key,name,manager,people,state")
    assert [line.split(",")[0] for line in lines[1:]] == ["phoenix"]
    assert AuditEntry.objects.get(event_code="EX-101").details == {"rows": 1, "form": "csv"}


def test_people_in_two_groups_of_a_project_are_counted_once(phoenix, carlos, paula):
    phoenix.groups.add(a_group("phoenix-night", carlos))

    assert [row.people for row in browser_of(paula).get("/projects/").context["projects"].rows] == [1]


def test_ten_projects_take_as_many_queries_as_one(phoenix, ivan):
    browser = browser_of(ivan)
    browser.get("/projects/")
    with CaptureQueriesContext(connection) as of_one:
        browser.get("/projects/")
    Project.objects.bulk_create(
        Project(key=f"p-{number}", name=f"P {number}", ends_at=timezone.now()) for number in range(9)
    )

    with CaptureQueriesContext(connection) as of_ten:
        browser.get("/projects/")

    assert len(of_ten) == len(of_one)
