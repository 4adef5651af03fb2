"""Every kind of token and every way to come by one is dead after the access of its person was ended.

The table must name every kind there is and every grant the server knows: adding one without a row fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from audit.initiators import the_shell
from portal.hot_path.truths import BoundedTruth
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.explanations import TOLD
from sessions_app.models import Scope, TokenKind, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.tokens.own_issuer import prepare_own_issuer
from sessions_app.tokens.server import AuthorizationServer
from sessions_app.tokens.validator import CurfewValidator
from tests.factories import a_credential, open_session, token_for, verdict_on
from tests.oauth_client import App, a_service, an_app, tokens_of
from tests.portal.hot_path.test_introspection import introspect
from tests.portal.hot_path.wired import a_hot_path
from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "issuer")]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A token somebody holds, whose it is, and what it is tried with after the end."""

    token: str
    owner: User
    app: App | None = None


Mint = Callable[[User], Held]


def by_code(user: User) -> Held:
    app = an_app()
    return Held(token=app.sign_in(user).access_token, owner=user, app=app)


def by_refresh(user: User) -> Held:
    app = an_app()
    first = app.sign_in(user)
    return Held(token=tokens_of(app.refresh(first.refresh_token)).access_token, owner=user, app=app)


def by_client_credentials(_user: User) -> Held:
    service = a_service()
    minted = tokens_of(service.post("/oauth/token", {"grant_type": "client_credentials"}))
    return Held(token=minted.access_token, owner=User.objects.get(username="client:nightly-job"), app=service)


def refresh_token(user: User) -> Held:
    app = an_app()
    return Held(token=app.sign_in(user).refresh_token, owner=user, app=app)


def id_token(user: User) -> Held:
    app = an_app()
    return Held(token=app.sign_in(user).id_token, owner=user, app=app)


def reported(user: User) -> Held:
    return Held(token=token_for(user, open_session(user)), owner=user)


def never_seen(user: User) -> Held:
    return Held(token=token_for(user, sid="an-application-curfew-never-saw"), owner=user)


# Kind, grant (or how it came to be known), how to come by it, and whether a service takes it before the end.
TABLE: list[tuple[TokenKind, str, Mint, bool]] = [
    (TokenKind.ACCESS, "authorization_code", by_code, True),
    (TokenKind.ACCESS, "refresh_token", by_refresh, True),
    (TokenKind.ACCESS, "client_credentials", by_client_credentials, True),
    (TokenKind.REFRESH, "authorization_code", refresh_token, False),
    (TokenKind.ID, "authorization_code", id_token, False),
    (TokenKind.ACCESS, "a foreign issuer, reported", reported, True),
    (TokenKind.ACCESS, "a foreign issuer, never seen", never_seen, True),
]


class InThisThread(BoundedTruth):
    """SQL asked where the test's transaction is."""

    def _within_budget(self, ask: Any) -> Any:
        return ask()


@pytest.fixture(autouse=True)
def _own_issuer(settings: Settings) -> None:
    settings.DEMO = True
    prepare_own_issuer(by=the_shell())


def end_access(user: User, reason: Reason) -> None:
    order = Order(
        initiator=the_shell(), reason=reason, scope=OneUser(user_id=user.pk), received_at=database_now()
    )
    assert revoke(order).cut_off_at is not None


def test_the_table_names_every_kind_and_every_grant():
    grants = set(AuthorizationServer(CurfewValidator()).grant_types)

    assert {kind for kind, *_rest in TABLE} == set(TokenKind)
    assert {grant for _kind, grant, *_rest in TABLE} >= grants


@pytest.mark.parametrize("reason", [Reason.OFFBOARDING, *TOLD], ids=str)
@pytest.mark.parametrize(
    ("kind", "grant", "mint", "is_taken"), TABLE, ids=[f"{row[0]}, {row[1]}" for row in TABLE]
)
def test_after_the_end_it_opens_nothing_and_brings_nothing_new(
    ines: User, kind: TokenKind, grant: str, mint: Mint, is_taken: bool, reason: Reason
):
    held = mint(ines)
    assert (verdict_on(held.token).outcome is Outcome.ALLOWED) == is_taken
    credential = a_credential(Scope.TOKENS_INTROSPECT)

    end_access(held.owner, reason)

    assert verdict_on(held.token).outcome in (Outcome.REVOKED, Outcome.INVALID)
    said = introspect(a_hot_path([], truth=InThisThread()), held.token, f"Bearer {credential}")
    assert said == (200, {"active": False})
    assert held.app is None or held.app.refresh(held.token).status_code == 400


def test_a_browser_from_before_the_end_brings_no_new_code(ines: User):
    app, browser = an_app(), browser_of(ines)

    end_access(ines, Reason.ROLE_CHANGE)

    answer = browser.get(app.question()[0], follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
