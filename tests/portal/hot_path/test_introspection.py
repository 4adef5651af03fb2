"""Introspection answers before Django: exactly inactive for anything not good, and nothing to strangers."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from audit.initiators import the_shell
from portal.hot_path import HotPath
from portal.hot_path.callers import Caller, Callers
from portal.hot_path.truths import BoundedTruth, TooSlow
from portal.hot_path.unproved import keep_attempt
from sessions_app.blacklist.observations import Observation
from sessions_app.models import MachineCredential, Scope, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.sightings.observed import keep_observations, the_guard
from sessions_app.tokens.own_issuer import prepare_own_issuer
from tests.factories import AUDIENCE, a_credential, an_enforcement_point, open_session, token_for
from tests.oauth_client import an_app, basic
from tests.portal.hot_path.wired import a_hot_path, answer_of, form_of
from tests.redis_server import running_redis

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "issuer")]


class InThisThread(BoundedTruth):
    """SQL asked where the test's transaction is; the threads are another test's matter."""

    def _within_budget(self, ask: Any) -> Any:
        return ask()


@pytest.fixture
def seen() -> list[Observation]:
    return []


@pytest.fixture
def hot_path(seen: list[Observation]) -> HotPath:
    return a_hot_path(seen, truth=InThisThread())


@pytest.fixture
def credential() -> str:
    return a_credential(Scope.TOKENS_INTROSPECT, name="Orders service")


def introspect(hot_path: HotPath, token: str, authorization: str = "", **form: str) -> tuple[int, Any]:
    body = urlencode({"token": token, **form}).encode()
    status, headers, answer = answer_of(hot_path, form_of(body, HTTP_AUTHORIZATION=authorization))
    assert headers["Cache-Control"] == "no-store"
    return status, json.loads(answer)


def terminate(user: User) -> None:
    revoke(
        Order(
            initiator=the_shell(),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=user.pk),
            received_at=timezone.now(),
        )
    )


def test_a_good_token_of_a_foreign_issuer_is_active_with_what_it_says(hot_path, credential, ines, seen):
    token = token_for(ines, open_session(ines), scope="read", roles=["approve"])

    status, said = introspect(hot_path, token, f"Bearer {credential}")

    assert (status, said["active"], said["token_type"]) == (200, True, "Bearer")
    assert (said["sub"], said["scope"], said["roles"]) == ("nw-ines", "read", ["approve"])
    assert seen[-1].where == "introspection: Orders service"


def test_a_caller_named_like_an_enforcement_point_adds_nothing_to_its_tallies(hot_path, ines, seen):
    point = an_enforcement_point("orders")
    caller = a_credential(Scope.TOKENS_INTROSPECT, name="orders")

    introspect(hot_path, token_for(ines, open_session(ines)), f"Bearer {caller}")
    keep_observations(seen, by=the_guard())

    assert len(seen) == 1
    assert not point.tallies.exists()


def test_what_other_issuers_call_client_and_scope_is_told_in_the_words_of_the_standard(
    hot_path, credential, ines
):
    token = token_for(ines, azp="desktop", scp=["read", "write"], preferred_username="ines")

    said = introspect(hot_path, token, f"Bearer {credential}")[1]

    assert (said["client_id"], said["scope"], said["username"]) == ("desktop", "read write", "ines")


def test_a_good_token_of_our_own_is_active_and_its_refresh_token_too(
    hot_path, credential, ines, settings: Settings
):
    settings.DEMO = True
    prepare_own_issuer(by=the_shell())
    app = an_app()
    tokens = app.sign_in(ines)

    access = introspect(hot_path, tokens.access_token, f"Bearer {credential}")[1]
    refresh = introspect(hot_path, tokens.refresh_token, f"Bearer {credential}")[1]
    app.refresh(tokens.refresh_token)
    exchanged = introspect(hot_path, tokens.refresh_token, f"Bearer {credential}")[1]

    assert (access["active"], access["client_id"]) == (True, "dashboard")
    assert (refresh["active"], refresh["token_type"], refresh["sid"]) == (
        True,
        "refresh_token",
        access["sid"],
    )
    assert exchanged == {"active": False}


def test_after_terminate_now_every_token_is_inactive_and_nothing_more_is_said(
    hot_path, credential, ines, settings: Settings
):
    settings.DEMO = True
    prepare_own_issuer(by=the_shell())
    own = an_app().sign_in(ines)
    foreign = token_for(ines, open_session(ines))
    terminate(ines)

    answers = [
        introspect(hot_path, token, f"Bearer {credential}")
        for token in (own.access_token, own.refresh_token, foreign)
    ]

    assert answers == [(200, {"active": False})] * 3


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "\u00e9", "x" * 20_000, "e30.e30.e30"])
def test_what_is_no_token_is_inactive(hot_path, credential, token):
    assert introspect(hot_path, token, f"Bearer {credential}") == (200, {"active": False})


def test_an_expired_token_and_one_of_a_stranger_are_inactive(hot_path, credential, ines):
    expired = token_for(ines, iat=1_600_000_000, exp=1_600_000_300, auth_time=1_600_000_000)
    stranger = token_for(ines, iss="https://stranger.example")

    assert introspect(hot_path, expired, f"Bearer {credential}") == (200, {"active": False})
    assert introspect(hot_path, stranger, f"Bearer {credential}") == (200, {"active": False})


# --- Who may ask ----------------------------------------------------------------------------------


def test_a_machine_credential_works_as_basic_too(hot_path, credential, ines):
    prefix = MachineCredential.objects.get().prefix

    assert introspect(hot_path, token_for(ines), basic(prefix, credential))[1]["active"]


def test_a_client_introspects_where_it_may_and_only_tokens_for_its_own_audiences(hot_path, ines):
    prepare_own_issuer(by=the_shell())
    service = an_app("orders", may_introspect=True)
    other = an_app("other", may_introspect=True, audiences=("https://other.example",))

    assert introspect(hot_path, token_for(ines), basic("orders", service.secret))[1]["active"]
    assert introspect(hot_path, token_for(ines), basic("other", other.secret)) == (200, {"active": False})
    in_form = {"client_id": "orders", "client_secret": service.secret}
    assert introspect(hot_path, token_for(ines), **in_form)[1]["active"]


def test_a_client_without_audiences_is_told_of_tokens_for_ourselves_only(hot_path, ines):
    prepare_own_issuer(by=the_shell())
    bare = an_app("bare", may_introspect=True, audiences=())
    own = bare.sign_in(ines).access_token

    assert introspect(hot_path, own, basic("bare", bare.secret))[1]["active"]
    assert introspect(hot_path, token_for(ines), basic("bare", bare.secret)) == (200, {"active": False})


def test_a_client_is_told_of_its_own_refresh_tokens_only(hot_path, ines, settings: Settings):
    settings.DEMO = True
    prepare_own_issuer(by=the_shell())
    app, other = an_app(may_introspect=True), an_app("orders", may_introspect=True)
    refresh_token = app.sign_in(ines).refresh_token

    assert introspect(hot_path, refresh_token, basic("dashboard", app.secret))[1]["active"]
    assert introspect(hot_path, refresh_token, basic("orders", other.secret)) == (200, {"active": False})


def test_a_refresh_token_is_told_of_as_far_as_the_access_tokens_it_gives(ines, settings: Settings):
    settings.DEMO = True
    prepare_own_issuer(by=the_shell())
    refresh_token = an_app().sign_in(ines).refresh_token
    secret_hash = MachineCredential.hash_of("secret")
    known = {
        "all": Caller(
            name="all", secret_hash=secret_hash, may_introspect=True, audiences=frozenset({AUDIENCE})
        ),
        "other": Caller(
            name="other",
            secret_hash=secret_hash,
            may_introspect=True,
            audiences=frozenset({"https://x.example"}),
        ),
    }
    hot_path = a_hot_path([], truth=InThisThread(), callers=Callers(lambda: known, keep_attempt))

    assert introspect(hot_path, refresh_token, basic("all", "secret"))[1]["aud"] == [AUDIENCE]
    assert introspect(hot_path, refresh_token, basic("other", "secret")) == (200, {"active": False})


def test_whoever_is_known_but_may_not_is_told_so(hot_path, ines):
    prepare_own_issuer(by=the_shell())
    app = an_app()
    credential = a_credential(Scope.SESSIONS_WRITE)

    assert introspect(hot_path, token_for(ines), basic("dashboard", app.secret))[0] == 403
    assert introspect(hot_path, token_for(ines), f"Bearer {credential}")[0] == 403


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer x", "Basic", "Basic !", basic("dashboard", ""), basic("", ""), "Bearer cfm_00000000_x"],
)
def test_whoever_proves_nothing_is_401_with_a_challenge(hot_path, ines, authorization):
    body = urlencode({"token": token_for(ines)}).encode()

    status, headers, _body = answer_of(hot_path, form_of(body, HTTP_AUTHORIZATION=authorization))

    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic ")


def test_a_credential_that_is_over_or_comes_from_elsewhere_proves_nothing(hot_path, ines):
    expired = a_credential(Scope.TOKENS_INTROSPECT, expires_at=timezone.now())
    revoked = a_credential(Scope.TOKENS_INTROSPECT, revoked_at=timezone.now())
    elsewhere = a_credential(Scope.TOKENS_INTROSPECT, networks=["10.0.0.0/8"])

    statuses = [
        introspect(hot_path, token_for(ines), f"Bearer {c}")[0] for c in (expired, revoked, elsewhere)
    ]

    assert statuses == [401, 401, 401]


def test_the_right_secret_gets_in_whatever_others_tried_from_the_same_address(hot_path, credential, ines):
    """Behind one address stand many; and a credential just made may be used a moment before it is known."""
    guess = f"Bearer {credential[:-4]}AAAA"
    statuses = [introspect(hot_path, "x", guess)[0] for _ in range(25)]

    assert statuses[-1] == 429
    assert introspect(hot_path, token_for(ines), f"Bearer {credential}")[1]["active"]
    assert introspect(hot_path, "x", guess)[0] == 429


def test_guessing_is_slowed_down_for_the_guesser_alone(hot_path, credential, ines):
    guess = f"Bearer {credential[:-4]}AAAA"
    statuses = [introspect(hot_path, "x", guess)[0] for _ in range(25)]
    body = urlencode({"token": token_for(ines)}).encode()

    elsewhere = form_of(body, HTTP_AUTHORIZATION=f"Bearer {credential}", REMOTE_ADDR="192.0.2.7")

    assert (statuses[0], statuses[-1]) == (401, 429)
    assert answer_of(hot_path, elsewhere)[0] == 200


# --- Unknown is closed, unless SQL can say --------------------------------------------------------


def test_while_the_blacklist_is_silent_sql_answers(
    hot_path, credential, ines, otto, seen, settings: Settings
):
    good, ended = token_for(otto), token_for(ines, open_session(ines))
    terminate(ines)
    with running_redis() as frozen:
        settings.REDIS_URL = frozen.url
        frozen.freeze()
        answers = [
            introspect(hot_path, token, f"Bearer {credential}")[1]["active"] for token in (good, ended)
        ]
        frozen.thaw()

    assert answers == [True, False]
    assert (seen[-1].cause, bool(seen[-1].receipt)) == ("user_blocked", True)


class Silent(BoundedTruth):
    """SQL that does not answer in time."""

    def _within_budget(self, ask: Any) -> Any:
        raise TooSlow


def test_where_neither_answers_it_is_503_and_to_try_again(credential, ines, settings: Settings):
    with running_redis() as frozen:
        settings.REDIS_URL = frozen.url
        frozen.freeze()
        body = urlencode({"token": token_for(ines)}).encode()
        request = form_of(body, HTTP_AUTHORIZATION=f"Bearer {credential}")
        status, headers, _body = answer_of(a_hot_path([], truth=Silent()), request)
        frozen.thaw()

    assert (status, headers["Retry-After"]) == (503, "2")


def test_a_question_that_takes_too_long_is_given_up_and_keeps_its_place():
    truth = BoundedTruth(budget_seconds=0.05, at_once=1)
    release = threading.Event()
    with pytest.raises(TooSlow):
        truth._within_budget(release.wait)
    with pytest.raises(TooSlow):
        truth._within_budget(lambda: "nobody waits behind it")
    release.set()


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"CONTENT_TYPE": "application/json"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "9" * 12},
        {"CONTENT_LENGTH": "9" * 5000},
        {"CONTENT_LENGTH": "\u0663"},
        {"CONTENT_TYPE": ""},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_request_that_is_none_is_400(hot_path, credential, changes):
    request = form_of(b"token=x", HTTP_AUTHORIZATION=f"Bearer {credential}", **changes)

    assert answer_of(hot_path, request)[0] == 400


@pytest.mark.parametrize("body", [b"", b"token=a&token=b", b"token=%ff", b"hint=x", b"&".join([b"a=1"] * 30)])
def test_a_form_that_cannot_be_read_is_400(hot_path, credential, body):
    assert answer_of(hot_path, form_of(body, HTTP_AUTHORIZATION=f"Bearer {credential}"))[0] == 400


def test_another_method_is_405(hot_path):
    status, headers, _body = answer_of(hot_path, {"PATH_INFO": "/oauth/introspect", "REQUEST_METHOD": "GET"})

    assert (status, headers["Allow"]) == (405, "POST")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), authorization=st.text(max_size=80))
def test_no_bytes_at_all_are_answered_with_a_500(hot_path, body: bytes, authorization: str):
    status, _headers, _body = answer_of(hot_path, form_of(body, HTTP_AUTHORIZATION=authorization))

    assert status in (400, 401, 429)
