"""Signing keys on the page: which signs, which waits, and a rotation that happens once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.events import Events
from audit.models import AuditEntry
from portal.presenters.signing_keys import key_rows
from sessions_app.models import SigningKey, User
from tests.oauth_client import an_app
from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

LISTING = "/settings/signing-keys/"
ROTATE = "/settings/signing-keys/rotate/"


def test_the_list_names_the_key_that_signs_and_nothing_private(ivan: User):
    an_app()
    key = SigningKey.objects.get()

    page = browser_of(ivan).get(LISTING).content.decode()

    assert key.kid in page
    assert "Signs" in page
    assert key.private_pem_encrypted not in page
    assert ROTATE not in page


def test_rotating_publishes_a_key_that_waits_for_its_turn(ada: User):
    an_app()
    old = SigningKey.objects.get()

    response = browser_of(ada).post(ROTATE, {"x": "1"})

    new, row_of_old = key_rows()
    assert (response.status_code, response.url) == (303, LISTING)
    assert (new.state, row_of_old.state) == ("waiting", "on")
    assert row_of_old.key == old
    drawn = AuditEntry.objects.of_events(Events.SIGNING_KEY_DRAWN.code).get(target_id=new.key.kid)
    assert drawn.initiator_id == str(ada.pk)


def test_rotating_twice_draws_one_key(ada: User):
    an_app()
    browser = browser_of(ada)

    browser.post(ROTATE, {"x": "1"})
    browser.post(ROTATE, {"x": "1"})

    assert SigningKey.objects.count() == 2


def test_a_key_goes_from_waiting_to_signing_to_published_to_over(ada: User):
    an_app()
    browser_of(ada).post(ROTATE, {"x": "1"})
    now = timezone.now()

    states = [
        [row.state for row in key_rows(now + later)]
        for later in (timedelta(0), timedelta(hours=2), timedelta(days=4))
    ]

    assert states == [["waiting", "on"], ["on", "off"], ["on", "ended"]]


def test_before_there_is_a_key_the_page_says_where_the_first_one_comes_from(sam: User):
    browser = browser_of(sam)
    SigningKey.objects.all().delete()  # the first sign-in drew one

    assert "The clock draws the first one" in browser.get(LISTING).content.decode()


@pytest.mark.parametrize("name", ["ivan", "sam"])
def test_whoever_may_only_read_rotates_nothing(name: str, request: pytest.FixtureRequest):
    an_app()

    response = browser_of(request.getfixturevalue(name)).post(ROTATE, {"x": "1"})

    assert response.status_code == 403
    assert SigningKey.objects.count() == 1


# --- Withdrawing ----------------------------------------------------------------------------------


def withdraw_page(key: SigningKey) -> str:
    return f"/settings/signing-keys/{key.pk}/withdraw/"


def test_the_question_says_how_long_others_may_still_hold_the_key(ada: User):
    an_app()
    key = SigningKey.objects.get()
    browser = browser_of(ada)

    listing, page = browser.get(LISTING).content.decode(), browser.get(withdraw_page(key)).content.decode()

    assert f'href="{withdraw_page(key)}"' in listing
    assert "within 5 s" in page
    assert "5 min or more" in page
    assert "Another key signs at once" in page


def test_a_withdrawn_key_is_listed_as_such_and_cannot_be_withdrawn_again(ada: User):
    an_app()
    key = SigningKey.objects.get()
    browser = browser_of(ada)

    response = browser.post(withdraw_page(key), {"reason": "its copy lay in a backup"})

    drawn, withdrawn = key_rows()
    assert (response.status_code, response.url) == (303, LISTING)
    assert (drawn.state, str(withdrawn.word), withdrawn.withdraw_url) == ("on", "Withdrawn", "")
    assert browser.get(withdraw_page(key)).status_code == 404
    assert "Withdrawn" in browser.get(LISTING).content.decode()


def test_without_a_reason_nothing_is_withdrawn(ada: User):
    an_app()
    key = SigningKey.objects.get()

    response = browser_of(ada).post(withdraw_page(key), {"reason": "x"})

    assert response.status_code == 422
    assert "Say why, in at least 3 characters." in response.content.decode()
    assert key_rows()[0].state == "on"


@pytest.mark.parametrize("name", ["hana", "ivan", "sam", "aude", "paula", "otto"])
def test_nobody_but_an_admin_withdraws(name: str, request: pytest.FixtureRequest):
    an_app()
    key = SigningKey.objects.get()
    browser = browser_of(request.getfixturevalue(name))

    assert browser.post(withdraw_page(key), {"reason": "out of spite"}).status_code == 403
    assert withdraw_page(key) not in browser.get(LISTING).content.decode()
    assert key_rows()[0].state == "on"
