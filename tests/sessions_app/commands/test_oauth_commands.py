"""manage.py oauth_client and rotate_signing_key."""

from __future__ import annotations

import pytest

from audit.models import AuditEntry
from sessions_app.models import OAuthClient, SigningKey
from tests.sessions_app.commands.shell import Ran, ran

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]

REDIRECT_URI = "https://dashboard.northwind.example/callback"


def created(*more: str) -> Ran:
    return ran(
        "oauth_client", "create", "dashboard", "--name", "Dashboard", "--redirect-uri", REDIRECT_URI, *more
    )


def test_a_client_is_registered_and_its_secret_shown_once():
    result = created()

    client = OAuthClient.objects.get(client_id="dashboard")
    secret = result.out.splitlines()[-1]
    assert result.code == 0
    assert client.is_proved_by(secret)
    assert secret not in ran("oauth_client", "list", "--json").out
    assert secret not in str(list(AuditEntry.objects.values()))


def test_a_public_client_has_no_secret():
    result = created("--public")

    assert "It has no secret." in result.out
    assert ran("oauth_client", "secret", "dashboard").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("create", "Dash Board", "--redirect-uri", REDIRECT_URI),
        ("create", "dashboard"),
        ("create", "dashboard", "--redirect-uri", "http://dashboard.northwind.example/"),
        ("create", "dashboard", "--redirect-uri", REDIRECT_URI, "--application", "no-such"),
        ("off", "no-such"),
    ],
    ids=" ".join,
)
def test_what_makes_no_client_is_bad_input(words: tuple[str, ...]):
    result = ran("oauth_client", *words)

    assert result.code == 2
    assert result.error
    assert not OAuthClient.objects.exists()


def test_a_new_secret_ends_the_old_one():
    old = created().out.splitlines()[-1]

    new = ran("oauth_client", "secret", "dashboard").out.splitlines()[-1]

    client = OAuthClient.objects.get()
    assert client.is_proved_by(new)
    assert not client.is_proved_by(old)


def test_a_client_is_switched_off_and_on():
    created()

    off = ran("oauth_client", "off", "dashboard", "--json").json()
    on = ran("oauth_client", "on", "dashboard", "--json").json()

    assert off["disabled_at"] is not None
    assert on["disabled_at"] is None


def test_a_key_is_rotated_with_overlap():
    created()
    first = SigningKey.objects.get()

    said = ran("rotate_signing_key", "--json").json()

    second = SigningKey.objects.exclude(pk=first.pk).get()
    first.refresh_from_db()
    assert said["kid"] == second.kid
    assert first.published_until > second.signs_from
