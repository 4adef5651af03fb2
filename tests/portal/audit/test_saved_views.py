"""Saved views: one's own and shared ones, each change an entry, and never more than the reader's own reach."""

from __future__ import annotations

import pytest

from audit.events import Events
from audit.models import AuditEntry, AuditSubject
from portal.models import SavedView
from portal.saved_views import MOST_VIEWS
from sessions_app.models import User
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def saved_by(user: User, **typed: str) -> SavedView:
    form = {"name": "Leavers", "line": "reason:offboarding created:7d", **typed}
    response = browser_of(user).post("/audit/views/save/", form)
    assert response.status_code == 303
    return SavedView.objects.get(owner=user, name=form["name"])


def test_saving_leads_back_to_the_filters_and_is_an_entry(aude: User):
    response = browser_of(aude).post(
        "/audit/views/save/", {"name": " Leavers ", "line": "reason:offboarding created:7d"}
    )

    assert response.url == "/audit/?q=reason%3Aoffboarding+created%3A7d"
    entry = AuditEntry.objects.of_events(Events.VIEW_SAVED.code).get()
    assert (entry.initiator_id, entry.target_kind) == (str(aude.pk), "saved_view")
    assert entry.details == {"shared": "no"}


def test_the_page_offers_to_save_exactly_its_filters(aude: User):
    page = text_of(browser_of(aude).get("/audit/views/save/?q=actor:ivan+created:7d"))

    assert 'value="actor:ivan created:7d"' in page


def test_a_view_of_the_same_name_is_replaced(aude: User):
    saved_by(aude)
    saved_by(aude, line="actor:ivan")

    assert SavedView.objects.get(owner=aude).line == "actor:ivan"


def test_a_private_view_is_nobody_elses_business(aude: User, ivan: User):
    view = saved_by(aude, name="Secret plan")
    browser = browser_of(ivan)

    assert "Secret plan" not in text_of(browser.get("/audit/views/"))
    assert "Secret plan" not in text_of(browser.get("/audit/"))
    assert browser.post(f"/audit/views/{view.pk}/delete/").status_code == 404
    assert browser.post(f"/audit/views/{view.pk}/share/", {"shared": "on"}).status_code == 404


def test_what_a_private_view_is_called_and_asks_stands_in_no_entry(aude: User, sam: User):
    view = saved_by(aude, name="Secret plan", line="actor:ivan created:7d")
    browser_of(aude).post(f"/audit/views/{view.pk}/delete/")

    entries = AuditEntry.objects.filter(event_code__startswith="VW")
    kept = AuditSubject.objects.filter(entry__in=entries).values_list("kind", flat=True)
    assert sorted(set(kept)) == ["address", "name"]
    page = text_of(browser_of(sam).get("/audit/", {"q": "action:VW"}))
    assert f"saved view {view.pk}" in page
    assert "Secret plan" not in page
    named = {"q": 'target:"Secret plan" created:any'}
    assert "No entry matches" in text_of(browser_of(sam).get("/audit/", named))


def test_what_others_see_stands_beside_its_entries(aude: User):
    view = saved_by(aude, name="Leavers", is_shared="on")
    browser_of(aude).post(f"/audit/views/{view.pk}/share/", {"shared": ""})

    saved, unshared = AuditEntry.objects.filter(event_code__startswith="VW").order_by("pk")
    expected = {"label": "Leavers", "filter": "reason:offboarding created:7d"}
    assert dict(saved.subjects.values_list("kind", "value")).items() >= expected.items()
    assert dict(unshared.subjects.values_list("kind", "value")).items() >= expected.items()


def test_a_view_that_is_private_again_is_deleted_without_its_name(aude: User):
    view = saved_by(aude, name="Leavers", is_shared="on")
    browser_of(aude).post(f"/audit/views/{view.pk}/share/", {"shared": ""})

    browser_of(aude).post(f"/audit/views/{view.pk}/delete/")

    deleted = AuditEntry.objects.of_events(Events.VIEW_DELETED.code).get()
    assert not deleted.subjects.filter(kind__in=["label", "filter"]).exists()


def test_a_shared_view_is_seen_by_others_and_changed_by_its_owner_only(aude: User, sam: User):
    view = saved_by(aude, is_shared="on")
    browser = browser_of(sam)

    assert "Leavers" in text_of(browser.get("/audit/"))
    assert "Aude" in text_of(browser.get("/audit/views/"))
    assert browser.post(f"/audit/views/{view.pk}/delete/").status_code == 404


def test_sharing_and_deleting_are_entries_each_once(aude: User):
    view = saved_by(aude)
    browser = browser_of(aude)

    for _time in range(2):
        browser.post(f"/audit/views/{view.pk}/share/", {"shared": "on"})
    browser.post(f"/audit/views/{view.pk}/delete/")

    codes = AuditEntry.objects.filter(event_code__startswith="VW").values_list("event_code", flat=True)
    assert sorted(codes) == ["VW-101", "VW-102", "VW-103"]
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"line": "whom:ines"}, "There is no filter"),
        ({"name": "\u202e"}, "cannot be read"),
        ({"name": "x" * 81}, "at most 80"),
        ({"line": "x" * 501}, "at most 500"),
    ],
)
def test_a_view_that_could_not_be_opened_is_not_kept(typed: dict[str, str], said: str, aude: User):
    response = browser_of(aude).post("/audit/views/save/", {"name": "n", "line": "", **typed})

    assert response.status_code == 422
    assert said in text_of(response)
    assert not SavedView.objects.exists()


def test_nobody_keeps_more_views_than_fifty(aude: User):
    SavedView.objects.bulk_create(SavedView(owner=aude, name=f"v{number}") for number in range(MOST_VIEWS))

    response = browser_of(aude).post("/audit/views/save/", {"name": "one more", "line": ""})

    assert response.status_code == 422
    assert "as many views as anybody may" in text_of(response)
