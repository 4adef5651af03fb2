"""What the tests of the authorization server share: its issuer, and an open gate."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from audit.initiators import the_shell
from sessions_app.models import Issuer
from sessions_app.tokens.own_issuer import prepare_own_issuer
from tests.oauth_client import App, an_app


@pytest.fixture(autouse=True)
def own_issuer(open_gate: object, settings: Settings) -> Issuer:
    """The built-in issuer with its first key. A second factor is another test's matter."""
    settings.DEMO = True
    return prepare_own_issuer(by=the_shell())


@pytest.fixture
def app(own_issuer: Issuer) -> App:
    return an_app()
