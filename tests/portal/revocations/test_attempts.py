"""Attempts after the cutoff, on the receipt and on the person: where they came from only for who may see it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from sessions_app.models import Attempt
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import initiator_of
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


@pytest.fixture
def receipt(sam, ines) -> str:
    order = Order(
        initiator=initiator_of(sam),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=ines.pk),
        received_at=timezone.now(),
    )
    return revoke(order).receipt


@pytest.fixture
def attempt(receipt, ines, wiki) -> Attempt:
    now = timezone.now()
    return Attempt.objects.create(
        fingerprint="f",
        receipt=receipt,
        user=ines,
        application=wiki,
        where="wiki-gateway",
        cause="user_blocked",
        address="203.0.113.9",
        first_at=now,
        last_at=now,
        times=4,
    )


def test_the_receipt_says_when_nobody_tried(sam, receipt):
    assert "Nobody tried to use what was ended" in text_of(browser_of(sam).get(f"/revocations/{receipt}/"))


def test_the_receipt_and_the_person_tell_where_and_why(sam, ines, attempt):
    browser = browser_of(sam)

    for page in (f"/revocations/{attempt.receipt}/", f"/people/{ines.pk}/"):
        text = text_of(browser.get(page))
        assert "Attempts after the cutoff" in text
        assert "Wiki" in text
        assert "sign-in is blocked" in text
        assert "203.0.113.9" in text


def test_an_auditor_sees_the_address_masked(aude, attempt):
    text = text_of(browser_of(aude).get(f"/revocations/{attempt.receipt}/"))

    assert "203.0.•.•" in text
    assert "203.0.113.9" not in text


def test_hr_sees_that_it_was_tried_and_not_from_where(hana, ines, attempt):
    text = text_of(browser_of(hana).get(f"/people/{ines.pk}/"))

    assert "Attempts after the cutoff" in text
    assert "203.0" not in text
