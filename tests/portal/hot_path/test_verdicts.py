"""/verdict answers before Django, from the guard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.initiators import the_shell
from sessions_app.blacklist.observations import Observation
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.tokens.profiles import clear_profiles
from tests.factories import an_enforcement_point, open_session, token_for
from tests.portal.hot_path.wired import a_hot_path
from tests.redis_server import running_redis

pytestmark = pytest.mark.django_db

Ask = Callable[..., tuple[str, dict[str, str], bytes]]


@pytest.fixture
def seen() -> list[Observation]:
    """What was noted of the checks."""
    return []


@pytest.fixture
def ask(open_gate: object, issuer: object, seen: list[Observation]) -> Ask:
    """GET a path of the hot path; whatever gets behind it answers 418."""
    clear_profiles()
    an_enforcement_point()
    hot_path = a_hot_path(seen)

    def get(path: str, token: str = "", **environ: str) -> tuple[str, dict[str, str], bytes]:
        answer: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            answer.update(status=status, headers=dict(headers))

        authorization = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
        body = b"".join(hot_path({"PATH_INFO": path, **authorization, **environ}, start_response))
        return answer["status"], answer["headers"], body

    return get


def test_a_good_token_is_204_with_who_it_is_and_is_never_stored(ask, ines):
    session = open_session(ines)

    status, headers, body = ask("/verdict", token_for(ines, session))

    assert (status, body) == ("204 No Content", b"")
    assert headers["X-Auth-Subject"] == "nw-ines"
    assert headers["X-Auth-Session"] == session.sid
    assert headers["Cache-Control"] == "no-store"


def test_a_revoked_token_is_401_with_a_reason_class(ask, ines):
    token = token_for(ines, open_session(ines))
    scope = OneUser(user_id=ines.pk)
    revoke(Order(initiator=the_shell(), reason=Reason.ROLE_CHANGE, scope=scope, received_at=timezone.now()))

    status, headers, body = ask("/verdict", token)

    assert status == "401 Unauthorized"
    assert headers["WWW-Authenticate"] == 'Bearer error="invalid_token", error_description="claims_changed"'
    assert b'"reason": "claims_changed"' in body


def test_a_gateway_that_has_refused_is_told_why(ask, ines):
    token = token_for(ines, open_session(ines))
    scope = OneUser(user_id=ines.pk)
    revoke(Order(initiator=the_shell(), reason=Reason.ROLE_CHANGE, scope=scope, received_at=timezone.now()))

    status, headers, _ = ask("/verdict/default/refused", token)

    assert status == "401 Unauthorized"
    assert 'error_description="claims_changed"' in headers["WWW-Authenticate"]


def test_a_gateway_that_has_refused_is_never_told_that_all_is_well(ask, ines):
    """Its client would take a 204 for an answer of the application."""
    status, headers, _ = ask("/verdict/default/refused", token_for(ines, open_session(ines)))

    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "2")


def test_a_refused_path_of_no_point_is_404(ask):
    assert ask("/verdict/nowhere/refused")[0] == "404 Not Found"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x" * 20_000])
def test_what_is_no_token_is_401(ask, token):
    assert ask("/verdict", token)[0] == "401 Unauthorized"


def test_while_the_server_is_frozen_the_answer_is_503_and_to_try_again(ask, ines, settings: Settings):
    token = token_for(ines, open_session(ines))
    with running_redis() as frozen:
        settings.REDIS_URL = frozen.url
        frozen.freeze()
        status, headers, _body = ask("/verdict", token)
        frozen.thaw()

    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "2")


def test_a_point_accepts_only_tokens_for_its_own_audiences(ask, ines):
    an_enforcement_point("billing", audiences=["https://billing.northwind.example"])

    assert ask("/verdict/billing", token_for(ines))[0] == "401 Unauthorized"


@pytest.mark.parametrize("path", ["/verdict/nowhere", "/verdict/default/x", "/verdict/../default"])
def test_an_unknown_point_is_404_thus_closed(ask, ines, path):
    assert ask(path, token_for(ines))[0] == "404 Not Found"


@pytest.mark.parametrize("path", ["/", "/verdicts", "/people/verdict"])
def test_everything_else_is_djangos(ask, path):
    assert ask(path)[0] == "418 I'm a teapot"


def test_a_point_named_in_a_header_changes_nothing(ask, ines):
    assert ask("/verdict", token_for(ines), HTTP_X_CURFEW_POINT="nowhere")[0] == "204 No Content"


# --- A token handed on by a proxy -----------------------------------------------------------------


@pytest.fixture
def behind_oauth2_proxy(settings: Settings, ask: Ask) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    an_enforcement_point("wiki", token_header="X-Forwarded-Access-Token")


@pytest.mark.parametrize("value", ["{token}", "Bearer {token}"])
def test_a_trusted_proxy_may_hand_on_the_token_in_its_own_header(ask, ines, behind_oauth2_proxy, value):
    handed_on = {
        "HTTP_X_FORWARDED_ACCESS_TOKEN": value.format(token=token_for(ines)),
        "REMOTE_ADDR": "10.1.2.3",
    }

    assert ask("/verdict/wiki", **handed_on)[0] == "204 No Content"


def test_the_header_is_worth_nothing_from_anybody_else_or_at_another_point(ask, ines, behind_oauth2_proxy):
    token = {"HTTP_X_FORWARDED_ACCESS_TOKEN": token_for(ines)}

    assert ask("/verdict/wiki", **token, REMOTE_ADDR="198.51.100.7")[0] == "401 Unauthorized"
    assert ask("/verdict/default", **token, REMOTE_ADDR="10.1.2.3")[0] == "401 Unauthorized"


def test_a_header_that_is_empty_leaves_the_authorization(ask, ines, behind_oauth2_proxy):
    empty = {"HTTP_X_FORWARDED_ACCESS_TOKEN": "", "REMOTE_ADDR": "10.1.2.3"}

    assert ask("/verdict/wiki", token_for(ines), **empty)[0] == "204 No Content"


# --- Observe before enforce -----------------------------------------------------------------------


@pytest.fixture
def observing(ask: Ask) -> None:
    an_enforcement_point("trial", mode="observe")


def test_a_point_that_observes_refuses_nothing_and_notes_what_it_would_have(ask, ines, observing, seen):
    token = token_for(ines, open_session(ines))
    revoke(
        Order(
            initiator=the_shell(),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=ines.pk),
            received_at=timezone.now(),
        )
    )

    status, headers, _body = ask("/verdict/trial", token)

    assert (status, headers["X-Auth-Subject"]) == ("204 No Content", "nw-ines")
    assert (seen[-1].outcome, seen[-1].cause, seen[-1].was_enforced) == (
        Outcome.REVOKED,
        "user_blocked",
        False,
    )


def test_a_point_that_observes_names_nobody_whose_token_was_not_verified(ask, observing, seen):
    status, headers, _body = ask("/verdict/trial", "nonsense")

    assert status == "204 No Content"
    assert not any(name.startswith("X-Auth-") for name in headers)
    assert seen[-1].person == ""


def test_every_check_is_noted_with_the_clients_own_address(ask, ines, seen, settings: Settings):
    settings.TRUSTED_PROXIES = ["10.0.0.1"]

    ask("/verdict", token_for(ines), REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.4")

    assert (seen[-1].where, seen[-1].outcome, seen[-1].address) == (
        "default",
        Outcome.ALLOWED,
        "198.51.100.4",
    )
