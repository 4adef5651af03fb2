"""The WSGI guard and what clients are told: nothing passes unchecked, nothing hostile gets into a header."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.blacklist.claims import Claims
from sessions_app.blacklist.continuing import AccessEnded
from sessions_app.blacklist.guard import Guard, GuardMiddleware
from sessions_app.blacklist.responses import MULTI_FACTOR, Response, reason_class, response_for
from sessions_app.blacklist.values import SessionValue
from sessions_app.blacklist.verdict import Outcome, Verdict
from sessions_app.blacklist.writer import BlacklistWriter, Entry
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.entries import end_session
from tests.sessions_app.blacklist.issuer import AUDIENCE, NOW, NOW_MS, REALM, a_profile, a_token, trusting

SEEN = ("HTTP_X_AUTH_SUBJECT", "HTTP_X_AUTH_SESSION", "HTTP_X_AUTH_ROLES")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({name: environ[name] for name in SEEN if name in environ}).encode()]


def ask(
    guard: Guard, token: str | None = None, path: str = "/orders", **environ: str
) -> tuple[str, dict[str, str], Any]:
    """One GET through the middleware, both sides held to the letter of PEP 3333."""
    guarded = validator(GuardMiddleware(validator(application), guard, exempt=["/healthz"]))
    setup_testing_defaults(environ)
    environ |= {"PATH_INFO": path, "QUERY_STRING": "", "REQUEST_METHOD": "GET"}
    if token is not None:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answered: list[Any] = []
    chunks = guarded(environ, lambda status, headers, exc_info=None: answered.extend([status, dict(headers)]))
    body = b"".join(chunks)
    chunks.close()  # type: ignore[attr-defined] # the validator's iterator has one
    return answered[0], answered[1], json.loads(body)


def test_an_allowed_request_reaches_the_application_with_its_person(guard: Guard) -> None:
    status, _headers, seen = ask(guard, a_token())

    assert status == "200 OK"
    assert seen == {"HTTP_X_AUTH_SUBJECT": "ines", "HTTP_X_AUTH_SESSION": "session-1"}


def test_a_client_cannot_bring_its_own_identity(guard: Guard) -> None:
    brought = {"HTTP_X_AUTH_SUBJECT": "hana", "HTTP_X_AUTH_ROLES": "admin"}

    assert ask(guard, a_token(), **brought)[2]["HTTP_X_AUTH_SUBJECT"] == "ines"
    assert "HTTP_X_AUTH_ROLES" not in ask(guard, a_token(), **brought)[2]
    assert ask(guard, path="/healthz", **brought)[2] == {}


def test_a_request_without_a_token_is_asked_for_one(guard: Guard) -> None:
    status, headers, problem = ask(guard)

    assert status == "401 Unauthorized"
    assert headers["WWW-Authenticate"] == "Bearer"
    assert problem["reason"] == "missing_token"


def test_a_revoked_token_is_told_why(guard: Guard, writer: BlacklistWriter) -> None:
    ended = Entry(
        kind="session",
        realm=REALM,
        person="ines",
        ident="session-1",
        value=SessionValue(1, "CF-A"),
        expires_at_ms=NOW_MS + 3_600_000,
    )
    writer.publish([ended])

    status, headers, problem = ask(guard, a_token())

    assert status == "401 Unauthorized"
    assert headers["WWW-Authenticate"] == 'Bearer error="invalid_token", error_description="session_revoked"'
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "application/problem+json"
    assert (problem["status"], problem["reason"]) == (401, "session_revoked")


def test_a_forged_token_is_not_told_what_is_wrong_with_it(guard: Guard) -> None:
    _status, headers, problem = ask(guard, "x.y.z")

    assert problem["reason"] == "invalid"
    assert "malformed" not in headers["WWW-Authenticate"]


def test_unknown_keeps_the_clients_credentials(guard: Guard, redis_server: EmbeddedRedis) -> None:
    redis_server.flush()

    status, headers, problem = ask(guard, a_token())

    assert status == "503 Service Unavailable"
    assert int(headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in headers
    assert problem["reason"] == "unknown"


@pytest.mark.parametrize(
    "path", ["/healthz/", "/healthz/../orders", "/healthzz", "//healthz", "/HEALTHZ", ""]
)
def test_only_the_exact_path_is_exempt(path: str, guard: Guard) -> None:
    assert ask(guard, path="/healthz")[0] == "200 OK"
    assert ask(guard, path=path)[0] == "401 Unauthorized"


def test_a_point_with_an_audience_refuses_tokens_for_others(guard: Guard) -> None:
    guarded = GuardMiddleware(application, guard, audience="https://wiki.example")
    answered: list[str] = []
    guarded(
        {"HTTP_AUTHORIZATION": f"Bearer {a_token(aud=AUDIENCE)}"},
        lambda status, _headers, _exc_info=None: answered.append(status),  # type: ignore[arg-type,return-value] # no writer
    )

    assert answered == ["401 Unauthorized"]


def test_what_is_pushed_stops_once_its_session_was_ended(guard: Guard, writer: BlacklistWriter) -> None:
    pushed: list[bytes] = []

    def pushing(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"one")
        end_session(writer)
        write(b"two")
        return []

    guarded = GuardMiddleware(pushing, guard, recheck_seconds=0)

    with pytest.raises(AccessEnded, match="session_revoked"):
        guarded({"HTTP_AUTHORIZATION": f"Bearer {a_token()}"}, lambda _status, _headers: pushed.append)  # type: ignore[arg-type,misc]

    assert pushed == [b"one"]


def test_a_response_stops_once_its_session_was_ended_and_is_closed(
    guard: Guard, writer: BlacklistWriter
) -> None:
    closed: list[bool] = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            yield from (b"one", b"two")

        def close(self) -> None:
            closed.append(True)

    guarded = GuardMiddleware(lambda _environ, _start: Chunks(), guard, recheck_seconds=0)  # type: ignore[arg-type,return-value]
    chunks: Any = guarded({"HTTP_AUTHORIZATION": f"Bearer {a_token()}"}, lambda *_args: None)  # type: ignore[arg-type,return-value]

    assert next(chunks) == b"one"
    end_session(writer)
    with pytest.raises(AccessEnded):
        next(chunks)
    chunks.close()
    assert closed == [True]


def test_an_expired_token_does_not_end_what_was_let_in(guard: Guard) -> None:
    token = a_token(exp=NOW + 1)
    now_s = NOW + 2

    assert guard.check(token, admitted_at_ms=NOW_MS).outcome is Outcome.ALLOWED
    assert Guard(guard._reader, trusting, lambda: now_s * 1000).check(token).cause == "expired"


def test_a_removed_key_ends_what_was_let_in(guard: Guard) -> None:
    closed = Guard(guard._reader, lambda: trusting(a_profile(keys={"keys": []})))

    assert closed.check(a_token(), admitted_at_ms=NOW_MS).cause == "unknown_key"


def allowed(person: str, sid: str | None) -> Verdict:
    claims = Claims(
        issuer="i",
        realm="r",
        person=person,
        token_id="t",
        sid=sid,
        started_ms=0,
        issued_ms=0,
        expires_ms=1,
        audiences=(),
        second_factor=False,
        project_end_ms=None,
        entitlements=None,
        raw={},
    )
    return Verdict(Outcome.ALLOWED, claims=claims)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(min_size=1, alphabet="\r\n\0 %\u00e9a"),
)
def test_no_claim_can_break_out_of_its_header(person: str, sid: str) -> None:
    headers = dict(response_for(allowed(person, sid)).headers)

    for name, value in (("X-Auth-Subject", person), ("X-Auth-Session", sid)):
        assert all(0x21 <= ord(character) <= 0x7E for character in headers[name])
        assert unquote(headers[name]) == value


def test_an_ordinary_id_stands_in_its_header_as_it_is() -> None:
    headers = dict(response_for(allowed("auth0|123:abc/+=@x.example", None)).headers)

    assert headers["X-Auth-Subject"] == "auth0|123:abc/+=@x.example"
    assert "X-Auth-Session" not in headers


def test_an_allowed_answer_has_no_body_and_is_not_stored() -> None:
    assert response_for(Verdict(Outcome.ALLOWED)) == Response(204, (("Cache-Control", "no-store"),), b"")


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Verdict(Outcome.REVOKED, "session_revoked"), "session_revoked"),
        (Verdict(Outcome.REVOKED, "token_revoked"), "session_revoked"),
        (Verdict(Outcome.REVOKED, "user_cutoff"), "session_revoked"),
        (Verdict(Outcome.REVOKED, "everyone_cutoff"), "session_revoked"),
        (Verdict(Outcome.REVOKED, "malformed_entry"), "session_revoked"),
        (Verdict(Outcome.REVOKED, "user_cutoff", why="a later version's reason"), "session_revoked"),
        (Verdict(Outcome.REVOKED, "user_blocked"), "user_blocked"),
        (Verdict(Outcome.REVOKED, "user_blocked", why="project_ended"), "user_blocked"),
        (Verdict(Outcome.REVOKED, "claims_changed"), "claims_changed"),
        (Verdict(Outcome.REVOKED, "user_cutoff", why="claims_changed"), "claims_changed"),
        (Verdict(Outcome.REVOKED, "project_ended"), "project_ended"),
        (Verdict(Outcome.REVOKED, "session_revoked", why="project_ended"), "project_ended"),
        (Verdict(Outcome.REVOKED, "step_up"), "step_up"),
        (Verdict(Outcome.INVALID, "signature"), "invalid"),
        (Verdict(Outcome.INVALID, "missing_token"), "missing_token"),
        (Verdict(Outcome.UNKNOWN, "marker_missing"), "unknown"),
    ],
)
def test_a_client_hears_one_of_few_reasons(verdict: Verdict, told: str) -> None:
    assert reason_class(verdict) == told
    assert json.loads(response_for(verdict).body)["reason"] == told


def test_a_missing_second_factor_is_asked_for_as_the_standard_says() -> None:
    headers = dict(response_for(Verdict(Outcome.REVOKED, "step_up")).headers)

    assert headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_user_authentication", error_description="step_up", '
        f'acr_values="{MULTI_FACTOR}"'
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_answer_may_be_stored_or_tells_a_receipt(outcome: Outcome) -> None:
    response = response_for(Verdict(outcome, "session_revoked", "CF-SECRET"))

    assert ("Cache-Control", "no-store") in response.headers
    assert b"CF-SECRET" not in response.body
