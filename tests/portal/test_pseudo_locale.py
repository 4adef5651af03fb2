"""Every text a person reads goes through gettext: nothing but data is left when translated texts are taken away."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.issuer_form import PRESET_NAMES
from sessions_app.models import Application, Scope, User
from tests.factories import a_credential, an_enforcement_point, open_session, with_password
from tests.oauth_client import an_app
from tests.portal.pseudo_locale import ALLOWED, everything_read_by, speak_in_brackets, words_in_database
from tests.portal.signed_in import browser_of, terminate

PROPER_NAMES = {word for name in PRESET_NAMES.values() for word in name.split()} | {"EdDSA"}

pytestmark = pytest.mark.usefixtures("open_gate", "in_demo", "company")


@pytest.fixture
def company(
    hana: User,
    ivan: User,
    ines: User,
    carlos: User,
    chen: User,
    wiki: Application,
    payroll: Application,
) -> None:
    """Something of everything: sessions, a receipt, a credential, an enforcement point, a client and its key."""
    open_session(ines, wiki, payroll)
    open_session(chen, wiki)
    open_session(hana, payroll)
    open_session(carlos, wiki)
    terminate(browser_of(ivan), carlos, reason="user_request", ticket="HR-1", note="Asked for it himself")
    a_credential(*Scope)
    an_enforcement_point()
    an_app(application=wiki)


def untranslated(client: Client, start: str) -> list[str]:
    """The words that are neither translated nor data nor somebody else's name, each with where it was read."""
    read = {page.address: page.words_outside_brackets() for page in everything_read_by(client, start)}
    known = words_in_database() | ALLOWED | PROPER_NAMES
    return [f"{word} at {address}" for address, words in read.items() for word in sorted(words - known)]


@pytest.mark.parametrize("name", ["hana", "ivan", "sam", "paula", "aude", "ada", "otto"])
def test_whoever_is_signed_in_reads_only_translated_texts(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser_of(with_password(request.getfixturevalue(name)))
    speak_in_brackets(monkeypatch)

    assert untranslated(client, "/") == []


@pytest.mark.parametrize("address", ["/accounts/login/", "/nowhere/"])
def test_whoever_is_not_signed_in_reads_only_translated_texts(
    address: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak_in_brackets(monkeypatch)

    assert untranslated(client, address) == []
