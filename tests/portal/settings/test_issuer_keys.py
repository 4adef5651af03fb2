"""An issuer's keys by address on its page: given by an Admin, fetched at once, their age and trouble shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.events import Events
from audit.models import AuditEntry
from sessions_app.models import Issuer, User
from tests.factories import public_jwk
from tests.key_server import KeyServer, running_key_server
from tests.portal.settings.test_issuers import a_profile
from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with running_key_server({"keys": [public_jwk()]}) as server:
        yield server


def by_address(url: str, **changes: Any) -> dict[str, Any]:
    return a_profile(keys_text="", jwks_uri=url, allow_private_jwks="on", **changes)


def saved(ada: User, url: str, **changes: Any) -> Issuer:
    assert browser_of(ada).post("/settings/issuers/new/", by_address(url, **changes)).status_code == 303
    return Issuer.objects.get(iss="https://login.partner.example")


def test_an_issuer_is_added_by_the_address_of_its_keys(ada: User, server: KeyServer):
    issuer = saved(ada, server.url, entitlement_claims="groups\nrealm_access.roles")

    assert issuer.keys == {"keys": [public_jwk()]}
    assert issuer.keys_fetched_at is not None
    assert issuer.entitlement_claims == ["groups", "realm_access.roles"]
    entry = AuditEntry.objects.get(event_code=Events.ISSUER_KEYS_CHANGED.code)
    assert entry.initiator_id == str(ada.pk)


def test_a_dead_address_is_saved_and_said_to_be_dead(ada: User):
    issuer = saved(ada, "http://127.0.0.1:1/jwks")

    page = browser_of(ada).get(f"/settings/issuers/{issuer.pk}/").content.decode()
    assert "No keys were fetched yet" in page
    assert "it cannot be reached" in page
    assert "not fetched" in browser_of(ada).get("/settings/issuers/").content.decode()


def test_keys_are_fetched_now_when_an_admin_says_so(ada: User, server: KeyServer):
    issuer = saved(ada, server.url)
    server.answer = {"keys": [public_jwk(kid="next")]}

    response = browser_of(ada).post(f"/settings/issuers/{issuer.pk}/keys/")

    issuer.refresh_from_db()
    assert response.status_code == 303
    assert issuer.keys["keys"][0]["kid"] == "next"
    assert "Keys as of" in browser_of(ada).get(f"/settings/issuers/{issuer.pk}/").content.decode()


def test_nobody_else_sets_the_address_or_fetches(ada: User, ivan: User, server: KeyServer):
    issuer = saved(ada, server.url)

    assert browser_of(ivan).post(f"/settings/issuers/{issuer.pk}/keys/").status_code == 403
    assert browser_of(ivan).post("/settings/issuers/new/", by_address(server.url)).status_code == 403
    assert len(server.asked) == 1


def test_an_issuer_with_pasted_keys_has_nothing_to_fetch(ada: User):
    browser_of(ada).post("/settings/issuers/new/", a_profile())
    issuer = Issuer.objects.get(iss="https://login.partner.example")

    assert browser_of(ada).post(f"/settings/issuers/{issuer.pk}/keys/").status_code == 404
    assert "Fetch now" not in browser_of(ada).get(f"/settings/issuers/{issuer.pk}/").content.decode()


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://login.partner.example/jwks", "on"),
        ("http://127.0.0.1:8080/jwks", ""),
        ("ftp://login.partner.example/jwks", "on"),
        ("https://user:secret@login.partner.example/jwks", ""),
        ("nonsense", ""),
    ],
)
def test_an_address_that_may_not_be_called_is_refused(ada: User, url: str, private: str):
    form = a_profile(jwks_uri=url, **({"allow_private_jwks": private} if private else {}))

    assert browser_of(ada).post("/settings/issuers/new/", form).status_code == 422
    assert not Issuer.objects.filter(iss="https://login.partner.example").exists()


def test_an_address_inside_our_network_is_not_called_unless_the_row_says_so(ada: User):
    form = a_profile(keys_text="", jwks_uri="https://10.0.0.1/jwks")

    assert browser_of(ada).post("/settings/issuers/new/", form).status_code == 303
    assert Issuer.objects.get(iss="https://login.partner.example").keys_error == "private"


def test_without_an_address_there_have_to_be_keys(ada: User):
    assert browser_of(ada).post("/settings/issuers/new/", a_profile(keys_text="")).status_code == 422
