"""Applications and enforcement points: saved with an entry that says what was there before."""

from __future__ import annotations

import pytest

from audit.events import Events
from audit.models import AuditEntry
from sessions_app.models import Application, EnforcementPoint, User
from tests.factories import an_application, an_enforcement_point
from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

WIKI = {"name": "Wiki", "key": "wiki", "asks": "verdict", "cache_seconds": "15", "token_seconds": "600"}
GATE = {
    "name": "gateway",
    "description": "nginx",
    "audiences": "https://a.example\n\nhttps://b.example",
    "unknown_policy": "closed",
    "mode": "enforce",
    "cache_seconds": "0",
}


def test_an_application_is_added(ada: User):
    response = browser_of(ada).post("/settings/applications/new/", WIKI)

    application = Application.objects.get(key="wiki")
    assert response.status_code == 303
    assert (application.asks, application.cache_seconds, application.token_seconds) == ("verdict", 15, 600)


def test_a_change_of_an_application_is_recorded_with_what_was_there_before(ada: User):
    application = an_application("wiki", name="Wiki", cache_seconds=0)

    browser_of(ada).post(f"/settings/applications/{application.pk}/", WIKI)

    entry = AuditEntry.objects.of_events(Events.FIELDS_CHANGED.code).get(initiator_id=str(ada.pk))
    assert entry.changes["cache_seconds"] == ["0", "15"]


def test_two_applications_cannot_have_one_key(ada: User):
    an_application("wiki")

    response = browser_of(ada).post("/settings/applications/new/", WIKI)

    assert response.status_code == 422
    assert "already exists" in response.content.decode()


def test_the_list_says_what_cannot_be_cut(ivan: User):
    an_application("erp", name="Legacy ERP", asks="not_at_all")

    assert "Cannot be cut" in browser_of(ivan).get("/settings/applications/").content.decode()


def test_a_point_is_added_with_its_audiences(ada: User):
    response = browser_of(ada).post("/settings/enforcement-points/new/", GATE)

    point = EnforcementPoint.objects.get(name="gateway")
    assert response.status_code == 303
    assert point.audiences == ["https://a.example", "https://b.example"]


def test_a_point_is_edited_in_place(ada: User):
    point = an_enforcement_point("gateway")

    page = browser_of(ada).get(f"/settings/enforcement-points/{point.pk}/edit/").content.decode()
    browser_of(ada).post(f"/settings/enforcement-points/{point.pk}/edit/", {**GATE, "cache_seconds": "3"})

    point.refresh_from_db()
    assert 'value="gateway"' in page
    assert point.cache_seconds == 3


@pytest.mark.parametrize("name", ["not a slug", "", "x" * 200])
def test_a_name_that_no_address_could_carry_is_refused(name: str, ada: User):
    assert (
        browser_of(ada).post("/settings/enforcement-points/new/", {**GATE, "name": name}).status_code == 422
    )


@pytest.mark.parametrize("address", ["applications", "enforcement-points"])
def test_what_does_not_exist_is_404(address: str, ada: User):
    assert browser_of(ada).get(f"/settings/{address}/999999/").status_code == 404


def test_hostile_names_stay_text(ada: User):
    an_application("bold", name="<b>Bold</b>")

    assert "<b>Bold" not in browser_of(ada).get("/settings/applications/").content.decode()
