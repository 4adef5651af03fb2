"""The page of a project's report: who reads what, files that are entries, later checks, and sign-off."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.evidence.project_document import fingerprint_of
from audit.models import AuditEntry
from portal.presenters.project_report import ReportPage
from portal.presenters.report_contractors import ReportFilter
from sessions_app.models import Project, Role, User
from tests.audit.evidence.scenes import a_phoenix, ended, report_on
from tests.factories import a_grant, a_group, a_person, open_session
from tests.portal.signed_in import HTMX, browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]

REPORT = "/projects/phoenix/report/"
FORMS = ("json", "csv", "pdf", "zip")


@pytest.fixture
def phoenix(paula: User, carlos: User, chen: User) -> Project:
    return a_phoenix(paula)


def signing(project: Project, **typed: str) -> dict[str, str]:
    return {"seen": fingerprint_of(report_on(project)), "note": "looked at all of it", **typed}


def entries_of(code: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(event_code=code).order_by("id"))


# --- Who reads it ---------------------------------------------------------------------------------


def test_before_the_end_the_page_says_what_will_stand_here(phoenix, paula):
    page = text_of(browser_of(paula).get(REPORT))

    assert "No report yet" in page
    assert "later checks" in page
    assert "report.pdf" not in page


@pytest.mark.parametrize("reader", ["paula", "ivan", "sam", "aude"])
def test_its_manager_it_security_and_auditors_read_it(reader, phoenix, paula, request, ivan, sam, aude):
    ended(phoenix, paula)

    page = text_of(browser_of(request.getfixturevalue(reader)).get(REPORT))

    assert "Carlos Vega" in page
    assert "deploy-phoenix" in page


def test_somebody_elses_project_is_not_there_at_any_address(phoenix, paula):
    ended(phoenix, paula)
    other = a_person("pedro")
    a_grant(other, Role.PROJECT_MANAGER)
    browser = browser_of(other)

    answers = [
        browser.get(REPORT).status_code,
        browser.get(REPORT, headers=HTMX).status_code,
        *[browser.get(f"/projects/phoenix/report.{form}").status_code for form in FORMS],
        browser.post(f"{REPORT}sign/", signing(phoenix)).status_code,
        browser.get("/projects/nothing/report/").status_code,
    ]

    assert answers == [404] * len(answers)
    assert not AuditEntry.objects.of_events("PJ-152", "PJ-153").exists()


def test_a_role_for_some_people_reads_no_report_of_all(phoenix, paula):
    ended(phoenix, paula)
    somebody = a_person("mina")
    a_grant(somebody, Role.IT, population_kind="country", population_value="ES")

    assert browser_of(somebody).get(REPORT).status_code == 404


def test_a_manager_reads_the_day_of_last_use_and_the_auditor_the_moment(phoenix, paula, aude, carlos):
    session = open_session(carlos)
    ended(phoenix, paula)
    day, moment = f"{session.last_used_at:%Y-%m-%d}", f"{session.last_used_at:%H:%M} UTC"

    for_manager, for_auditor = text_of(browser_of(paula).get(REPORT)), text_of(browser_of(aude).get(REPORT))

    assert f'data-label="Last active">{day}<' in for_manager
    assert f"{moment}</time>" not in for_manager.split('data-label="Last active">')[1].split("</td>")[0]
    assert f"{moment}</time>" in for_auditor.split('data-label="Last active">')[1]


def test_the_manager_is_led_to_no_page_they_may_not_open(phoenix, paula, aude, carlos):
    ended(phoenix, paula)

    for_manager, for_auditor = text_of(browser_of(paula).get(REPORT)), text_of(browser_of(aude).get(REPORT))

    assert f"/people/{carlos.pk}/" not in for_manager
    assert "/audit/" not in for_manager
    assert f"/people/{carlos.pk}/" in for_auditor


def test_the_part_alone_is_what_htmx_gets(phoenix, paula):
    ended(phoenix, paula)

    part = browser_of(paula).get(REPORT, headers=HTMX).content.decode().strip()

    assert part.startswith('<div class="stack" id="by-contractor"')
    assert "Carlos Vega" in part


# --- One page of its people at a time -------------------------------------------------------------


@pytest.fixture
def crowded(phoenix: Project, paula: User, ada: User) -> Project:
    """Ended with Carlos, Chen, 58 others, and Ada, whose sessions stay: as the last Admin she is left out."""
    others = [a_person(f"crew-{n:02}", display_name=f"Crew {n:02}") for n in range(58)]
    a_group("phoenix", ada, *others)
    ended(phoenix, paula)
    return phoenix


def names_in(answer: HttpResponse) -> list[str]:
    return [row.name for row in answer.context["page"].by_contractor.rows]


def test_fifty_are_on_a_page_those_with_exceptions_first(crowded, aude):
    browser = browser_of(aude)

    first, second = browser.get(REPORT), browser.get(f"{REPORT}?page=2")

    assert (len(names_in(first)), len(names_in(second))) == (50, 11)
    assert names_in(first)[:3] == ["Ada Lindqvist", "Carlos Vega", "Chen Wei"]
    assert names_in(second)[-1] == "Crew 57"
    assert "1–50 of 61" in text_of(first)
    assert 'href="?page=2#by-contractor"' in text_of(first)


def test_each_page_has_the_systems_of_its_own_people(crowded, aude):
    browser = browser_of(aude)

    first, second = browser.get(REPORT), browser.get(f"{REPORT}?page=2")

    systems = [{row.who for row in each.context["page"].by_contractor.systems} for each in (first, second)]
    assert systems[0] == {"Phoenix", *names_in(first)}
    assert systems[1] == set(names_in(second))


def test_only_exceptions_are_found_and_the_list_of_them_leads_there(crowded, aude):
    answer = browser_of(aude).get(f"{REPORT}?only=exceptions")

    assert names_in(answer) == ["Ada Lindqvist"]
    assert "1 contractor found" in text_of(answer)


def test_one_whose_task_is_overdue_is_an_exception_too(crowded, aude, time_machine):
    time_machine.move_to(timezone.now() + timedelta(hours=25))

    page = ReportPage(crowded, report_on(crowded), aude, ReportFilter(only="exceptions", q="chen"))

    assert [row.name for row in page.by_contractor.rows] == ["Chen Wei"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("carlos", ["Carlos Vega"]),
        ("WEI chen", ["Chen Wei"]),
        ("crew 07", ["Crew 07"]),
        ("nobody", []),
        ("<script>", []),
    ],
)
def test_a_contractor_is_found_by_every_word_of_their_name(typed, found, crowded, aude):
    answer = browser_of(aude).get(REPORT, {"q": typed})

    assert (answer.status_code, names_in(answer)) == (200, found)


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "1e9", "٣"])
def test_a_page_that_does_not_exist_is_the_nearest_that_does(page, crowded, aude):
    answer = browser_of(aude).get(REPORT, {"page": page})

    assert (answer.status_code, len(names_in(answer)) > 0) == (200, True)


def test_what_is_signed_is_everybody_whichever_page_was_read(crowded, paula):
    browser = browser_of(paula)
    seen = browser.get(f"{REPORT}?page=2&q=crew").context["form"]["seen"].value()

    answer = browser.post(f"{REPORT}sign/", {"seen": seen, "note": "looked at all of it"})

    assert answer.status_code == 303
    assert entries_of("PJ-153")[0].details["report"] == fingerprint_of(report_on(crowded))


def test_files_hold_everybody(crowded, aude):
    said = json.loads(browser_of(aude).get("/projects/phoenix/report.json?q=carlos&page=2").content)

    assert len(said["contractors"]) == 61


def test_a_page_costs_as_many_questions_however_many_people_there_are(crowded, aude):
    browser = browser_of(aude)
    browser.get(REPORT)

    with CaptureQueriesContext(connection) as queries:
        browser.get(REPORT)

    assert len(queries) <= 20


# --- Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_every_file_that_is_taken_is_an_entry_with_its_hash(form, phoenix, paula):
    ended(phoenix, paula)

    answer = browser_of(paula).get(f"/projects/phoenix/report.{form}")

    (entry,) = entries_of("PJ-152")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].endswith(f'.{form}"')
    assert entry.details["sha256"] == sha256(answer.content).hexdigest()
    assert entry.details["report"] == fingerprint_of(report_on(phoenix))
    assert (entry.initiator_id, entry.project_key) == (str(paula.pk), "phoenix")


def test_the_json_is_what_the_database_says(phoenix, paula, carlos):
    open_session(carlos)
    ending = ended(phoenix, paula)

    said = json.loads(browser_of(paula).get("/projects/phoenix/report.json").content)

    targets = {str(each.user_id): each.sessions_ended for each in ending.revocation.targets.all()}
    assert {each["person"]: each["sessions_ended"] for each in said["contractors"]} == targets
    assert said["receipt"] == ending.revocation.receipt


@pytest.mark.parametrize("form", ["exe", "html", "JSON", "json.bak"])
def test_a_form_that_does_not_exist_is_not_found(form, phoenix, paula):
    ended(phoenix, paula)

    assert browser_of(paula).get(f"/projects/phoenix/report.{form}").status_code == 404


def test_before_the_end_there_is_no_file(phoenix, paula):
    assert browser_of(paula).get("/projects/phoenix/report.pdf").status_code == 404


# --- Check now ------------------------------------------------------------------------------------


def test_it_checks_again_and_the_line_is_there(phoenix, paula, ivan, carlos):
    ended(phoenix, paula)
    a_group("phoenix", carlos)
    browser = browser_of(ivan)

    answer = browser.post(f"{REPORT}check/")

    page = text_of(browser.get(REPORT))
    assert (answer.status_code, answer.url) == (303, REPORT)
    assert "1 person back in its groups" in page
    assert entries_of("PJ-151F")[0].initiator_id == str(ivan.pk)


def test_neither_manager_nor_auditor_checks(phoenix, paula, aude):
    ended(phoenix, paula)

    for_manager = browser_of(paula)

    assert for_manager.post(f"{REPORT}check/").status_code == 403
    assert browser_of(aude).post(f"{REPORT}check/").status_code == 403
    assert "Check now" not in text_of(for_manager.get(REPORT))


def test_a_project_that_runs_is_not_checked(phoenix, ivan):
    answer = browser_of(ivan).post(f"{REPORT}check/")

    assert answer.status_code == 409
    assert "The project has not ended" in text_of(answer)


# --- Sign-off -------------------------------------------------------------------------------------


def test_both_sign_and_the_page_says_so(phoenix, paula, aude):
    ended(phoenix, paula)
    browser_of(paula).post(f"{REPORT}sign/", signing(phoenix, note="Agreed with the supplier."))

    answer = browser_of(aude).post(f"{REPORT}sign/", signing(phoenix))

    page = text_of(browser_of(aude).get(REPORT))
    assert answer.status_code == 303
    assert "signed by both" in page
    assert "Agreed with the supplier." in page
    assert [entry.details["capacity"] for entry in entries_of("PJ-153")] == ["manager", "auditor"]


def test_what_changed_since_is_said_and_signed_again(phoenix, paula, ivan):
    ended(phoenix, paula)
    browser: Client = browser_of(paula)
    browser.post(f"{REPORT}sign/", signing(phoenix))
    assert "You have signed exactly this report." in text_of(browser.get(REPORT))
    browser_of(ivan).post(f"{REPORT}check/")

    page = text_of(browser.get(REPORT))
    again = browser.post(f"{REPORT}sign/", signing(phoenix))

    assert "changed since signed" in page
    assert again.status_code == 303
    assert len(entries_of("PJ-153")) == 2


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"note": ""}, 422),
        ({"note": "x" * 2001}, 422),
        ({"seen": "f" * 63}, 422),
        ({"seen": "../" * 10}, 422),
        ({"seen": "0" * 64}, 409),
    ],
)
def test_a_signature_without_words_or_of_something_else_is_refused(typed, status, phoenix, paula):
    ended(phoenix, paula)

    answer = browser_of(paula).post(f"{REPORT}sign/", signing(phoenix, **typed))

    assert answer.status_code == status
    assert entries_of("PJ-153") == []


@pytest.mark.parametrize("reader", ["ivan", "sam"])
def test_it_and_security_do_not_sign(reader, phoenix, paula, request, ivan, sam):
    ended(phoenix, paula)
    browser = browser_of(request.getfixturevalue(reader))

    assert browser.post(f"{REPORT}sign/", signing(phoenix)).status_code == 403
    assert "Sign as" not in text_of(browser.get(REPORT))


def test_a_name_that_looks_like_markup_is_shown_as_text(phoenix, paula):
    a_group("phoenix", a_person("evil", display_name="<script>alert(1)</script>"))
    ended(phoenix, paula)

    page = browser_of(paula).get(REPORT).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
