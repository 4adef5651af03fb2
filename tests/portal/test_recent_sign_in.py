"""What is dangerous asks who is sitting there, loses nothing that was typed, and does nothing by coming back."""

from __future__ import annotations

import pytest

from portal.recent_sign_in import KEPT_KEY, LONGEST_KEPT
from sessions_app.models import MachineCredential, Revocation, RoleGrant, User
from tests.factories import PASSWORD, with_password
from tests.portal.signed_in import HTMX, browser_of, browser_with_factor, filled_dialog, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]

LONG_AGO = 11.0
ORDER_KEY = "6f1c7b52-9c1e-4a0e-8d3f-0b5a4b0c9a11"


def test_a_sign_in_of_nine_minutes_ago_is_enough(hana, ines):
    assert terminate(browser_of(hana, minutes_ago=9), ines)["Location"].startswith("/revocations/")


def test_an_older_one_leads_to_the_password_and_ends_nothing(hana, ines):
    response = terminate(browser_of(with_password(hana), minutes_ago=LONG_AGO), ines, note="left on friday")

    assert response.status_code == 303
    assert response["Location"] == f"/accounts/reauthenticate/?next=%2Fpeople%2F{ines.pk}%2Fterminate%2F"
    assert not Revocation.objects.exists()


def test_coming_back_finds_the_dialog_filled_in_and_still_ends_nothing(hana, ines):
    browser = browser_of(with_password(hana), minutes_ago=LONG_AGO)
    asked = terminate(browser, ines, note="left on friday", ticket="HR-7")

    proved = browser.post(asked["Location"], {"password": PASSWORD})
    back = browser.get(proved["Location"])

    assert proved["Location"] == f"/people/{ines.pk}/terminate/"
    assert "left on friday" in text_of(back)
    assert "HR-7" in text_of(back)
    assert not Revocation.objects.exists()


def test_after_the_proof_the_same_form_is_sent_by_hand(hana, ines):
    browser = browser_of(with_password(hana), minutes_ago=LONG_AGO)
    form = filled_dialog(browser, ines)
    asked = browser.post(f"/people/{ines.pk}/terminate/", form)
    browser.post(asked["Location"], {"password": PASSWORD})

    assert browser.post(f"/people/{ines.pk}/terminate/", form)["Location"].startswith("/revocations/")


def test_what_was_typed_comes_back_once_and_only_there(hana, ines, otto):
    browser = browser_of(hana, minutes_ago=LONG_AGO)
    terminate(browser, ines, note="left on friday")

    elsewhere = browser.get(f"/people/{otto.pk}/terminate/")
    first, second = (browser.get(f"/people/{ines.pk}/terminate/") for _time in range(2))

    assert "left on friday" not in text_of(elsewhere)
    assert "left on friday" in text_of(first)
    assert "left on friday" not in text_of(second)


def test_after_ten_minutes_nothing_comes_back(hana, ines):
    browser = browser_of(hana, minutes_ago=LONG_AGO)
    terminate(browser, ines, note="left on friday")
    session = browser.session
    session[KEPT_KEY] = {**session[KEPT_KEY], "at": session[KEPT_KEY]["at"] - 601}
    session.save()

    assert "left on friday" not in text_of(browser.get(f"/people/{ines.pk}/terminate/"))
    assert KEPT_KEY not in browser.session


def test_htmx_takes_the_whole_browser_there(hana, ines):
    browser = browser_of(hana, minutes_ago=LONG_AGO)

    response = browser.post(f"/people/{ines.pk}/terminate/", filled_dialog(browser, ines), headers=HTMX)

    assert response["HX-Redirect"].startswith("/accounts/reauthenticate/?next=")


def test_who_has_a_second_factor_has_proved_nothing_with_the_password_alone(hana, ines):
    browser_with_factor(hana)

    asked = terminate(browser_of(hana), ines)

    assert asked["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert not Revocation.objects.exists()


def test_a_second_factor_of_just_now_is_enough(hana, ines):
    assert terminate(browser_with_factor(hana), ines)["Location"].startswith("/revocations/")


def test_secrets_and_large_forms_are_never_kept(hana, ines):
    browser = browser_of(hana, minutes_ago=LONG_AGO)

    terminate(browser, ines, password="hunter2-hunter2", code="123456")
    small = browser.session[KEPT_KEY]["typed"]
    browser.get(f"/people/{ines.pk}/terminate/")
    terminate(browser, ines, note="x" * LONGEST_KEPT)

    assert "hunter2" not in small
    assert "123456" not in small
    assert KEPT_KEY not in browser.session


@pytest.mark.parametrize(
    ("address", "form", "typed"),
    [
        (
            "/people/{person}/role/",
            {"keep": [], "note": "moves to billing", "order_key": ORDER_KEY},
            "moves to billing",
        ),
        ("/people/{person}/allow-sign-in/", {"reason": "came back on monday"}, "came back on monday"),
        (
            "/people/{person}/second-factor/",
            {"how": "waive", "reason": "came with her passport"},
            "came with her passport",
        ),
    ],
    ids=["change role", "allow sign-in again", "help with the second factor"],
)
def test_other_deeds_on_people_ask_too(address, form, typed, ivan, ines):
    browser, address = browser_of(ivan, minutes_ago=LONG_AGO), address.format(person=ines.pk)

    asked = browser.post(address, form)
    back = browser.get(address)

    assert asked["Location"].startswith("/accounts/reauthenticate/?next=%2Fpeople%2F")
    assert (back.status_code, typed in text_of(back)) == (200, True)


@pytest.mark.parametrize(
    ("at", "typed"),
    [
        ("/settings/roles/grant/{ines}/", {"role": "auditor", "reason": "covers for Aude in November"}),
        (
            "/settings/credentials/new/",
            {"name": "Payroll hook", "scopes": ["revocations:write"], "days": "7"},
        ),
        ("/people/{ines}/erase/", {"reason": "asked for it in writing"}),
    ],
    ids=["a role", "a credential", "erasing"],
)
def test_what_gives_power_or_takes_for_good_asks_first_and_brings_back_what_was_typed(ada, ines, at, typed):
    browser = browser_of(with_password(ada), minutes_ago=LONG_AGO)
    address = at.format(ines=ines.pk)

    asked = browser.post(address, typed)
    proved = browser.post(asked["Location"], {"password": PASSWORD})
    back = text_of(browser.get(proved["Location"]))

    assert proved["Location"] == address
    assert typed.get("name", typed.get("reason")) in back
    assert not RoleGrant.objects.filter(user=ines).exists()
    assert not MachineCredential.objects.exists()
    assert not User.objects.exclude(erased_at=None).exists()
