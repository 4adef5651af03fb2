"""Making, changing and moving the end of a project by its forms, with nothing said that is not theirs to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Approval, Project, ProjectResource, ResourceKind, Revocation
from tests.factories import a_group, a_policy, a_resource, open_session, token_for, verdict_on
from tests.portal.signed_in import browser_of, browser_with_factor, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

NEXT_YEAR = timezone.now().year + 1


def a_form(**said: Any) -> dict[str, Any]:
    usual = {
        "name": "Helios",
        "key": "helios",
        "manager": "paula",
        "deputies": "",
        "groups": "contractors-project-helios",
        "starts_on": "",
        "ends_on": f"{NEXT_YEAR}-04-30",
        "ends_time": "18:00",
        "time_zone": "Europe/Madrid",
    }
    return {**usual, **said}


def errors(response: Any) -> set[str]:
    assert response.status_code == 422
    return set(response.context["form"].errors)


def test_it_makes_a_project_that_ends_at_the_time_of_its_own_zone(ivan, paula):
    answer = browser_of(ivan).post("/projects/new/", a_form(), follow=True)

    project = Project.objects.get()
    assert answer.redirect_chain == [("/projects/helios/", 303)]
    assert project.ends_at == datetime(NEXT_YEAR, 4, 30, 16, tzinfo=UTC)
    assert (project.manager, project.agreed_ends_at) == (paula, project.ends_at)
    assert "18:00 Europe/Madrid" in text_of(answer)


def test_an_end_at_a_time_that_does_not_exist_that_day_is_taken_and_said(ivan, paula):
    form = a_form(ends_on="2027-03-28", ends_time="02:30")

    page = text_of(browser_of(ivan).post("/projects/new/", form, follow=True))

    assert Project.objects.get().ends_at == datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert "Clocks there go forward over that time." in page


def test_of_an_hour_that_occurs_twice_the_first_is_taken_and_that_is_said(ivan, paula):
    form = a_form(ends_on="2027-10-31", ends_time="02:30")

    page = text_of(browser_of(ivan).post("/projects/new/", form, follow=True))

    assert Project.objects.get().ends_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert "The first was taken" in page


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("key", {"key": "New Project"}),
        ("key", {"key": "new"}),
        ("name", {"name": "  "}),
        ("manager", {"manager": "nobody"}),
        ("manager", {"manager": "otto"}),
        ("ends_on", {"ends_on": "2026-02-30"}),
        ("ends_on", {"ends_on": "2020-01-01"}),
        ("ends_on", {"ends_on": "2190-01-01"}),
        ("ends_time", {"ends_time": "25:00"}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("deputies", {"deputies": "otto"}),
        ("deputies", {"deputies": "paula"}),
        ("starts_on", {"starts_on": f"{NEXT_YEAR}-05-01"}),
        ("groups", {"groups": "a" * 201}),
    ],
)
def test_what_cannot_be_is_said_at_its_field(field: str, said: dict[str, str], ivan, paula, otto):
    assert field in errors(browser_of(ivan).post("/projects/new/", a_form(**said)))
    assert not Project.objects.exists()


def test_a_key_that_is_taken_is_said(phoenix, ivan):
    answer = browser_of(ivan).post("/projects/new/", a_form(key="phoenix"))

    assert "Another project has this key." in text_of(answer)


def test_a_manager_makes_no_project(paula):
    assert browser_of(paula).post("/projects/new/", a_form()).status_code == 403


def test_a_manager_renames_and_names_deputies_but_says_nothing_of_manager_groups_key_or_end(
    phoenix, paula, mona
):
    stolen = {
        "name": "Phoenix Two",
        "time_zone": "Europe/Madrid",
        "deputies": "mona",
        "manager": "mona",
        "groups": "domain-admins",
        "key": "other",
        "ends_on": "2099-01-01",
        "ends_at": "2099-01-01",
        "agreed_ends_at": "2099-01-01",
        "ended_at": "",
        "has_exceptions": "on",
    }
    before = phoenix.ends_at

    answer = browser_of(paula).post("/projects/phoenix/edit/", stolen)

    phoenix.refresh_from_db()
    assert answer.status_code == 303
    assert (phoenix.name, list(phoenix.deputies.all())) == ("Phoenix Two", [mona])
    assert (phoenix.key, phoenix.manager, phoenix.ends_at) == ("phoenix", paula, before)
    assert list(phoenix.groups.values_list("name", flat=True)) == ["phoenix"]
    assert not phoenix.has_exceptions


def test_it_names_another_manager_and_other_groups(phoenix, ivan, mona):
    form = {"name": "Phoenix", "time_zone": "UTC", "manager": "mona", "groups": "phoenix\nphoenix-night"}

    browser_of(ivan).post("/projects/phoenix/edit/", form)

    phoenix.refresh_from_db()
    assert (phoenix.manager, phoenix.groups.count()) == (mona, 2)


def test_saving_the_form_as_it_was_shown_changes_nothing(phoenix, ivan):
    browser = browser_of(ivan)
    shown = browser.get("/projects/phoenix/edit/").context["form"]
    sent = {name: shown[name].value() or "" for name in shown.fields}

    assert browser.post("/projects/phoenix/edit/", sent).status_code == 303

    assert not browser.get("/projects/phoenix/").context["page"].timeline.rows


# --- A group that is taken off ------------------------------------------------------------------------


def without_groups(**said: str) -> dict[str, str]:
    """Phoenix as it is, with a new name and another group than the one it has."""
    return {**a_form(name="Phoenix II", manager="paula", groups="phoenix-new"), **said}


def test_before_a_group_is_taken_off_it_is_said_how_many_lose_the_project(phoenix, ivan, carlos):
    token = token_for(carlos, open_session(carlos))
    browser = browser_of(ivan)

    asked = browser.post("/projects/phoenix/edit/", without_groups())

    page = text_of(asked)
    assert asked.status_code == 422
    assert "Without phoenix 1 person is no longer on it. Their tokens end at once (1 session)" in page
    assert "So taking it off waits" not in page
    phoenix.refresh_from_db()
    assert (phoenix.name, verdict_on(token).outcome) == ("Phoenix", Outcome.ALLOWED)

    confirms = asked.context["page"].confirms
    browser.post("/projects/phoenix/edit/", without_groups(confirms=confirms))

    phoenix.refresh_from_db()
    assert (phoenix.name, [group.name for group in phoenix.groups.all()]) == ("Phoenix II", ["phoenix-new"])
    assert verdict_on(token).outcome is Outcome.REVOKED


def test_what_confirms_one_group_confirms_no_other(phoenix, ivan, ines):
    phoenix.groups.add(a_group("phoenix-design", ines))
    browser = browser_of(ivan)
    asked = browser.post("/projects/phoenix/edit/", without_groups(groups="phoenix"))
    confirms = asked.context["page"].confirms

    again = browser.post("/projects/phoenix/edit/", without_groups(confirms=confirms))

    assert again.status_code == 422
    assert "2 people are no longer on it" in text_of(again)
    assert phoenix.groups.count() == 2


def test_a_group_with_nobody_in_it_is_taken_off_without_a_question(phoenix, ivan):
    phoenix.groups.add(a_group("empty"))

    browser_of(ivan).post("/projects/phoenix/edit/", without_groups(groups="phoenix"))

    assert [group.name for group in phoenix.groups.all()] == ["phoenix"]


def test_beyond_what_one_person_may_end_alone_the_groups_wait_and_all_else_is_saved(
    phoenix, ivan, sam, carlos, chen
):
    a_policy(people_alone=1)
    token = token_for(carlos, open_session(carlos))
    browser = browser_with_factor(ivan)
    question = browser.post("/projects/phoenix/edit/", without_groups())
    assert "So taking it off waits for a second person." in text_of(question)

    answer = browser.post(
        "/projects/phoenix/edit/", without_groups(confirms=question.context["page"].confirms)
    )

    approval = Approval.objects.get()
    assert (answer.status_code, answer.url) == (303, f"/approvals/{approval.pk}/")
    phoenix.refresh_from_db()
    assert phoenix.name == "Phoenix II"
    assert {group.name for group in phoenix.groups.all()} == {"phoenix", "phoenix-new"}
    assert verdict_on(token).outcome is Outcome.ALLOWED
    second = browser_with_factor(sam)
    page = text_of(second.get(f"/approvals/{approval.pk}/"))
    assert "Take phoenix off the project Phoenix II" in page
    assert "Approve: take the groups off" in page

    second.post(f"/approvals/{approval.pk}/approve/", {"note": "agreed"})

    assert [group.name for group in phoenix.groups.all()] == ["phoenix-new"]
    assert verdict_on(token).outcome is Outcome.REVOKED


def test_asking_for_it_takes_proof_and_coming_back_finds_the_question_and_nothing_done(
    phoenix, ivan, carlos, chen
):
    a_policy(people_alone=1)
    browser = browser_of(ivan)
    question = browser.post("/projects/phoenix/edit/", without_groups())
    confirms = question.context["page"].confirms

    refused = browser.post("/projects/phoenix/edit/", without_groups(confirms=confirms))
    back = browser.get("/projects/phoenix/edit/")

    assert refused.status_code == 403
    assert (back.status_code, "2 people are no longer on it" in text_of(back)) == (200, True)
    assert not Approval.objects.exists()
    phoenix.refresh_from_db()
    assert phoenix.name == "Phoenix"


def end_form(day: str, reason: str = "the client asked") -> dict[str, str]:
    return {"ends_on": day, "ends_time": "18:00", "reason": reason}


def days_from_now(days: int) -> str:
    return f"{timezone.now().date() + timedelta(days=days)}"


def test_a_manager_extends_within_the_limit(phoenix, paula):
    answer = browser_of(paula).post("/projects/phoenix/end-date/", end_form(days_from_now(60)), follow=True)

    assert "It now ends" in text_of(answer)
    phoenix.refresh_from_db()
    assert f"{phoenix.ends_at:%Y-%m-%d}" == days_from_now(60)


def test_beyond_the_limit_a_second_person_is_asked_and_decides(phoenix, paula, ivan):
    before = phoenix.ends_at

    answer = browser_with_factor(paula).post("/projects/phoenix/end-date/", end_form(days_from_now(100)))

    approval = Approval.objects.get()
    assert (answer.status_code, answer.url) == (303, f"/approvals/{approval.pk}/")
    phoenix.refresh_from_db()
    assert phoenix.ends_at == before
    assert "Extend the project Phoenix until" in text_of(browser_of(paula).get("/projects/phoenix/"))

    browser_with_factor(ivan).post(f"/approvals/{approval.pk}/approve/", {"note": "agreed with the client"})

    phoenix.refresh_from_db()
    assert f"{phoenix.ends_at:%Y-%m-%d}" == days_from_now(100)


def test_asking_a_second_person_takes_proof_of_who_is_sitting_there(phoenix, paula):
    answer = browser_of(paula).post("/projects/phoenix/end-date/", end_form(days_from_now(100)))

    assert answer.status_code == 403
    assert not Approval.objects.exists()


def test_whoever_comes_back_from_proving_it_finds_the_form_as_it_was_and_nothing_done(phoenix, paula):
    browser = browser_of(paula)
    browser.post("/projects/phoenix/end-date/", end_form(days_from_now(100), reason="the client asked so"))

    page = browser.get("/projects/phoenix/end-date/")

    assert "the client asked so" in text_of(page)
    assert not Approval.objects.exists()


def test_extending_without_a_reason_is_said(phoenix, paula):
    answer = browser_of(paula).post("/projects/phoenix/end-date/", end_form(days_from_now(60), reason=""))

    assert (answer.status_code, "Say why" in text_of(answer)) == (422, True)


def test_bringing_the_end_forward_says_that_tokens_are_refused(phoenix, paula):
    answer = browser_of(paula).post("/projects/phoenix/end-date/", end_form(days_from_now(9)), follow=True)

    assert "Tokens with the later date are refused" in text_of(answer)
    assert Revocation.objects.get().project == phoenix


def test_the_page_says_whose_tokens_an_earlier_end_ends(phoenix, paula, carlos):
    open_session(carlos)

    page = text_of(browser_of(paula).get("/projects/phoenix/end-date/"))

    assert "That is 1 person with 1 session now." in page
    assert "So it takes a second person" not in page


def test_an_earlier_end_for_more_people_than_one_may_end_alone_is_asked_and_decided(
    phoenix, paula, ivan, carlos, chen
):
    a_policy(people_alone=1)
    token = token_for(carlos, open_session(carlos))
    browser = browser_with_factor(paula)
    page = text_of(browser.get("/projects/phoenix/end-date/"))
    assert "One person alone ends the access of at most 1 people. So it takes a second person." in page

    answer = browser.post("/projects/phoenix/end-date/", end_form(days_from_now(9)))

    approval = Approval.objects.get()
    assert (answer.status_code, answer.url) == (303, f"/approvals/{approval.pk}/")
    assert verdict_on(token).outcome is Outcome.ALLOWED
    second = browser_with_factor(ivan)
    asked = text_of(second.get(f"/approvals/{approval.pk}/"))
    assert "Bring the end of the project Phoenix forward to" in asked
    assert "Approve the earlier end" in asked

    second.post(f"/approvals/{approval.pk}/approve/", {"note": "agreed"})

    phoenix.refresh_from_db()
    assert f"{phoenix.ends_at:%Y-%m-%d}" == days_from_now(9)
    assert verdict_on(token).outcome is Outcome.REVOKED


def test_whoever_joined_since_the_page_was_opened_does_not_hold_an_earlier_end_off(phoenix, paula, ines):
    a_policy(people_alone=1)
    browser = browser_of(paula)
    seen = browser.get("/projects/phoenix/end-date/").context["form"]["seen"].value()
    a_group("phoenix", ines)

    browser.post("/projects/phoenix/end-date/", {**end_form(days_from_now(9)), "seen": seen})

    assert Revocation.objects.get().targets.count() == 2


def test_what_another_project_showed_counts_for_nothing(phoenix, atlas, paula, ivan, chen):
    a_policy(people_alone=1)
    browser = browser_with_factor(ivan)
    seen = browser.get("/projects/atlas/end-date/").context["form"]["seen"].value()

    browser.post("/projects/phoenix/end-date/", {**end_form(days_from_now(9)), "seen": seen})

    assert Approval.objects.get().people == 2
    assert not Revocation.objects.exists()


def test_an_end_in_the_past_points_to_end_project(phoenix, paula):
    answer = browser_of(paula).post("/projects/phoenix/end-date/", end_form(days_from_now(-2)))

    assert (answer.status_code, "use End Project" in text_of(answer)) == (422, True)


def test_a_project_whose_end_has_come_is_not_extended(phoenix, paula):
    Project.objects.update(ends_at=timezone.now() - timedelta(minutes=5))

    answer = browser_of(paula).post("/projects/phoenix/end-date/", end_form(days_from_now(5)))

    assert (answer.status_code, "has ended" in text_of(answer)) == (422, True)


def test_a_resource_is_declared_brought_up_to_date_and_withdrawn(phoenix, paula):
    browser = browser_of(paula)
    browser.post("/projects/phoenix/resources/new/", {"kind": "deploy_key", "name": "northwind/phoenix"})
    resource = ProjectResource.objects.get()

    browser.post(f"/projects/phoenix/resources/{resource.pk}/", {"used_by": "deploys", "name": "other"})

    resource.refresh_from_db()
    assert (resource.name, resource.used_by) == ("northwind/phoenix", "deploys")
    browser.post(f"/projects/phoenix/resources/{resource.pk}/withdraw/")
    assert not ProjectResource.objects.exists()


def test_withdrawing_asks_first(phoenix, paula):
    resource = a_resource(phoenix, ResourceKind.GITHUB_TEAM, "northwind/phoenix")

    page = text_of(browser_of(paula).get(f"/projects/phoenix/resources/{resource.pk}/withdraw/"))

    assert "Withdraw northwind/phoenix from Phoenix?" in page
    assert ProjectResource.objects.exists()
