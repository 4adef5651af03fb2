"""The list of revocations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.models import Revocation
from tests.factories import a_person, open_session
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


@pytest.fixture
def two(hana, ivan, ines, carlos, wiki):
    """Hana ended Ines (offboarding), Ivan ended Carlos (a lost device)."""
    open_session(carlos, wiki)
    terminate(browser_of(hana), ines)
    terminate(browser_of(ivan), carlos, reason="lost_device")


def people_on(response):
    return [row.person for row in response.context["revocations"].rows]


def test_newest_first_and_within_what_the_role_may_see(two, hana, ivan, sam, aude):
    for reader in (ivan, sam, aude):
        assert people_on(browser_of(reader).get("/revocations/")) == ["Carlos Vega", "Ines Almeida"]
    assert people_on(browser_of(hana).get("/revocations/")) == ["Ines Almeida"]


def test_filters_are_in_the_address(two, ivan):
    browser = browser_of(ivan)

    assert people_on(browser.get("/revocations/", {"reason": "offboarding"})) == ["Ines Almeida"]
    assert people_on(browser.get("/revocations/", {"mine": "yes"})) == ["Carlos Vega"]
    assert people_on(browser.get("/revocations/", {"state": "not-yet"})) == []
    assert people_on(browser.get("/revocations/", {"state": "cut-off", "q": "carlos"})) == ["Carlos Vega"]


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("1d", ["Carlos Vega"]),
        ("7d", ["Carlos Vega", "Ines Almeida"]),
        ("nonsense", ["Carlos Vega", "Ines Almeida"]),
    ],
)
def test_it_is_narrowed_to_what_was_decided_lately(since, found, two, ivan):
    of_ines = Revocation.objects.filter(reason="offboarding")
    of_ines.update(decided_at=timezone.now() - timedelta(days=6))

    page = browser_of(ivan).get("/revocations/", {"since": since})

    assert people_on(page) == found


def test_a_receipt_number_leads_straight_to_its_receipt(two, ivan):
    receipt = Revocation.objects.earliest("decided_at").receipt

    answer = browser_of(ivan).get("/revocations/", {"q": receipt.lower().replace("-", " ")})

    assert answer.headers["Location"] == f"/revocations/{receipt}/"


def test_a_receipt_out_of_reach_is_not_found(two, hana):
    receipt = Revocation.objects.latest("decided_at").receipt

    answer = browser_of(hana).get("/revocations/", {"q": receipt})

    assert answer.status_code == 200
    assert "No revocation found" in text_of(answer)


def test_htmx_gets_the_part(two, ivan):
    part = browser_of(ivan).get("/revocations/", headers=HTMX).content.decode()

    assert part.strip().startswith('<div class="stack" id="revocations"')


@pytest.mark.parametrize("who", ["ada", "otto"])
def test_roles_without_the_right_are_refused(who, request):
    assert browser_of(request.getfixturevalue(who)).get("/revocations/").status_code == 403


def test_many_cost_as_many_queries_as_one(ivan, issuer, django_assert_max_num_queries):
    browser = browser_of(ivan)
    for _ in range(12):
        terminate(browser, a_person())

    with django_assert_max_num_queries(20):
        response = browser.get("/revocations/")

    assert len(response.context["revocations"].rows) == 12
