"""One's own sessions on all applications: ending all others at once, and those that are over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.portal_sessions import SID_KEY
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Application, Revocation, Session, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneSession, Order
from tests.factories import initiator_of, open_session
from tests.portal.signed_in import browser_of, text_of, verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def test_all_others_end_at_once_and_the_one_in_use_stays(otto: User, ines: User, wiki: Application):
    # Given somebody signed in here and at two other places, one of which has no session id.
    browser = browser_of(otto)
    first, second = open_session(otto, wiki), open_session(otto)
    without_id = open_session(otto, sid=None)
    of_another = open_session(ines)

    # When they end all others.
    page = text_of(browser.post("/me/sessions/end-others/"))

    # Then one receipt covers the two, and this browser goes on.
    revocation = Revocation.objects.get()
    assert revocation.receipt in page
    assert (revocation.sessions_ended, revocation.reason) == (2, Reason.USER_REQUEST)
    assert [verdict_on(each) for each in (first, second)] == [Outcome.REVOKED] * 2
    assert verdict_on(of_another) is Outcome.ALLOWED
    assert Session.objects.get(pk=without_id.pk).is_open
    assert Session.objects.get(sid=browser.session[SID_KEY]).is_open
    assert browser.get("/me/").status_code == 200


def test_with_no_others_there_is_nothing_to_click_and_nothing_happens(otto: User):
    browser = browser_of(otto)

    answer = browser.post("/me/sessions/end-others/")

    assert answer.url == "/me/"
    assert not Revocation.objects.exists()
    assert "end-others" not in text_of(browser.get("/me/"))


def test_sessions_that_are_over_are_listed_for_ninety_days_with_the_reason(otto: User, wiki: Application):
    now = timezone.now()
    open_session(otto, wiki, sid="sid-signed-out-aaa", ended_at=now - timedelta(days=3))
    open_session(otto, wiki, sid="sid-expired-bbb", expires_at=now - timedelta(days=5))
    open_session(otto, wiki, sid="sid-old-ccc", ended_at=now - timedelta(days=91))
    browser = browser_of(otto)
    own = open_session(otto, wiki, sid="sid-own-ddd")
    browser.post(f"/me/sessions/{own.pk}/end/", {"reason": "lost_device", "order_key": "own"})

    page = text_of(browser.get("/me/"))

    assert "…aaa" in page
    assert "…bbb" in page
    assert "…ccc" not in page
    assert "You ended it: Lost device" in page
    assert Revocation.objects.get().receipt in page


def test_what_somebody_else_ended_says_why_as_at_the_next_sign_in_and_shows_no_receipt_of_theirs(
    otto: User, sam: User
):
    session = open_session(otto)
    order = Order(
        initiator=initiator_of(sam),
        reason=Reason.SECURITY_INCIDENT,
        scope=OneSession(session_id=session.pk),
        received_at=timezone.now(),
    )
    receipt = revoke(order).receipt

    page = text_of(browser_of(otto).get("/me/"))

    assert receipt not in page
    assert "Ended for you: Security incident" in page
