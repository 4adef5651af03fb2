"""Observe before enforce: the point's page says what enforcing would have refused, and switching is recorded."""

from __future__ import annotations

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from sessions_app.models import EnforcementPoint, PointTally
from tests.factories import an_enforcement_point
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def tally(point: EnforcementPoint, outcome: str, cause: str, times: int, *, enforced: bool) -> None:
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    PointTally.objects.create(
        point=point, hour=hour, outcome=outcome, cause=cause, times=times, was_enforced=enforced, last_at=now
    )


def page_of(user, point: EnforcementPoint) -> str:
    return text_of(browser_of(user).get(f"/settings/enforcement-points/{point.pk}/"))


def mode_of(point: EnforcementPoint) -> str:
    return f"/settings/enforcement-points/{point.pk}/mode/"


def test_what_enforcing_would_have_refused_is_told_by_cause(ada):
    point = an_enforcement_point("trial", mode="observe")
    tally(point, "revoked", "user_blocked", 3, enforced=False)
    tally(point, "invalid", "malformed", 7, enforced=False)
    tally(point, "allowed", "", 90, enforced=False)

    page = page_of(ada, point)

    assert "This point only observes: it refuses nothing" in page
    assert page.index("it is no token") < page.index("sign-in is blocked")
    assert "Allowed: 90 in the last day" in page


def test_a_point_nobody_asked_at_says_so(ada):
    assert "Nobody has asked at this point yet." in page_of(ada, an_enforcement_point("new"))


def test_whoever_sees_the_configuration_sees_the_page_and_only_an_admin_can_switch(ivan, ada):
    point = an_enforcement_point("trial", mode="observe")
    tally(point, "revoked", "user_blocked", 3, enforced=False)

    page = page_of(ivan, point)

    assert "sign-in is blocked" in page
    assert "Start enforcing" not in page
    assert browser_of(ivan).post(mode_of(point), {"mode": "enforce"}).status_code == 403
    assert "Start enforcing" in page_of(ada, point)


def test_that_the_blacklist_did_not_answer_is_told_in_words_and_with_its_cause(ivan):
    point = an_enforcement_point("gateway")
    tally(point, "unknown", "unavailable:TimeoutError", 2, enforced=True)

    assert "the blacklist did not answer (TimeoutError)" in page_of(ivan, point)


def test_before_enforcing_begins_it_is_said_what_will_be_refused(ada):
    point = an_enforcement_point("trial", mode="observe")
    tally(point, "revoked", "user_blocked", 3, enforced=False)
    tally(point, "invalid", "expired", 4, enforced=False)

    question = text_of(browser_of(ada).get(mode_of(point)))

    assert "Start enforcing at trial?" in question
    assert "Would have been refused, last day</dt><dd>7</dd>" in question


@pytest.mark.parametrize(("before", "after"), [("observe", "enforce"), ("enforce", "observe")])
def test_switching_is_a_step_of_its_own_and_recorded_with_what_was_there_before(ada, before, after):
    point = an_enforcement_point("trial", mode=before)

    answer = browser_of(ada).post(mode_of(point), {"mode": after})

    point.refresh_from_db()
    changed = AuditEntry.objects.filter(event_code="CH-002").latest("pk")
    assert answer.status_code == 303
    assert point.mode == after
    assert changed.changes["mode"] == [before, after]


@pytest.mark.parametrize("mode", ["", "off", "ENFORCE"])
def test_a_mode_that_is_none_changes_nothing(ada, mode):
    point = an_enforcement_point("trial")

    assert browser_of(ada).post(mode_of(point), {"mode": mode}).status_code == 422
    assert EnforcementPoint.objects.get().mode == "enforce"


def test_editing_the_rest_leaves_the_mode_alone(ada):
    point = an_enforcement_point("trial", mode="observe")
    form = {"name": "trial", "unknown_policy": "closed", "mode": "enforce", "cache_seconds": "3"}

    browser_of(ada).post(f"/settings/enforcement-points/{point.pk}/edit/", form)

    point.refresh_from_db()
    assert (point.mode, point.cache_seconds) == ("observe", 3)


@pytest.mark.parametrize("header", ["Authorization", "x y", "X-\u00e9", "Cookie", "X_Token"])
def test_a_header_that_cannot_be_one_is_refused(ada, header):
    point = an_enforcement_point("trial")
    form = {"name": "trial", "unknown_policy": "closed", "mode": "enforce", "cache_seconds": "0"}

    answer = browser_of(ada).post(
        f"/settings/enforcement-points/{point.pk}/edit/", {**form, "token_header": header}
    )

    assert answer.status_code == 422
