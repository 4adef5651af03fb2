"""The token endpoint: refresh with reuse detection, client credentials, and no answer that is ever a 500."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.blacklist.verdict import Outcome
from sessions_app.doors.oauth import throttle
from sessions_app.models import Revocation, Session, Signal, Token, TokenKind, User
from sessions_app.models.reasons import Reason
from sessions_app.models.roles import Role
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_grant, initiator_of, verdict_on
from tests.oauth_client import REDIRECT_URI, App, Tokens, a_service, an_app, basic, tokens_of
from tests.portal.signed_in import browser_of

pytestmark = pytest.mark.django_db


def terminate(user: User, *, by: User, reason: Reason = Reason.OFFBOARDING) -> Revocation:
    scope = OneUser(user_id=user.pk)
    return revoke(Order(initiator=initiator_of(by), reason=reason, scope=scope, received_at=timezone.now()))


def refreshed(app: App, tokens: Tokens) -> Tokens:
    answer = app.refresh(tokens.refresh_token)
    assert answer.status_code == 200, answer.content
    return tokens_of(answer)


def error_of(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]  # type: ignore[attr-defined]  # a JSON response


def minutes_ago(kind: TokenKind, minutes: float) -> None:
    """Let every consumed token of this kind have been consumed that long ago."""
    Token.objects.filter(kind=kind, consumed_at__isnull=False).update(
        consumed_at=F("consumed_at") - timedelta(minutes=minutes)
    )


# --- Refresh --------------------------------------------------------------------------------------


def test_a_refresh_gives_new_tokens_of_the_same_session(app: App, ines: User):
    first = app.sign_in(ines)

    second = refreshed(app, first)

    assert second.refresh_token != first.refresh_token
    assert verdict_on(second.access_token).claims.sid == verdict_on(first.access_token).claims.sid
    assert (
        verdict_on(second.access_token).claims.started_ms == verdict_on(first.access_token).claims.started_ms
    )
    assert Token.objects.filter(kind=TokenKind.REFRESH).count() == 2


def test_a_refresh_never_outlives_its_chain(app: App, ines: User):
    tokens = app.sign_in(ines)
    Session.objects.filter(client="dashboard").update(expires_at=timezone.now() + timedelta(seconds=90))

    shorter = refreshed(app, tokens)

    expires_at = Token.objects.filter(kind=TokenKind.ACCESS).latest("pk").expires_at
    assert expires_at <= Session.objects.get(client="dashboard").expires_at
    Session.objects.filter(client="dashboard").update(expires_at=timezone.now())
    assert error_of(app.refresh(shorter.refresh_token)) == (400, "invalid_grant")


def test_a_client_that_lost_the_answer_and_asks_again_keeps_its_session(app: App, ines: User):
    first = app.sign_in(ines)
    second = refreshed(app, first)

    assert error_of(app.refresh(first.refresh_token)) == (400, "invalid_grant")
    assert verdict_on(second.access_token).outcome is Outcome.ALLOWED
    refreshed(app, second)


def test_a_repeat_after_ten_seconds_ends_the_family_and_is_kept(app: App, ines: User):
    first = app.sign_in(ines)
    second = refreshed(app, first)
    minutes_ago(TokenKind.REFRESH, 0.2)

    assert error_of(app.refresh(first.refresh_token)) == (400, "invalid_grant")

    assert verdict_on(second.access_token).outcome is Outcome.REVOKED
    assert error_of(app.refresh(second.refresh_token)) == (400, "invalid_grant")
    signal = Signal.objects.get()
    assert (signal.kind, signal.user, signal.outcome) == ("refresh_token.reused", ines, "applied")
    assert signal.revocation.sessions_ended == 1


def test_an_older_token_of_the_family_ends_it_however_soon(app: App, ines: User):
    first = app.sign_in(ines)
    third = refreshed(app, refreshed(app, first))

    app.refresh(first.refresh_token)

    assert verdict_on(third.access_token).outcome is Outcome.REVOKED


def test_a_token_in_another_clients_hands_ends_the_family(app: App, ines: User):
    tokens = app.sign_in(ines)
    thief = an_app("thief")

    assert error_of(thief.refresh(tokens.refresh_token)) == (400, "invalid_grant")
    assert verdict_on(tokens.access_token).outcome is Outcome.REVOKED


def test_a_stolen_grant_of_somebody_privileged_ends_without_waiting_for_security(app: App, sam: User):
    first = app.sign_in(sam)
    second = refreshed(app, first)
    minutes_ago(TokenKind.REFRESH, 1)

    app.refresh(first.refresh_token)

    assert verdict_on(second.access_token).outcome is Outcome.REVOKED


def test_somebody_elses_session_is_untouched_by_a_stolen_grant(app: App, ines: User, otto: User):
    theirs = app.sign_in(otto)
    first = app.sign_in(ines)
    refreshed(app, first)
    minutes_ago(TokenKind.REFRESH, 1)

    app.refresh(first.refresh_token)

    assert verdict_on(theirs.access_token).outcome is Outcome.ALLOWED
    refreshed(app, theirs)


def test_after_terminate_now_neither_token_is_good_for_anything(app: App, hana: User, ines: User):
    tokens = app.sign_in(ines)

    terminate(ines, by=hana)

    assert verdict_on(tokens.access_token).outcome is Outcome.REVOKED
    assert error_of(app.refresh(tokens.refresh_token)) == (400, "invalid_grant")


def test_a_refresh_never_asks_for_more_than_was_given(app: App, ines: User):
    tokens = app.sign_in(ines)

    assert error_of(app.refresh(tokens.refresh_token, scope="openid email")) == (400, "invalid_scope")
    assert app.refresh(tokens.refresh_token, scope="openid").json()["scope"] == "openid"


def test_a_new_sign_in_after_a_role_change_works_and_the_old_one_stays_dead(app: App, ivan: User, ines: User):
    old = app.sign_in(ines)
    terminate(ines, by=ivan, reason=Reason.ROLE_CHANGE)

    new = app.sign_in(ines)

    assert verdict_on(new.access_token).outcome is Outcome.ALLOWED
    assert verdict_on(old.access_token).outcome is Outcome.REVOKED


# --- Codes ----------------------------------------------------------------------------------------


def test_a_code_used_twice_ends_what_it_began(app: App, ines: User):
    code, verifier = app.code_for(browser_of(ines))
    tokens = app.exchange(code, verifier)

    assert error_of(app.post_code(code, verifier)) == (400, "invalid_grant")

    assert verdict_on(tokens.access_token).outcome is Outcome.REVOKED
    assert Signal.objects.get().kind == "authorization_code.reused"


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "wrong"},
        {"code_verifier": "w" * 50},
        {"code_verifier": ""},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"code": "\u00e9"},
    ],
    ids=str,
)
def test_a_code_without_all_that_belongs_to_it_is_worth_nothing(
    app: App, ines: User, changes: dict[str, str]
):
    code, verifier = app.code_for(browser_of(ines))

    sent = {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "code": code,
        "code_verifier": verifier,
    }
    answer = app.post("/oauth/token", {**sent, **changes})

    assert answer.status_code == 400
    assert not Token.objects.exists()


def test_a_code_is_worth_nothing_to_another_client(app: App, ines: User):
    code, verifier = app.code_for(browser_of(ines))

    assert error_of(an_app("thief").post_code(code, verifier)) == (400, "invalid_grant")
    assert app.post_code(code, verifier).status_code == 200


def test_a_code_drawn_before_terminate_now_is_worth_nothing_after(app: App, hana: User, ines: User):
    code, verifier = app.code_for(browser_of(ines))

    terminate(ines, by=hana)

    assert error_of(app.post_code(code, verifier)) == (400, "invalid_grant")


def test_a_code_is_worth_nothing_after_a_minute(app: App, ines: User):
    code, verifier = app.code_for(browser_of(ines))
    app.client.authorizationcode_set.update(expires=timezone.now())

    assert error_of(app.post_code(code, verifier)) == (400, "invalid_grant")


# --- Clients --------------------------------------------------------------------------------------


def test_a_client_for_itself_gets_tokens_of_one_session_that_end_like_anybodys(sam: User):
    service = a_service()
    first, second = (
        tokens_of(service.post("/oauth/token", {"grant_type": "client_credentials"})) for _ in range(2)
    )
    account = User.objects.get(username="client:nightly-job")

    assert verdict_on(first.access_token).outcome is Outcome.ALLOWED
    assert Session.objects.filter(user=account).count() == 1
    terminate(account, by=sam)

    assert [verdict_on(token.access_token).outcome for token in (first, second)] == [Outcome.REVOKED] * 2
    assert service.post("/oauth/token", {"grant_type": "client_credentials"}).status_code == 400


def test_a_client_for_itself_works_again_after_an_ending_that_blocks_nothing(sam: User):
    service = a_service()
    service.post("/oauth/token", {"grant_type": "client_credentials"})
    terminate(User.objects.get(username="client:nightly-job"), by=sam, reason=Reason.ROLE_CHANGE)

    new = tokens_of(service.post("/oauth/token", {"grant_type": "client_credentials"}))

    assert verdict_on(new.access_token).outcome is Outcome.ALLOWED


@pytest.mark.parametrize("secret", ["", "wrong", "cfs_", "\x00"])
def test_a_client_without_its_secret_is_nobody(app: App, ines: User, secret: str):
    code, verifier = app.code_for(browser_of(ines))
    app.secret = secret

    answer = app.post_code(code, verifier)

    assert answer.status_code == 401 or answer.json()["error"] == "invalid_client"
    assert "access_token" not in answer.json()


def test_a_public_client_has_pkce_instead_of_a_secret(ines: User):
    app = an_app("cli", is_confidential=False)

    tokens = app.sign_in(ines)

    assert verdict_on(refreshed(app, tokens).access_token).outcome is Outcome.ALLOWED


def test_a_grant_that_is_not_the_clients_is_refused(app: App):
    assert (
        error_of(app.post("/oauth/token", {"grant_type": "client_credentials"}))[1] == "unauthorized_client"
    )
    assert error_of(
        app.post("/oauth/token", {"grant_type": "password", "username": "ines", "password": "x"})
    ) == (
        400,
        "unsupported_grant_type",
    )


@pytest.fixture
def _within_one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are counted by the minute; the scene must not happen to fall into two."""
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))


@pytest.mark.usefixtures("_within_one_minute")
def test_guessing_a_secret_is_slowed_down_and_the_client_is_not_locked_out(app: App, ines: User):
    guess = {"headers": {"Authorization": basic("dashboard", "guess")}}
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    attacker = Client(REMOTE_ADDR="198.51.100.66")
    statuses = [post_form(attacker, "/oauth/token", form, **guess).status_code for _ in range(25)]

    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert app.sign_in(ines).access_token


@pytest.mark.usefixtures("_within_one_minute")
@pytest.mark.parametrize("address", ["/oauth/token", "/oauth/revoke"])
def test_the_right_secret_gets_in_whatever_others_tried_from_the_same_address(
    app: App, ines: User, address: str
):
    tokens = app.sign_in(ines)
    guess = {"headers": {"Authorization": basic("dashboard", "guess")}}
    form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
    statuses = [post_form(Client(), address, form, **guess).status_code for _ in range(25)]

    assert statuses[-1] == 429
    assert app.refresh(tokens.refresh_token).status_code == 200
    assert app.post("/oauth/revoke", {"token": "x"}).status_code == 200


# --- Bad input ------------------------------------------------------------------------------------


def post_form(client: Client, address: str, form: dict[str, str] | str | bytes, **options: object) -> object:
    body = urlencode(form) if isinstance(form, dict) else form
    return client.post(address, body, content_type="application/x-www-form-urlencoded", **options)


@pytest.mark.parametrize("address", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"grant_type=authorization_code",
        b"grant_type=refresh_token&refresh_token=%00&client_id=dashboard",
        b"grant_type=refresh_token&refresh_token=a&refresh_token=b",
        b"grant_type=refresh_token&refresh_token=%ff%fe",
        b"\xff\xfe\x00",
        b"token=" + b"a" * 5000,
        b"a" * 70_000,
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)
def test_what_cannot_be_read_is_the_senders_fault(app: App, address: str, body: bytes):
    answer = post_form(Client(), address, body)

    assert answer.status_code in (400, 401)
    assert answer.json()["error"]
    assert answer["Cache-Control"] == "no-store"


def test_another_form_or_method_is_refused(app: App):
    assert Client().post("/oauth/token", "{}", content_type="application/json").status_code == 400
    assert Client().get("/oauth/token").status_code == 405


TEXTS = st.text(max_size=60)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.dictionaries(
        st.sampled_from(
            ["grant_type", "code", "refresh_token", "client_id", "client_secret", "scope", "redirect_uri",
             "code_verifier", "resource", "token", "assertion"]
        ),
        st.sampled_from(["refresh_token", "authorization_code", "client_credentials", "dashboard", "openid"]) | TEXTS,
    ),
    authorization=st.sampled_from(["", "Basic", "Basic !", "Bearer x", basic("dashboard", "x"), basic("\u00e9", ":")]),
)  # fmt: skip
def test_no_form_at_all_is_answered_with_a_500(app: App, form: dict[str, str], authorization: str):
    answer = post_form(Client(), "/oauth/token", form, headers={"Authorization": authorization})

    assert answer.status_code in (400, 401, 429)
    assert "error" in answer.json()


# --- Giving a token back (RFC 7009) ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_giving_one_token_back_ends_both_through_a_revocation(app: App, ines: User, kind: str):
    tokens = app.sign_in(ines)

    answer = app.post("/oauth/revoke", {"token": getattr(tokens, kind), "token_type_hint": "whatever"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert verdict_on(tokens.access_token).outcome is Outcome.REVOKED
    assert error_of(app.refresh(tokens.refresh_token)) == (400, "invalid_grant")
    revocation = Revocation.objects.get()
    assert (revocation.reason, revocation.door, revocation.initiator_user) == ("user_request", "oauth", ines)


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "\u00e9", "x" * 400])
def test_giving_back_what_nobody_knows_is_fine(app: App, token: str):
    assert app.post("/oauth/revoke", {"token": token}).status_code == 200


def test_another_clients_token_is_left_alone(app: App, ines: User):
    tokens = app.sign_in(ines)

    answer = an_app("other").post("/oauth/revoke", {"token": tokens.refresh_token})

    assert answer.status_code == 200
    assert verdict_on(tokens.access_token).outcome is Outcome.ALLOWED


def test_only_a_client_that_proves_itself_gives_tokens_back(app: App, ines: User):
    tokens = app.sign_in(ines)

    answer = post_form(Client(), "/oauth/revoke", {"token": tokens.refresh_token, "client_id": "dashboard"})

    assert answer.status_code == 401
    assert verdict_on(tokens.access_token).outcome is Outcome.ALLOWED


def test_a_privileged_persons_own_application_may_give_their_token_back(app: App, otto: User):
    a_grant(otto, Role.ADMIN)
    tokens = app.sign_in(otto)

    app.post("/oauth/revoke", {"token": tokens.refresh_token})

    assert verdict_on(tokens.access_token).outcome is Outcome.REVOKED


def test_a_token_given_back_twice_is_one_revocation(app: App, ines: User):
    tokens = app.sign_in(ines)
    app.post("/oauth/revoke", {"token": tokens.refresh_token})

    assert app.post("/oauth/revoke", {"token": tokens.refresh_token}).status_code == 200
    assert Revocation.objects.count() == 1
