"""/verdict answers before Django, from the guard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.initiators import the_shell
from portal.hot_path import HotPath, points_from_sql
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.tokens.profiles import clear_profiles, token_guard
from tests.conftest import forget_what_guards_saw
from tests.factories import an_enforcement_point, open_session, token_for
from tests.redis_server import running_redis

pytestmark = pytest.mark.django_db

Ask = Callable[..., tuple[str, dict[str, str], bytes]]


@pytest.fixture
def ask(open_gate: object, issuer: object) -> Ask:
    """GET a path of the hot path; whatever gets behind it answers 418."""

    def behind(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("418 I'm a teapot", [])
        return [b"django"]

    clear_profiles()
    an_enforcement_point()
    hot_path = HotPath(behind, token_guard, points_from_sql)

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
    forget_what_guards_saw()
    hot_path = HotPath(lambda *_: [b""], token_guard, points_from_sql)

    assert hot_path._answer("billing", f"Bearer {token_for(ines)}").status == 401


@pytest.mark.parametrize("path", ["/verdict/nowhere", "/verdict/default/x", "/verdict/../default"])
def test_an_unknown_point_is_404_thus_closed(ask, ines, path):
    assert ask(path, token_for(ines))[0] == "404 Not Found"


@pytest.mark.parametrize("path", ["/", "/verdicts", "/people/verdict"])
def test_everything_else_is_djangos(ask, path):
    assert ask(path)[0] == "418 I'm a teapot"


def test_a_point_named_in_a_header_changes_nothing(ask, ines):
    assert ask("/verdict", token_for(ines), HTTP_X_CURFEW_POINT="nowhere")[0] == "204 No Content"
