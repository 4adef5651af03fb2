"""Policies: an Admin changes them, others read them, and the trail says what was there before."""

from __future__ import annotations

import pytest

from audit.initiators import InitiatorKind
from audit.models import AuditEntry
from sessions_app.changes.blast_radius import Reach, Why, why_not_alone
from sessions_app.models import Policy
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]

A_POLICY = {
    "people_alone": "3",
    "staff_percent_alone": "100",
    "people_always_alone": "5",
    "sessions_alone": "500",
    "approval_minutes": "45",
    "extension_days_alone": "30",
    "manual_task_hours": "24",
    "contractors_without_project_lose_sign_in": "on",
}


@pytest.mark.parametrize("who", ["sam", "ivan", "aude"])
def test_those_who_live_by_it_read_it_and_change_nothing(who, request):
    browser = browser_of(request.getfixturevalue(who))

    page = text_of(browser.get("/settings/policies/"))

    assert "People one person may end alone" in page
    assert "/settings/policies/edit/" not in page
    assert browser.post("/settings/policies/edit/", A_POLICY).status_code == 403
    assert not Policy.objects.exists()


def test_a_change_counts_from_then_on_and_is_in_the_trail_with_what_was_before(ada):
    four = Reach(people=4, sessions=4)
    before = why_not_alone(four, InitiatorKind.USER)

    browser_of(ada).post("/settings/policies/edit/", A_POLICY)

    entry = AuditEntry.objects.get(event_code="CH-002")
    assert (before, why_not_alone(four, InitiatorKind.USER)) == ([], [Why.MANY_PEOPLE])
    assert entry.changes["people_alone"] == ["25", "3"]
    assert entry.initiator_id == str(ada.pk)


@pytest.mark.parametrize(
    ("field", "value"), [("people_alone", "0"), ("approval_minutes", "4"), ("staff_percent_alone", "101")]
)
def test_what_would_switch_the_rule_off_is_refused(field, value, ada):
    response = browser_of(ada).post("/settings/policies/edit/", {**A_POLICY, field: value})

    assert response.status_code == 422
    assert Policy.current().people_alone == 25


def test_an_old_sign_in_changes_nothing_and_keeps_what_was_typed(ada):
    browser = browser_of(ada, minutes_ago=11)

    asked = browser.post("/settings/policies/edit/", A_POLICY)

    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert 'value="45"' in text_of(browser.get("/settings/policies/edit/"))
    assert not Policy.objects.exists()
