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


def test_switching_to_enforce_is_recorded_with_what_was_there_before(ada):
    point = an_enforcement_point("trial", mode="observe")
    form = {
        "name": "trial",
        "description": "",
        "audiences": "",
        "unknown_policy": "closed",
        "cache_seconds": "0",
    }

    browser_of(ada).post(f"/settings/enforcement-points/{point.pk}/", {**form, "mode": "enforce"})

    point.refresh_from_db()
    changed = AuditEntry.objects.filter(event_code="CH-002").latest("pk")
    assert point.mode == "enforce"
    assert changed.changes["mode"] == ["observe", "enforce"]


@pytest.mark.parametrize("header", ["Authorization", "x y", "X-\u00e9", "Cookie", "X_Token"])
def test_a_header_that_cannot_be_one_is_refused(ada, header):
    point = an_enforcement_point("trial")
    form = {"name": "trial", "unknown_policy": "closed", "mode": "enforce", "cache_seconds": "0"}

    answer = browser_of(ada).post(
        f"/settings/enforcement-points/{point.pk}/", {**form, "token_header": header}
    )

    assert answer.status_code == 422
