"""What a client finds out by itself, and who it learns that somebody is."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from sessions_app.models import SigningKey, User
from tests.factories import token_for
from tests.oauth_client import App
from tests.sessions_app.doors.oauth.test_tokens import terminate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["oauth-authorization-server", "openid-configuration"])
def test_the_metadata_names_every_address_of_one_issuer(path: str):
    document = Client().get(f"/.well-known/{path}").json()

    addresses = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert document["issuer"] == settings.BASE_URL
    assert len(addresses) == 6
    assert all(address.startswith(settings.BASE_URL + "/oauth/") for address in addresses)
    assert document["code_challenge_methods_supported"] == ["S256"]


def test_the_keys_are_public_and_may_be_kept_for_five_minutes():
    answer = Client().get("/oauth/jwks")

    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert answer["Cache-Control"] == "public, max-age=300"
    assert "Pragma" not in answer


def test_a_private_key_stands_nowhere_in_plain_sight():
    assert "PRIVATE" not in SigningKey.objects.get().private_pem_encrypted


def userinfo(token: str) -> object:
    return Client().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})


def test_user_information_follows_the_scopes(app: App, ines: User):
    little = userinfo(app.sign_in(ines, scope="openid").access_token).json()
    more = userinfo(app.sign_in(ines, scope="openid profile email groups").access_token).json()

    assert little == {"sub": str(ines.pk)}
    assert more["name"] == "Ines Almeida"
    assert more["email"] == ines.email
    assert more["groups"] == []


def test_user_information_needs_openid_our_own_token_and_access_that_was_not_ended(
    app: App, hana: User, ines: User
):
    plain = app.sign_in(ines, scope="profile").access_token
    good = app.sign_in(ines).access_token
    terminate(ines, by=hana)

    answers = [userinfo(token) for token in (plain, good, token_for(ines), "garbage", "")]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 401]
    assert 'error="invalid_token"' in answers[1]["WWW-Authenticate"]


def test_a_token_without_openid_gets_no_user_information(app: App, ines: User):
    answer = userinfo(app.sign_in(ines, scope="profile").access_token)

    assert answer.status_code == 403
    assert answer.json()["error"] == "insufficient_scope"
