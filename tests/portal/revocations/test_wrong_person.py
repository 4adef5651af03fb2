"""This was the wrong person, as people meet it: HR says so, IT gives back, the receipt shows the second clock."""

from __future__ import annotations

import pytest

from sessions_app.models import Correction, Revocation, User
from tests.factories import a_grant, open_session
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def receipt_of(hana: User, ines: User) -> str:
    open_session(ines)
    terminate(browser_of(hana), ines)
    return f"/revocations/{Revocation.objects.get().receipt}/"


def say(browser, receipt, ines, **typed):
    form = {"person": str(ines.pk), "why": "the other Ines was meant", **typed}
    return browser.post(receipt + "wrong-person/", form, follow=True)


def test_from_the_word_of_hr_to_what_it_gave_back(hana, ivan, ines):
    receipt = receipt_of(hana, ines)
    assert "This was the wrong person" in text_of(browser_of(hana).get(receipt))

    said = text_of(say(browser_of(hana), receipt, ines))
    assert "IT and Security are asked" in said
    assert "Not given back yet" in said
    assert "the other Ines was meant" in said

    at_it = browser_of(ivan)
    address = receipt + f"wrong-person/{Correction.objects.get().pk}/give-back/"
    assert "Sessions and tokens that were ended: they stay dead" in text_of(at_it.get(address))
    done = text_of(at_it.post(address, {"note": "checked with HR"}, follow=True))
    assert "Given back. Old tokens stay dead." in done
    assert "The right to sign in" in done
    assert User.objects.get(pk=ines.pk).is_active


def test_hr_may_say_it_and_not_decide_it(hana, ines):
    receipt = receipt_of(hana, ines)
    say(browser_of(hana), receipt, ines)

    answer = browser_of(hana).post(receipt + f"wrong-person/{Correction.objects.get().pk}/give-back/", {})

    assert answer.status_code == 403


def test_an_auditor_sees_that_it_was_said_without_what_was_typed(hana, aude, ines):
    receipt = receipt_of(hana, ines)
    say(browser_of(hana), receipt, ines)

    page = text_of(browser_of(aude).get(receipt))

    assert "was the wrong person." in page
    assert "the other Ines was meant" not in page
    assert "Give back" not in page


def test_what_happened_must_be_said(hana, ines):
    receipt = receipt_of(hana, ines)

    answer = browser_of(hana).post(receipt + "wrong-person/", {"person": str(ines.pk), "why": ""})

    assert answer.status_code == 422
    assert "Say what happened." in text_of(answer)
    assert not Correction.objects.exists()


def test_somebody_outside_the_receipt_is_no_choice(hana, otto, ines):
    answer = say(browser_of(hana), receipt_of(hana, ines), otto)

    assert answer.status_code == 422
    assert not Correction.objects.exists()


def test_somebody_elses_receipt_does_not_exist_for_hr(hana, ivan, ines):
    open_session(ines)
    terminate(browser_of(ivan), ines)
    receipt = f"/revocations/{Revocation.objects.get().receipt}/"

    assert say(browser_of(hana), receipt, ines).status_code == 404


def test_the_second_click_finds_that_it_was_said(hana, ivan, ines):
    receipt = receipt_of(hana, ines)
    say(browser_of(hana), receipt, ines)

    again = say(browser_of(ivan), receipt, ines)

    assert "it was said already" in text_of(again)
    assert Correction.objects.count() == 1


def test_what_was_decided_is_not_decided_again(hana, ivan, sam, ines):
    receipt = receipt_of(hana, ines)
    say(browser_of(hana), receipt, ines)
    address = receipt + f"wrong-person/{Correction.objects.get().pk}/"
    browser_of(ivan).post(address + "give-back/", {})

    assert browser_of(sam).post(address + "decline/", {"note": "was right"}).status_code == 409


def test_nobody_gives_back_to_themselves(hana, ines):
    receipt = receipt_of(hana, ines)
    say(browser_of(hana), receipt, ines)
    User.objects.filter(pk=ines.pk).update(sign_in_blocked_at=None)
    a_grant(ines, "it")

    answer = browser_of(ines).post(receipt + f"wrong-person/{Correction.objects.get().pk}/give-back/", {})

    assert answer.status_code == 404


def test_the_dialogs_are_parts_for_htmx(hana, ines):
    receipt = receipt_of(hana, ines)

    assert "<html" not in browser_of(hana).get(receipt + "wrong-person/", headers=HTMX).content.decode()
