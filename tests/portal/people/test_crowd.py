"""Ending the access of many from the portal: everybody who is meant and nobody else, and large things by two."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from portal.presenters import crowd as crowds
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.approvals import approve
from sessions_app.models import (
    Application,
    Approval,
    ApprovalKind,
    Revocation,
    Role,
    Session,
    User,
)
from sessions_app.models.roles import PopulationKind
from sessions_app.scheduled.clock import Clock
from tests.factories import (
    a_grant,
    a_group,
    a_person,
    a_policy,
    an_entitlement,
    forget_roles,
    initiator_of,
    open_session,
)
from tests.portal.signed_in import browser_of, browser_with_factor, text_of, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

REVOKED, ALLOWED = Outcome.REVOKED, Outcome.ALLOWED


def outcomes(*sessions: Session) -> list[Outcome]:
    return [verdict_on(session) for session in sessions]


def looked_at(browser: Client, *people: User, **asked: str) -> HttpResponse:
    """The preview of these ticked people, or of whatever else is asked."""
    return browser.post("/people/many/preview/", {"person": [str(each.pk) for each in people], **asked})


def filled(preview: HttpResponse, **typed: Any) -> dict[str, Any]:
    form = preview.context["form"]
    hidden = {name: form[name].value() for name in ("frozen", "order_key")}
    usual = {"reason": "lost_device", "ticket": "", "note": "", "typed": form.to_type}
    return {**usual, **hidden, **typed}


def end(browser: Client, preview: HttpResponse, **typed: Any) -> HttpResponse:
    return browser.post("/people/many/end/", filled(preview, **typed))


def test_exactly_the_ticked_people_end(ivan: User, ines: User, otto: User, carlos: User):
    sessions = [open_session(user) for user in (ines, otto, carlos)]
    browser = browser_of(ivan)

    answer = end(browser, looked_at(browser, ines, otto))

    revocation = Revocation.objects.get()
    assert answer.url == f"/revocations/{revocation.receipt}/"
    assert outcomes(*sessions[:2]) == [REVOKED, REVOKED]
    sessions[2].refresh_from_db()
    assert sessions[2].is_open
    assert (revocation.scope, revocation.sessions_seen, revocation.sessions_ended) == ("people", 2, 2)


def test_the_preview_says_who_and_how_many(ivan: User, ines: User, otto: User):
    open_session(ines)

    page = text_of(looked_at(browser_of(ivan), ines, otto))

    assert "End all access of 2 people, 1 session?" in page
    assert "Ines Almeida" in page
    assert "Type 2 to confirm" in page


def test_a_group_is_whoever_is_in_it_when_it_ends(ivan: User, ines: User, otto: User):
    group = a_group("finance", ines)
    sessions = [open_session(ines), open_session(otto)]
    browser = browser_of(ivan)
    preview = looked_at(browser, of_group="finance")
    group.memberships.create(user=otto)

    end(browser, preview)

    assert Revocation.objects.get().scope == "group"
    assert outcomes(*sessions) == [REVOKED, REVOKED]


def test_a_search_that_is_only_a_group_ends_the_group(ivan: User, ines: User):
    a_group("finance", ines)
    browser = browser_of(ivan)

    end(browser, looked_at(browser, everything="yes", group="finance"))

    assert Revocation.objects.get().scope == "group"


def test_everybody_a_search_finds_ends_by_name(ivan: User, ines: User, otto: User, carlos: User):
    User.objects.filter(pk__in=[ines.pk, otto.pk]).update(department="Finance")
    sessions = [open_session(user) for user in (ines, otto, carlos)]
    browser = browser_of(ivan)

    end(browser, looked_at(browser, everything="yes", department="Finance"))

    assert Revocation.objects.get().scope == "people"
    assert outcomes(*sessions) == [REVOKED, REVOKED, ALLOWED]


def test_whoever_has_an_entitlement(ivan: User, ines: User, otto: User, wiki: Application):
    an_entitlement(wiki, a_group("editors", ines), "edit")
    sessions = [open_session(ines), open_session(otto)]
    browser = browser_of(ivan)

    end(browser, looked_at(browser, of_entitlement="wiki:edit"))

    assert outcomes(*sessions) == [REVOKED, ALLOWED]


def test_who_reaches_one_country_ends_only_its_people_of_a_group(ines: User, otto: User):
    User.objects.filter(pk=ines.pk).update(country="DE")
    User.objects.filter(pk=otto.pk).update(country="FR")
    a_group("finance", ines, otto)
    sessions = [open_session(ines), open_session(otto)]
    there = a_person("inga")
    a_grant(there, Role.IT, population_kind=PopulationKind.COUNTRY, population_value="DE")
    browser = browser_of(there)

    preview = looked_at(browser, of_group="finance")
    end(browser, preview)

    assert "Otto" not in text_of(preview)
    assert outcomes(*sessions) == [REVOKED, ALLOWED]


def test_somebody_out_of_reach_does_not_exist_even_by_id(ines: User):
    User.objects.filter(pk=ines.pk).update(country="FR")
    there = a_person("inga")
    a_grant(there, Role.IT, population_kind=PopulationKind.COUNTRY, population_value="DE")

    page = text_of(looked_at(browser_of(there), ines))

    assert "Nobody here whose access you could end" in page
    assert "Ines" not in page


def test_a_role_taken_back_after_the_preview_ends_nothing(ivan: User, ines: User):
    session = open_session(ines)
    browser = browser_of(ivan)
    preview = looked_at(browser, ines)
    ivan.role_grants.all().delete()
    a_grant(ivan, Role.IT, population_kind=PopulationKind.COUNTRY, population_value="FR")

    answer = end(browser, preview)

    assert answer.url == "/people/many/"
    assert outcomes(session) == [ALLOWED]


def test_somebody_elses_preview_is_no_good(ivan: User, hana: User, ines: User):
    preview = looked_at(browser_of(ivan), ines)

    answer = end(browser_of(hana), preview)

    assert answer.url == "/people/many/"
    assert not Revocation.objects.exists()


def test_only_security_ends_admins_and_they_are_named_as_left_out(ivan: User, ada: User, ines: User):
    admins = open_session(ada)
    browser = browser_of(ivan)
    preview = looked_at(browser, ines, ada)

    end(browser, preview)

    assert "Left out" in text_of(preview)
    assert outcomes(admins) == [ALLOWED]


def test_whom_the_preview_left_out_stays_even_where_security_approves(
    ivan: User, sam: User, ada: User, ines: User, otto: User
):
    a_policy(people_alone=1)
    hers, admins = open_session(ines), open_session(ada)
    browser = browser_with_factor(ivan)

    end(browser, looked_at(browser, ines, otto, ada))
    approve(Approval.objects.get(), by=initiator_of(sam))

    assert outcomes(hers, admins) == [REVOKED, ALLOWED]


def test_a_wrong_number_ends_nothing_and_keeps_what_was_typed(ivan: User, ines: User):
    browser = browser_of(ivan)

    answer = end(browser, looked_at(browser, ines), typed="7", ticket="HR-1")

    assert answer.status_code == 422
    assert "That is not 1." in text_of(answer)
    assert answer.context["form"]["ticket"].value() == "HR-1"
    assert not Revocation.objects.exists()


def test_nobody_selects_themselves(ivan: User):
    assert "Nobody here whose access you could end" in text_of(looked_at(browser_of(ivan), ivan))


def test_nonsense_is_nobody(ivan: User):
    answer = browser_of(ivan).post("/people/many/preview/", {"person": ["x", "1", ""], "of_group": ""})

    assert answer.status_code == 200
    assert "Nobody here" in text_of(answer)


def test_too_many_to_name_are_refused_with_a_way_out(ivan: User, ines: User, otto: User, monkeypatch):
    monkeypatch.setattr(crowds, "MOST_PEOPLE", 1)

    answer = looked_at(browser_of(ivan), ines, otto)

    assert answer.status_code == 422
    assert "Too many to name one by one" in text_of(answer)


def test_sending_it_twice_is_one_order(ivan: User, ines: User):
    browser = browser_of(ivan)
    form = filled(looked_at(browser, ines))

    first = browser.post("/people/many/end/", form)
    second = browser.post("/people/many/end/", form)

    assert first.url == second.url
    assert Revocation.objects.count() == 1


# --- Two people -----------------------------------------------------------------------------------


def test_more_than_one_person_may_end_alone_waits_for_a_second(ivan: User, sam: User, ines: User, otto: User):
    a_policy(people_alone=1)
    sessions = [open_session(ines), open_session(otto)]
    browser = browser_with_factor(ivan)

    answer = end(browser, looked_at(browser, ines, otto))

    approval = Approval.objects.get()
    assert answer.url == f"/approvals/{approval.pk}/"
    assert (approval.kind, approval.people, approval.sessions) == (ApprovalKind.END_PEOPLE, 2, 2)
    assert outcomes(*sessions) == [ALLOWED, ALLOWED]
    approve(approval, by=initiator_of(sam))
    assert outcomes(*sessions) == [REVOKED, REVOKED]
    assert Revocation.objects.get().initiator_user == ivan


def test_a_group_with_an_admin_takes_a_second_person_from_security(sam: User, ada: User, ines: User):
    other = a_person("sina")
    a_grant(other, Role.SECURITY)
    a_group("finance", ada, ines)
    session = open_session(ada)
    browser = browser_with_factor(sam)

    end(browser, looked_at(browser, of_group="finance"))
    approve(Approval.objects.get(), by=initiator_of(other))

    assert outcomes(session) == [REVOKED]


# --- Everyone -------------------------------------------------------------------------------------


def test_everyone_is_signed_out_by_two_and_the_page_says_that_it_is_oneself_too(sam: User, ines: User):
    other = a_person("sina")
    a_grant(other, Role.SECURITY)
    session = open_session(ines)
    browser = browser_with_factor(sam)
    preview = browser.get("/sessions/everyone/")
    wrong = browser.post("/sessions/everyone/end/", filled(preview, reason="security_incident", typed="all"))
    asked = browser.post("/sessions/everyone/end/", filled(preview, reason="security_incident"))

    approval = Approval.objects.get()
    approve(approval, by=initiator_of(other))
    clock = Clock()
    clock.beat()
    clock.carry_on()

    assert "You are among them" in text_of(preview)
    assert wrong.status_code == 422
    assert asked.url == f"/approvals/{approval.pk}/"
    assert outcomes(session) == [REVOKED]
    assert Revocation.objects.get().scope == "everyone"


def test_nobody_can_block_everyone(sam: User):
    browser = browser_of(sam)
    preview = browser.get("/sessions/everyone/")

    answer = browser.post("/sessions/everyone/end/", filled(preview, reason="offboarding"))

    assert answer.status_code == 422
    assert not Approval.objects.exists()


def test_only_security_signs_everyone_out(ivan: User, sam: User):
    frozen = filled(browser_of(sam).get("/sessions/everyone/"))
    forget_roles(ivan)
    browser = browser_of(ivan)

    assert browser.get("/sessions/everyone/").status_code == 403
    assert browser.post("/sessions/everyone/end/", frozen).status_code == 403
    assert browser.post("/people/many/end/", frozen).url == "/people/many/"


# --- The list -------------------------------------------------------------------------------------


def test_the_list_lets_tick_whom_the_reader_may_end_and_nobody_else(ivan: User, ada: User, ines: User):
    page = browser_of(ivan).get("/people/").content.decode()

    assert f'name="person" value="{ines.pk}"' in page
    assert f'name="person" value="{ada.pk}"' not in page
    assert f'name="person" value="{ivan.pk}"' not in page


def test_an_auditor_selects_nobody(aude: User, ines: User):
    page = browser_of(aude).get("/people/").content.decode()

    assert 'name="person"' not in page
    assert "End the access of many" not in page


def test_groups_and_entitlements_in_reach_are_offered(ivan: User, ines: User, wiki: Application):
    an_entitlement(wiki, a_group("editors", ines), "edit")

    page = browser_of(ivan).get("/people/many/").content.decode()

    assert '<option value="editors">' in page
    assert '<option value="wiki:edit">' in page
