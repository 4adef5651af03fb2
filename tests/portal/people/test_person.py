"""The page of one person: what each role sees of their sessions, and how each session dies."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from portal.presenters.words import moment_words
from sessions_app.models import AsksHow, Role
from sessions_app.models.issuers import StartedFrom
from tests.factories import a_group, a_realm, an_application, an_identity, an_issuer, open_session
from tests.portal.signed_in import browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]

AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14) Firefox/140.0"


def page_for(reader, person, tab=""):
    return text_of(browser_of(reader).get(f"/people/{person.pk}/", {"tab": tab} if tab else {}))


def looks_at(person):
    return AuditEntry.objects.of_events("PE-110").about_person(person.pk)


# --- What is seen of where a session comes from ---------------------------------------------------


def test_hr_sees_application_kind_of_device_and_days_and_no_more(hana, ines, wiki):
    open_session(ines, wiki, user_agent=AGENT, address="203.0.113.7", place="Berlin, DE")

    page = page_for(hana, ines)

    assert "Mac, Firefox" in page
    assert "Last use is shown to the day." in page
    assert "203.0" not in page
    assert "Berlin" not in page
    assert "Macintosh" not in page
    assert "3 min ago" not in page


@pytest.mark.parametrize("who", ["ivan", "sam"])
def test_it_and_security_see_where_a_session_comes_from(who, request, ines, wiki):
    open_session(ines, wiki, user_agent=AGENT, address="203.0.113.7", place="Berlin, DE")

    page = page_for(request.getfixturevalue(who), ines)

    assert "203.0.113.7" in page
    assert "Berlin, DE" in page
    assert "3 min ago" in page


def test_an_auditor_sees_addresses_masked(aude, ines, wiki):
    open_session(ines, wiki, address="203.0.113.7", place="Berlin, DE")
    open_session(ines, wiki, address="2001:db8:aaaa::7", place="Berlin, DE")

    page = page_for(aude, ines)

    assert "203.0.•.•" in page
    assert "2001:db8:•" in page
    assert "113.7" not in page
    assert "Berlin" not in page
    assert "3 min ago" not in page


def test_an_admin_sees_the_person_and_no_sessions(ada, ines, wiki):
    open_session(ines, wiki)

    page = page_for(ada, ines)

    assert "Ines Almeida" in page
    assert "Live sessions" not in page
    assert "Wiki" not in page
    assert not looks_at(ines).exists()


# --- How it dies ----------------------------------------------------------------------------------


def test_each_session_says_how_it_dies(hana, ines, wiki, payroll):
    until = timezone.now().replace(microsecond=0) + timedelta(minutes=41)
    legacy = an_application("legacy", name="Legacy ERP", asks=AsksHow.NOT_AT_ALL)
    gateway = an_application("gateway", name="Gateway", asks=AsksHow.VERDICT)
    open_session(ines, wiki, gateway)
    open_session(ines, payroll)
    open_session(ines, legacy, token_expires_at=until)
    open_session(ines)

    page = page_for(hana, ines)

    assert "asks us on every request (gateway, guard)" in page
    assert "Within 30 s" in page
    assert f"ends by itself at {moment_words(until)}" in page
    assert "wherever it asks us; no application is known" in page


def test_a_session_without_an_id_ends_only_with_the_whole_person(ivan, ines, wiki):
    open_session(ines, wiki, sid=None)

    page = page_for(ivan, ines)

    assert "ends only with the whole person" in page
    assert "End this session</button>" not in page


def test_an_issuer_that_gives_no_start_time_carries_its_warning(hana, ines):
    an_issuer("https://weak.example", name="Weak sign-in", started_from=StartedFrom.IAT)

    assert "Weak sign-in says when a token was made, not when the person signed in." in page_for(hana, ines)


# --- Looking is recorded --------------------------------------------------------------------------


def test_opening_the_sessions_is_an_entry_once_in_ten_minutes_per_reader(hana, ivan, ines):
    browser = browser_of(hana)

    browser.get(f"/people/{ines.pk}/")
    browser.get(f"/people/{ines.pk}/")
    browser_of(ivan).get(f"/people/{ines.pk}/")

    assert sorted(looks_at(ines).values_list("initiator_id", flat=True)) == sorted(
        [str(hana.pk), str(ivan.pk)]
    )


def test_looking_at_oneself_or_at_another_tab_is_no_entry(hana, ines):
    browser = browser_of(hana)

    browser.get(f"/people/{hana.pk}/")
    browser.get(f"/people/{ines.pk}/", {"tab": "access"})

    assert not AuditEntry.objects.of_events("PE-110").exists()


# --- The other tabs -------------------------------------------------------------------------------


def test_access_shows_groups_identities_of_every_realm_and_roles_to_those_who_may(ada, hana, ines):
    a_group("finance", ines)
    a_realm("partners")
    an_identity(ines, realm="partners", person_id="partner-7")

    admins, hrs = page_for(ada, ines, "access"), page_for(hana, ines, "access")

    assert "finance" in admins
    assert "Partners" in admins
    assert "partner-7" in admins
    assert "Roles in Curfew" in admins
    assert "Partners" in hrs
    assert "partner-7" not in hrs
    assert "Roles in Curfew" not in hrs


def test_the_timeline_shows_each_role_what_it_may_read(aude, hana, ivan, ines):
    terminate(browser_of(ivan), ines)

    assert "Ivan Petrov ended the access of Ines Almeida" in page_for(aude, ines, "timeline")
    assert "Ivan Petrov ended the access" not in page_for(hana, ines, "timeline")


def test_revocations_are_listed_as_far_as_receipts_may_be_opened(hana, ivan, ines):
    terminate(browser_of(ivan), ines)

    assert "Open receipt" in page_for(ivan, ines, "revocations")
    assert "No revocations" in page_for(hana, ines, "revocations")


# --- What can be done -----------------------------------------------------------------------------


def test_a_blocked_person_leads_to_the_receipt_and_to_whoever_can_undo_it(hana, ivan, ines):
    terminate(browser_of(hana), ines)

    for_hr, for_it = page_for(hana, ines), page_for(ivan, ines)

    assert "Open receipt" in for_hr
    assert "IT or Security can allow sign-in again. Ask Ivan Petrov." in for_hr
    assert f"/people/{ines.pk}/allow-sign-in/" not in for_hr
    assert f"/people/{ines.pk}/allow-sign-in/" in for_it
    assert "Terminate now" not in for_it


def test_ending_a_privileged_person_is_offered_to_whoever_may_ask_for_it(ivan, sam, ada):
    assert "Terminate now" in page_for(ivan, ada)
    assert "Terminate now" in page_for(sam, ada)


def test_an_auditor_has_no_buttons(aude, ines, wiki):
    open_session(ines, wiki)

    page = page_for(aude, ines)

    assert "Terminate now" not in page
    assert "End this session" not in page


@pytest.mark.parametrize("address", ["/people/{}/", "/people/{}/terminate/", "/people/{}/allow-sign-in/"])
def test_somebody_unknown_is_not_found(address, ivan):
    assert browser_of(ivan).get(address.format(uuid.uuid4())).status_code == 404


@pytest.mark.parametrize("role", [Role.HR, Role.IT, Role.AUDITOR])
def test_hostile_texts_of_a_person_are_escaped_on_every_tab(role, request, ines, wiki):
    reader = request.getfixturevalue({Role.HR: "hana", Role.IT: "ivan", Role.AUDITOR: "aude"}[role])
    ines.display_name, ines.job_title = "<script>n</script>\u202eX", "<img src=x onerror=alert(1)>"
    ines.department = "D" * 190 + "<b>"
    ines.save()
    open_session(ines, wiki, user_agent="<script>u</script>\u202e" + "U" * 900, place="<i>P</i>")

    for tab in ("sessions", "access", "timeline", "revocations"):
        page = page_for(reader, ines, tab)
        assert "<script>n" not in page
        assert "<script>u" not in page
        assert "<img" not in page
        assert "<i>P" not in page
        assert "\u202e" not in page
        assert "U" * 400 not in page
