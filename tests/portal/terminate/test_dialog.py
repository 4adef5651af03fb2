"""The question before access ends: what it says, to whom, and what it does not claim."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.presenters.words import moment_words
from sessions_app.models import AsksHow
from sessions_app.revocation import health
from tests.factories import a_person, an_application, open_session
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def dialog_for(reader, person, **more):
    return text_of(browser_of(reader).get(f"/people/{person.pk}/terminate/", **more))


def test_it_names_the_person_counts_and_says_what_cannot_be_cut(hana, ines, wiki, payroll):
    until = timezone.now().replace(microsecond=0) + timedelta(minutes=41, seconds=30)
    legacy = an_application("legacy", name="Legacy ERP", asks=AsksHow.NOT_AT_ALL)
    open_session(ines, wiki)
    open_session(ines, payroll)
    open_session(ines, legacy, token_expires_at=until)
    open_session(ines)

    dialog = dialog_for(hana, ines)

    assert "End all of Ines Almeida’s access now?" in dialog
    assert "4 sessions in 3 applications." in dialog
    assert "1 session, at once" in dialog
    assert "1 session, within 30 s" in dialog
    assert "<strong>Legacy ERP cannot be cut.</strong>" in dialog
    assert f"Its token works until {moment_words(until)} UTC, 41 min from now." in dialog
    assert "1 session, wherever it asks us" in dialog
    assert "Terminate 4 sessions</button>" in dialog
    assert "Recorded as Hana Weiss, HR" in dialog


def test_htmx_gets_the_dialog_alone_and_a_browser_without_it_a_page(hana, ines):
    part = dialog_for(hana, ines, headers=HTMX)
    page = dialog_for(hana, ines)

    assert part.startswith("<form")
    assert 'hx-target="#dialog"' in part
    assert "<html" in page
    assert f'method="post" action="/people/{ines.pk}/terminate/"' in page


def test_hr_has_one_reason_and_nothing_to_pick(hana, ines):
    dialog = dialog_for(hana, ines)

    assert '<strong>Offboarding.</strong> <span class="soft">Blocks sign-in.</span>' in dialog
    assert 'type="radio"' not in dialog
    assert "Security incident" not in dialog


def test_reasons_of_other_roles_come_last_with_who_may_use_them(ivan, sam, ines):
    dialog = dialog_for(ivan, ines)

    assert "Only Security. Ask Sam Okoro." in dialog
    assert 'value="security_incident"' not in dialog
    assert 'value="canary"' not in dialog
    assert dialog.index("Only Security") > dialog.index('value="other"')
    assert 'value="security_incident"' in dialog_for(sam, ines)


def test_effects_say_what_really_happens_today(sam, ines):
    dialog = dialog_for(sam, ines)

    assert dialog.count("Blocks sign-in.") == 1
    assert dialog.count("A second factor is needed next.") == 2
    assert dialog.count("They are told at their next sign-in here.") == 3


def test_offboarding_is_chosen_beforehand_only_on_the_last_day(ivan, ines):
    assert "checked" not in dialog_for(ivan, ines)

    ines.last_day = timezone.now().date()
    ines.save()

    assert 'value="offboarding" checked' in dialog_for(ivan, ines)


@pytest.mark.parametrize("who", ["hana", "ivan", "sam"])
def test_for_a_privileged_person_the_dialog_asks_for_a_second_one(who, request, ada, sam):
    response = browser_of(request.getfixturevalue(who)).get(f"/people/{ada.pk}/terminate/")

    page = text_of(response)
    assert response.status_code == 200
    assert "Ask to end all of Ada Lindqvist’s access?" in page
    assert "Somebody else decides within 30 minutes, and one of you two is in Security." in page
    assert "Ask for a second person" in page


def test_oneself_is_refused(hana):
    response = browser_of(hana).get(f"/people/{hana.pk}/terminate/")

    assert response.status_code == 403
    assert "Nobody ends their own access." in text_of(response)


def test_a_refusal_asked_for_by_htmx_leads_to_its_own_page(ivan):
    response = browser_of(ivan).get(f"/people/{ivan.pk}/terminate/", headers=HTMX)

    assert response.headers["HX-Redirect"] == f"/people/{ivan.pk}/terminate/"


@pytest.mark.parametrize("who", ["aude", "ada", "paula", "otto"])
def test_roles_without_the_right_are_refused(who, request, ines):
    browser = browser_of(request.getfixturevalue(who))

    assert browser.get(f"/people/{ines.pk}/terminate/").status_code == 403
    assert browser.post(f"/people/{ines.pk}/terminate/", {}).status_code == 403


def test_somebody_ended_before_is_said_to_be(hana, ivan, ines):
    terminate(browser_of(hana), ines)

    assert "Hana Weiss ended this access at" in dialog_for(ivan, ines)


def test_a_hostile_name_is_escaped(hana, issuer):
    mallory = a_person("mallory", display_name="<script>alert(1)</script>\u202eexe")

    dialog = dialog_for(hana, mallory)

    assert "<script>alert" not in dialog
    assert "\u202e" not in dialog


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_while_the_blacklist_is_away_it_does_not_promise_at_once(hana, ines, redis_server, headers):
    said = "Until then nobody is cut off by it."
    before = dialog_for(hana, ines, headers=headers)

    redis_server.flush()
    health.forget_light()
    after = dialog_for(hana, ines, headers=headers)

    assert said not in before
    assert said in after
