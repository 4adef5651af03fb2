"""The receipt of a decision about many people, for one reader, as page, JSON, PDF and signed version."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from audit.models import ReceiptVersion
from audit.receipts import is_unchanged
from portal.presenters.receipt_many import receipt_for
from portal.presenters.words import moment_words
from sessions_app.changes.end_project import end_project
from sessions_app.changes.steps import mark_done
from sessions_app.models import Application, AsksHow, Revocation, Role, Step, StepState, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import Everyone, OneGroup, Order, SeveralPeople
from tests.factories import a_grant, a_group, a_person, an_application, initiator_of, open_session
from tests.portal.endings.scenes import atlas_of, phoenix_of, resources_of
from tests.portal.signed_in import browser_of, text_of
from tests.sessions_app.changes.test_end_project import a_wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


@pytest.fixture
def ended(paula: User, carlos: User, chen: User) -> Revocation:
    """Phoenix: Carlos with two sessions, Chen who goes on with Atlas."""
    phoenix = phoenix_of(paula)
    atlas_of(paula)
    resources_of(phoenix)
    open_session(carlos, an_application("wiki", name="Wiki"))
    open_session(carlos)
    revocation = end_project(phoenix, a_wish(), by=initiator_of(paula)).revocation
    assert revocation is not None
    return revocation


def page_of(browser: Client, revocation: Revocation, rest: str = "") -> str:
    return text_of(browser.get(f"/revocations/{revocation.receipt}/{rest}"))


def test_the_page_begins_with_counts_and_says_of_each_person_what_became_of_it(ended, sam, paula):
    page = page_of(browser_of(sam), ended)

    assert "<h1><bdi>Project Phoenix ended</bdi></h1>" in page
    assert (
        'Carlos Vega</bdi></a></td> <td role="cell" class="cell--number" data-label="Sessions">2</td>' in page
    )
    assert '<span class="tag">Atlas</span>' in page
    assert "3 tasks are open" in page
    assert "Wiki" in page


def test_its_manager_reads_it_with_the_names_and_finds_it_in_the_list(ended, paula):
    browser = browser_of(paula)

    page = page_of(browser, ended)
    listed = text_of(browser.get("/revocations/"))

    assert "Carlos Vega" in page
    assert "203.0.113.7" not in page
    assert "Project Phoenix, 2 people" in listed


def test_another_manager_reads_nothing_of_it(ended, issuer):
    other = a_person("petra", display_name="Petra Holm")
    a_grant(other, Role.PROJECT_MANAGER)
    browser = browser_of(other)

    answers = [
        browser.get(f"/revocations/{ended.receipt}{rest}").status_code
        for rest in ("/", ".json", "/v/1/", "/v/1.json", "/v/1.pdf")
    ]

    assert answers == [404] * 5
    assert ended.receipt not in text_of(browser.get("/revocations/"))


def test_the_json_counts_first_and_lists_each_person(ended, sam, carlos, chen):
    said = browser_of(sam).get(f"/revocations/{ended.receipt}.json").json()

    assert said["about"] == "Project Phoenix"
    assert said["counts"] == {"people": 2, "left_out": 0, "sign_in_blocked": 1, "sessions_ended": 2}
    assert {each["id"]: each["keeps_projects"] for each in said["people"]} == {
        str(carlos.pk): [],
        str(chen.pk): ["atlas"],
    }


def test_a_signed_version_shows_people_in_words_and_as_a_document(ended, sam):
    newest = ReceiptVersion.objects.of(ended.receipt).last().number
    browser = browser_of(sam)

    page = page_of(browser, ended, f"v/{newest}/")
    pdf = browser.get(f"/revocations/{ended.receipt}/v/{newest}.pdf")

    assert "Project Phoenix: 2 people" in page
    assert "Removed outside, by hand" in page
    assert pdf.content.startswith(b"%PDF")


def test_an_early_version_of_before_anybody_was_cut_off_can_be_read(ended, sam):
    assert "decided, not yet cut off" in page_of(browser_of(sam), ended, "v/1/")


def test_somebody_left_out_is_named_with_the_reason(paula, carlos, ada, sam):
    phoenix = phoenix_of(paula)
    a_group("phoenix", ada)
    revocation = end_project(phoenix, a_wish(), by=initiator_of(paula)).revocation

    page = page_of(browser_of(sam), revocation)

    assert "left out: an Admin or in Security; only Security ends their sessions" in page
    assert "1 left out" in page


def test_an_application_that_never_asks_says_until_when(paula, carlos, sam):
    erp = an_application("erp", name="Old ERP", asks=AsksHow.NOT_AT_ALL, token_seconds=3600)
    open_session(carlos, erp)
    revocation = end_project(phoenix_of(paula), a_wish(), by=initiator_of(paula)).revocation

    assert "its token works until" in page_of(browser_of(sam), revocation)
    assert Application.objects.get(key="erp").can_be_cut is False


def test_a_group_has_its_own_title(sam, carlos, chen):
    revocation = revoke(an_order(sam, OneGroup(name="phoenix")))

    assert "The group phoenix is cut off" in page_of(browser_of(sam), revocation)


def test_everyone_has_its_own_title(sam, carlos, chen):
    revocation = revoke(an_order(sam, Everyone()))
    revocation.cut_off_at = (
        revocation.decided_at
    )  # the markers are the clock's, and nobody could read the page

    assert receipt_for(revocation, sam).title == "Everyone is cut off"


def test_several_people_are_counted_in_the_title(sam, carlos, chen):
    revocation = revoke(an_order(sam, SeveralPeople.of([carlos.pk, chen.pk])))

    assert "2 people is cut off" not in page_of(browser_of(sam), revocation)
    assert "2 people are cut off" in page_of(browser_of(sam), revocation)


def test_a_page_of_many_hundred_people_reads_only_its_fifty(
    paula, sam, issuer, django_assert_max_num_queries
):
    a_group("phoenix", *[a_person(f"p{number:03}", display_name=f"P {number:03}") for number in range(130)])
    revocation = end_project(phoenix_of(paula), a_wish(), by=initiator_of(paula)).revocation
    browser = browser_of(sam)
    page_of(browser, revocation)

    with django_assert_max_num_queries(90):
        answer = browser.get(f"/revocations/{revocation.receipt}/?page=3")

    assert "101–130 of 130" in text_of(answer)
    assert [row.name for row in answer.context["receipt"].rows] == [f"P {n:03}" for n in range(100, 130)]


def test_the_list_of_revocations_finds_it_by_the_project_s_name(ended, sam):
    listed = text_of(browser_of(sam).get("/revocations/?q=phoen"))

    assert ended.receipt in listed


def test_a_person_s_own_page_names_what_they_shared(ended, sam, carlos):
    page = text_of(browser_of(sam).get(f"/people/{carlos.pk}/?tab=revocations"))

    assert ended.receipt in page
    assert "a project" in page


def an_order(by: User, scope: object) -> Order:
    return Order(
        initiator=initiator_of(by),
        reason=Reason.OTHER,
        note="needed for the scene",
        scope=scope,  # type: ignore[arg-type]
        received_at=database_now(),
    )


# --- What people do in other systems --------------------------------------------------------------


def test_while_tasks_are_open_the_second_clock_counts_them_and_says_when_the_first_is_due(ended, sam):
    first = Step.objects.filter(is_manual=True).order_by("due_at").first()

    page = page_of(browser_of(sam), ended)

    assert "No outside systems are connected." not in page
    assert "3 tasks in other systems are open, the first is due at" in page
    assert f"{moment_words(first.due_at)} UTC." in page
    assert "3 left" in page
    assert f'/projects/phoenix/endings/{ended.ending.pk}/#tasks">The tasks</a>' in page
    assert page.count("badge--green") == 1


def test_what_is_overdue_is_said_beside_what_is_done(ended, sam):
    done, *_others = Step.objects.filter(is_manual=True)
    mark_done([done.pk], evidence="seen in the console", by=initiator_of(sam))
    Step.objects.filter(is_manual=True).update(due_at=database_now() - timedelta(hours=1))

    page = page_of(browser_of(sam), ended)

    assert "2 tasks in other systems are open, the first was due at" in page
    assert "1 is marked done." in page
    assert "badge--danger" in page


def test_once_all_are_done_people_are_named_as_those_who_confirmed_it(ended, sam):
    steps = Step.objects.filter(is_manual=True)
    mark_done([step.pk for step in steps], evidence="seen in the console", by=initiator_of(sam))
    last = moment_words(steps.get(user=None).done_at)

    page = page_of(browser_of(sam), ended)
    said = browser_of(sam).get(f"/revocations/{ended.receipt}.json").json()["outside"]

    assert f"3 tasks in other systems are done, the last since {last} UTC." in page
    assert "People confirmed that with evidence, not Curfew." in page
    assert page.count("badge--green") == 1
    assert (said["open"], said["done"], said["first_due_at"]) == (0, 3, None)
    assert said["said"].endswith("People confirmed that with evidence, not Curfew.")


def test_what_another_project_keeps_is_no_claim_that_it_was_removed(ended, sam):
    Step.objects.filter(is_manual=True).update(state=StepState.NOT_NEEDED)

    page = page_of(browser_of(sam), ended)

    assert "Nothing had to be removed in other systems." in page
    assert page.count("badge--green") == 1


def test_a_project_without_resources_says_that_no_system_is_connected(paula, carlos, sam):
    revocation = end_project(phoenix_of(paula), a_wish(), by=initiator_of(paula)).revocation

    assert "No outside systems are connected." in page_of(browser_of(sam), revocation)


def test_while_people_are_still_being_cut_off_more_tasks_can_follow(ended, sam):
    Step.objects.filter(is_manual=True).update(state=StepState.DONE, done_at=database_now())
    ended.cut_off_at = None  # as between two lots of people

    outside = receipt_for(ended, sam).outside

    assert (outside.kind, outside.sentence) == (
        "waiting",
        "Tasks in other systems are still being made, as people are cut off.",
    )


def test_each_version_says_how_many_tasks_were_open_when_it_was_signed(ended, sam):
    before = ReceiptVersion.objects.of(ended.receipt).newest_number()
    steps = [step.pk for step in Step.objects.filter(is_manual=True)]
    mark_done(steps, evidence="seen in the console", by=initiator_of(sam))
    after = ReceiptVersion.objects.of(ended.receipt).last()
    browser = browser_of(sam)

    then = page_of(browser, ended, f"v/{before}/")
    now = page_of(browser, ended, f"v/{after.number}/")

    assert "3 tasks in other systems are open." in then
    assert "3 tasks in other systems are done, the last since" in now
    assert "No outside systems are connected" not in then + now
    assert after.facts["systems"]["last_done_at"] is not None
    assert is_unchanged(after)
