"""The pages of two people: what is asked, who may answer, and that nothing is said twice or to the wrong ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.initiators import the_shell
from sessions_app.changes.approvals import break_glass
from sessions_app.changes.approved_deeds import ask_to_terminate
from sessions_app.changes.end_project import end_project
from sessions_app.changes.end_project_approval import ask_to_end
from sessions_app.models import Approval, ApprovalKind, ApprovalState, Revocation, Role, User
from sessions_app.models.reasons import Reason
from sessions_app.models.roles import PopulationKind
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_grant, a_person, initiator_of, open_session
from tests.portal.endings.scenes import phoenix_of
from tests.portal.signed_in import browser_of, browser_with_factor, text_of
from tests.sessions_app.changes.test_end_project import a_wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo", "_another_admin")]


@pytest.fixture
def _another_admin(issuer: object) -> None:
    a_grant(a_person("alma"), Role.ADMIN)


def asked(person: User, by: User, **fields: object) -> Approval:
    usual = {"reason": Reason.OFFBOARDING, "received_at": timezone.now(), "note": "left on friday"}
    order = Order(initiator=initiator_of(by), scope=OneUser(user_id=person.pk), **{**usual, **fields})
    return ask_to_terminate(person, order, by=initiator_of(by))


def page_for(reader: User, approval: Approval) -> str:
    response = browser_of(reader).get(f"/approvals/{approval.pk}/")
    assert response.status_code == 200
    return text_of(response)


def send(reader: User, approval: Approval, then: str, **form: str) -> object:
    return browser_with_factor(reader).post(f"/approvals/{approval.pk}/{then}/", form)


# --- What is shown --------------------------------------------------------------------------------


def test_the_page_says_what_is_asked_by_whom_why_and_how_long_it_waits(hana, sam, ada):
    open_session(ada)
    page = page_for(sam, asked(ada, hana, ticket="HR-7"))

    assert "End all of Ada Lindqvist’s access" in page
    assert "Hana Weiss asked at" in page
    assert "1 person, 1 session" in page
    assert "an Admin or somebody in Security is concerned" in page
    assert "29 min left" in page
    assert "left on friday" in page
    assert "HR-7" in page


def test_what_changed_since_is_said(hana, sam, ada):
    approval = asked(ada, hana)
    open_session(ada)

    assert "1 session now, 0 sessions when it was asked." in page_for(sam, approval)


def test_only_whoever_may_decide_is_offered_it(hana, ivan, sam, ada):
    approval = asked(ada, hana)

    assert "Approve: end 1 person’s access" in page_for(sam, approval)
    ivans, hanas = page_for(ivan, approval), page_for(hana, approval)
    assert "Approve: end" not in ivans + hanas
    assert "one of the two people must be in Security" in ivans
    assert "Withdraw" in hanas


def test_breaking_the_glass_is_offered_to_security_for_their_own_request_only(hana, sam, ada):
    assert "Go alone now" not in page_for(sam, asked(ada, hana))
    assert "Go alone now" in page_for(sam, asked(ada, sam))


def test_whom_it_is_about_finds_nothing(hana, ada):
    sid = a_person("sid")
    a_grant(sid, Role.SECURITY)
    approval = asked(sid, hana)

    browser = browser_of(sid)

    assert browser.get(f"/approvals/{approval.pk}/").status_code == 404
    assert "End all of" not in text_of(browser.get("/approvals/"))


def test_hr_sees_offboarding_and_their_own_and_nothing_else(hana, sam, ada):
    theirs = asked(ada, sam, reason=Reason.SECURITY_INCIDENT)
    leaving = asked(ada, sam)

    browser = browser_of(hana)

    assert browser.get(f"/approvals/{theirs.pk}/").status_code == 404
    assert browser.get(f"/approvals/{leaving.pk}/").status_code == 200


def test_a_role_for_another_country_sees_nothing(hana, ada):
    abroad = a_person("abroad")
    a_grant(abroad, Role.SECURITY, population_kind=PopulationKind.COUNTRY, population_value="SG")
    approval = asked(ada, hana)

    browser = browser_with_factor(abroad)

    assert browser.get(f"/approvals/{approval.pk}/").status_code == 404
    assert browser.post(f"/approvals/{approval.pk}/approve/").status_code == 404


def test_an_auditor_reads_and_decides_nothing(hana, aude, ada):
    approval = asked(ada, hana)

    page = page_for(aude, approval)

    assert "Approve: end" not in page
    assert "left on friday" not in page
    assert send(aude, approval, "approve").status_code == 403


def test_the_list_has_what_waits_what_is_to_review_and_what_was_decided(hana, ivan, sam, ada):
    browser = browser_of(ivan)
    nothing = text_of(browser.get("/approvals/"))
    asked(ada, hana)
    alone = asked(ada, sam)
    break_glass(alone, by=initiator_of(sam), reason="nobody else is awake")

    page = text_of(browser.get("/approvals/"))

    assert "Nothing waits." in nothing
    assert "To be reviewed" in page
    assert page.count("End all of Ada Lindqvist’s access") >= 2


# --- What is done ---------------------------------------------------------------------------------


def test_approving_leads_back_to_it_with_the_receipt(hana, sam, ada):
    approval = asked(ada, hana)

    response = send(sam, approval, "approve")

    receipt = Revocation.objects.get().receipt
    assert response["Location"] == f"/approvals/{approval.pk}/"
    assert f"Receipt {receipt}" in page_for(sam, approval)
    assert "Sam Okoro" in page_for(hana, approval)


def test_approving_takes_a_second_factor_and_coming_back_decides_nothing(hana, sam, ada):
    approval = asked(ada, hana)
    browser_with_factor(sam)
    browser = browser_of(sam)

    to_prove = browser.post(f"/approvals/{approval.pk}/approve/", {"note": "spoke to her"})
    back = text_of(browser.get(f"/approvals/{approval.pk}/"))

    assert to_prove["Location"].startswith("/accounts/2fa/reauthenticate/?next=%2Fapprovals%2F")
    assert "spoke to her" in back
    assert not Revocation.objects.exists()


def test_whoever_comes_second_is_told_that_it_is_decided(hana, sam, ada):
    approval = asked(ada, hana)
    send(sam, approval, "approve")

    browser = browser_with_factor(sam)
    page = text_of(browser.post(f"/approvals/{approval.pk}/approve/", follow=True))

    assert "This does not wait any more" in page
    assert Revocation.objects.count() == 1


def test_declining_needs_a_note(hana, sam, ada):
    approval = asked(ada, hana)

    without = send(sam, approval, "decline", note="")
    send(sam, approval, "decline", note="she is on leave")

    assert without.status_code == 422
    assert "Say why you decline." in text_of(without)
    assert Approval.objects.get().state == ApprovalState.DECLINED


def test_going_alone_is_seen_by_the_others_and_reviewed_by_one_of_them(sam, ivan, ada):
    approval = asked(ada, sam)
    send(sam, approval, "break-glass", reason="nobody else is awake")

    shown = page_for(ivan, approval)
    send(ivan, approval, "review", verdict="not_justified", review_note="I was on call")

    assert "The review is due" in shown
    assert "nobody else is awake" in shown
    assert "it was not justified" in page_for(sam, approval)


def test_what_is_too_late_is_said_to_be(hana, sam, ada):
    approval = asked(ada, hana)
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    page = page_for(sam, approval)

    assert "Nobody approved in time" in page
    assert "Approve: end" not in page


# --- What stays of it -----------------------------------------------------------------------------


def test_the_receipt_names_who_approved_on_its_page_in_json_and_signed(hana, sam, ada):
    send(sam, asked(ada, hana), "approve")
    receipt, browser = Revocation.objects.get().receipt, browser_of(sam)

    page = text_of(browser.get(f"/revocations/{receipt}/"))
    version = text_of(browser.get(f"/revocations/{receipt}/v/1/"))
    document = browser.get(f"/revocations/{receipt}.json").json()

    assert "Second person" in page
    assert "Sam Okoro," in page
    assert "Approved by" in version
    assert document["second_person"]["name"] == "Sam Okoro"
    assert document["signed"]["document"]["second_person"]["id"] == str(sam.pk)


def test_the_receipt_says_that_security_went_alone(sam, ivan, ada):
    approval = asked(ada, sam)
    send(sam, approval, "break-glass", reason="nobody else is awake")
    receipt, browser = Revocation.objects.get().receipt, browser_of(sam)

    before = text_of(browser.get(f"/revocations/{receipt}/"))
    send(ivan, approval, "review", verdict="justified", review_note="it was night")
    after = text_of(browser.get(f"/revocations/{receipt}/"))

    assert "Nobody: Security went alone (Sam Okoro," in before
    assert "to be reviewed" in before
    assert "it was justified" in after
    assert "went alone at" in text_of(browser.get(f"/revocations/{receipt}/v/1/"))


def test_what_one_person_may_end_alone_names_no_second_one(ivan, ines):
    order = Order(
        initiator=initiator_of(ivan),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=ines.pk),
        received_at=timezone.now(),
    )
    receipt = revoke(order).receipt

    assert "Second person" not in text_of(browser_of(ivan).get(f"/revocations/{receipt}/"))


# --- Page by page -----------------------------------------------------------------------------------


def many_decided(by: User, about: User) -> None:
    now = timezone.now()
    Approval.objects.bulk_create(
        Approval(
            kind=ApprovalKind.TERMINATE,
            state=ApprovalState.WITHDRAWN,
            person=about,
            asked_by=by,
            asked_as={"kind": "user", "id": str(by.pk), "door": "page", "roles": []},
            asked_at=now - timedelta(minutes=number),
            expires_at=now,
            request={"number": number},
        )
        for number in range(120)
    )


def numbers_of(listed: object) -> list[int]:
    return [approval.request["number"] for approval in listed.page.object_list]


def test_what_was_decided_long_ago_is_reached_page_by_page(sam, ivan, ines):
    many_decided(ivan, ines)
    browser = browser_of(sam)

    first = browser.get("/approvals/")
    last = browser.get("/approvals/?show=decided&page=3")

    assert "1–50 of 120" in text_of(first)
    assert 'rel="next" href="?show=decided&amp;page=2"' in text_of(first)
    assert numbers_of(first.context["page"].decided) == list(range(50))
    assert numbers_of(last.context["page"].decided) == list(range(100, 120))
    assert "101–120 of 120" in text_of(last)
    assert 'href="/approvals/">' in text_of(last)


def test_paging_through_one_list_shows_that_one_alone(sam, hana, ivan, ines, ada):
    asked(ada, hana)
    many_decided(ivan, ines)

    page = browser_of(sam).get("/approvals/?show=decided&page=2").context["page"]

    assert [each.id for each in page.lists] == ["decided"]
    assert page.line == "1 waits."


def test_all_that_wait_are_counted_and_reached(sam, ivan, ines):
    many_decided(ivan, ines)
    Approval.objects.update(state=ApprovalState.WAITING, expires_at=timezone.now() + timedelta(minutes=5))

    page = browser_of(sam).get("/approvals/?show=waiting&page=3").context["page"]

    assert page.line == "120 wait."
    assert len(page.waiting.rows) == 20


@pytest.mark.parametrize("typed", ["?show=nothing&page=2", "?show=decided&page=-7", "?show=waiting&page=x"])
def test_an_address_nobody_gave_out_is_answered_with_what_there_is(sam, hana, ada, typed):
    asked(ada, hana)

    assert browser_of(sam).get(f"/approvals/{typed}").status_code == 200


# --- Overtaken --------------------------------------------------------------------------------------


def test_what_the_project_s_end_overtook_says_so_and_leads_to_what_ended_it(paula, ivan, sam, carlos):
    phoenix = phoenix_of(paula)
    approval = ask_to_end(phoenix, a_wish(), by=initiator_of(paula)).approval
    revocation = end_project(phoenix, a_wish(), by=the_shell()).revocation

    page = page_for(sam, approval)
    listed = text_of(browser_of(ivan).get("/approvals/"))
    late = send(ivan, approval, "approve")

    assert "Overtaken" in page
    assert "The project had ended without it, at" in page
    assert f"Receipt {revocation.receipt}" in page
    assert "Approve: end" not in page
    assert "Nothing waits." in listed
    assert late.headers["Location"] == f"/approvals/{approval.pk}/"
    assert Revocation.objects.count() == 1
