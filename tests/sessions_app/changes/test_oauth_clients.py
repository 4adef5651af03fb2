"""Programs that ask for tokens: what an Admin may say of one, and what switching one off ends."""

from __future__ import annotations

from typing import Any

import pytest

from audit.initiators import the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.errors import ValuesRefused
from sessions_app.changes.oauth_clients import (
    ClientFacts,
    change_client,
    create_client,
    switch_off,
    switch_on,
)
from sessions_app.models import Issuer, OAuthClient, User
from tests.factories import verdict_on
from tests.oauth_client import REDIRECT_URI, a_service, an_app, tokens_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]

FOR_ITSELF = {"grant_type": "client_credentials"}


def facts(**changes: Any) -> ClientFacts:
    usual = {
        "client_id": "travel",
        "name": "Travel",
        "is_confidential": True,
        "redirect_uris": (REDIRECT_URI,),
    }
    return ClientFacts(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client_id": "Travel!"}, "client_id"),
        ({"name": ""}, "name"),
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"redirect_uris": ("http://travel.northwind.example/callback",)}, "redirect_uris"),
        ({"redirect_uris": ("https://travel.northwind.example/callback#x",)}, "redirect_uris"),
        ({"redirect_uris": ("https://travel@evil.example/callback",)}, "redirect_uris"),
        ({"redirect_uris": ("javascript:alert(1)",)}, "redirect_uris"),
        ({"redirect_uris": ("https://travel.northwind.example/cb javascript:alert(1)",)}, "redirect_uris"),
        ({"for_itself": True, "is_confidential": False}, "is_confidential"),
        ({"client_id": "0b0f5c64-8f0e-4d5f-9a55-2f1f3a0c7a11", "for_itself": True}, "client_id"),
        ({"may_introspect": True, "is_confidential": False}, "may_introspect"),
        ({"allowed_scopes": ("two words",)}, "allowed_scopes"),
        ({"access_token_seconds": 59}, "access_token_seconds"),
        ({"access_token_seconds": 3601}, "access_token_seconds"),
        ({"chain_seconds": 60}, "chain_seconds"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_makes_no_sense_of_a_client_is_refused_by_field(changes: dict[str, Any], field: str):
    with pytest.raises(ValuesRefused) as refused:
        create_client(facts(**changes), by=the_shell())

    assert field in {name for name, _words in refused.value.problems}
    assert not OAuthClient.objects.exists()


def test_a_change_keeps_what_a_client_is():
    client = create_client(facts(), by=the_shell()).client

    changed = change_client(
        client, facts(client_id="other", name="Trips", is_confidential=False, for_itself=True), by=the_shell()
    )

    assert (changed.client_id, changed.name) == ("travel", "Trips")
    assert changed.client_type == OAuthClient.CLIENT_CONFIDENTIAL
    assert changed.authorization_grant_type == OAuthClient.GRANT_AUTHORIZATION_CODE


def test_an_audience_of_a_client_is_one_of_the_issuers_at_once():
    create_client(facts(audiences=("https://travel.northwind.example",)), by=the_shell())

    assert "https://travel.northwind.example" in Issuer.objects.get(preset="curfew").audiences


def test_switching_a_client_off_ends_what_it_holds_for_itself():
    service = a_service()
    held = tokens_of(service.post("/oauth/token", FOR_ITSELF))

    switch_off(service.client, by=the_shell())

    assert verdict_on(held.access_token).outcome is Outcome.REVOKED
    assert service.post("/oauth/token", FOR_ITSELF).status_code == 401
    switch_on(service.client, by=the_shell())
    assert service.post("/oauth/token", FOR_ITSELF).status_code == 200


def test_people_who_signed_in_with_a_client_keep_their_session_when_it_is_switched_off(
    ines: User, settings: Any
):
    settings.DEMO = True
    app = an_app()
    tokens = app.sign_in(ines)

    switch_off(app.client, by=the_shell())

    assert verdict_on(tokens.access_token).outcome is Outcome.ALLOWED
    assert app.refresh(tokens.refresh_token).status_code == 401


def test_switching_twice_is_one_entry():
    client = create_client(facts(), by=the_shell()).client

    switch_off(client, by=the_shell())
    switch_off(client, by=the_shell())

    assert AuditEntry.objects.filter(event_code="ST-108").count() == 1
