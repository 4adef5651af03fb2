"""The guard as a whole, on the real server: total, closed when it does not know, right when it does."""

from functools import partial

import pytest
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.sentinel import MasterNotFoundError

from sessions_app.blacklist.guard import Guard, bearer_token, now_ms
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.values import SessionValue, TokenValue, UserValue
from sessions_app.blacklist.verdict import Outcome, Subject, Values, lost_digest
from sessions_app.blacklist.writer import BlacklistWriter, Entry
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.conftest import ENV, fresh_marker
from tests.sessions_app.blacklist.issuer import AUDIENCE, NOW, NOW_MS, REALM, a_token, trusting

SOON_MS = NOW_MS + 3_600_000


def publish(writer: BlacklistWriter, value: UserValue | SessionValue | TokenValue, ident: str = "") -> None:
    kind = {UserValue: "user", SessionValue: "session", TokenValue: "token"}[type(value)]
    writer.publish(
        [Entry(kind=kind, realm=REALM, person="ines", ident=ident, value=value, expires_at_ms=SOON_MS)]  # type: ignore[arg-type] # one of three
    )


def test_a_token_nothing_is_known_against_is_allowed(guard: Guard) -> None:
    verdict = guard.check(a_token())

    assert verdict.outcome is Outcome.ALLOWED
    assert verdict.claims is not None
    assert verdict.claims.person == "ines"


@pytest.mark.parametrize(
    ("value", "ident", "cause"),
    [
        (UserValue(1, True, 0, 0, "CF-A"), "", "user_blocked"),
        (UserValue(1, False, NOW_MS, 0, "CF-A"), "", "user_cutoff"),
        (SessionValue(1, "CF-A"), "session-1", "session_revoked"),
        (TokenValue(1, "CF-A"), "token-1", "token_revoked"),
    ],
)
def test_what_was_published_is_refused(
    value: UserValue | SessionValue | TokenValue,
    ident: str,
    cause: str,
    guard: Guard,
    writer: BlacklistWriter,
) -> None:
    assert guard.check(a_token()).outcome is Outcome.ALLOWED

    publish(writer, value, ident)

    verdict = guard.check(a_token())
    assert (verdict.outcome, verdict.cause, verdict.receipt) == (Outcome.REVOKED, cause, "CF-A")


def test_somebody_else_is_untouched(guard: Guard, writer: BlacklistWriter) -> None:
    publish(writer, UserValue(1, True, NOW_MS, 0, "CF-A"))

    assert guard.check(a_token(sub="carlos")).outcome is Outcome.ALLOWED
    assert guard.check_session("another-realm", "ines", None, 1).outcome is Outcome.ALLOWED


def test_a_new_session_after_a_cutoff_is_allowed_and_the_old_one_is_not(
    guard: Guard, writer: BlacklistWriter
) -> None:
    publish(writer, UserValue(1, False, (NOW - 10) * 1000, 0, "CF-A"))

    assert guard.check(a_token(auth_time=NOW - 9)).outcome is Outcome.ALLOWED
    assert guard.check(a_token(auth_time=NOW - 10)).cause == "user_cutoff"


def test_a_session_can_be_asked_for_without_a_token(guard: Guard, writer: BlacklistWriter) -> None:
    publish(writer, SessionValue(1, "CF-A"), "session-1")

    assert guard.check_session(REALM, "ines", "session-1", NOW_MS).cause == "session_revoked"
    assert guard.check_session(REALM, "ines", "session-2", NOW_MS).outcome is Outcome.ALLOWED
    assert guard.check_session(REALM, "ines", None, NOW_MS).outcome is Outcome.ALLOWED


def test_a_session_without_a_token_is_asked_for_its_second_factor_and_its_roles_too(
    guard: Guard, writer: BlacklistWriter
) -> None:
    publish(writer, UserValue(1, False, 0, NOW_MS, "CF-A", lost=(lost_digest("approve"),)))
    proved = partial(guard.check_session, REALM, "ines", "session-1", NOW_MS, second_factor=True)

    assert guard.check_session(REALM, "ines", "session-1", NOW_MS).cause == "step_up"
    assert proved().outcome is Outcome.ALLOWED
    assert proved(entitlements=("approve",)).cause == "claims_changed"


@pytest.mark.parametrize("subject", [("", "ines", "s"), (REALM, "", "s"), (REALM, "ines", "")])
def test_a_session_of_nobody_is_invalid(subject: tuple[str, str, str], guard: Guard) -> None:
    assert guard.check_session(*subject, NOW_MS).outcome is Outcome.INVALID


def test_an_enforcement_point_can_ask_for_its_own_audience(guard: Guard) -> None:
    token = a_token(aud=[AUDIENCE, "https://wiki.example"])

    assert guard.check(token, "https://wiki.example").outcome is Outcome.ALLOWED
    assert guard.check(token, "https://else.example").cause == "audience"


def test_a_bad_token_is_invalid_whatever_redis_does(own_server: EmbeddedRedis) -> None:
    guard = Guard(BlacklistReader(own_server.url, ENV), trusting)
    own_server.kill()

    assert guard.check("x.y.z").outcome is Outcome.INVALID


# --- Losing what was known ------------------------------------------------------------------------


def test_after_a_flush_nothing_is_allowed(guard: Guard, redis_server: EmbeddedRedis) -> None:
    redis_server.flush()

    assert guard.check(a_token()).cause == "marker_missing"


def test_after_a_flush_a_hit_still_refuses(
    guard: Guard, writer: BlacklistWriter, redis_server: EmbeddedRedis
) -> None:
    redis_server.flush()
    publish(writer, SessionValue(1, "CF-A"), "session-1")

    assert guard.check(a_token()).outcome is Outcome.REVOKED


def test_a_server_that_came_back_empty_allows_nothing_until_rebuilt(own_server: EmbeddedRedis) -> None:
    writer, reader = BlacklistWriter(own_server.url, ENV), BlacklistReader(own_server.url, ENV)
    guard = Guard(reader, trusting)
    writer.open_gate(fresh_marker())
    publish(writer, SessionValue(1, "CF-A"), "session-1")
    own_server.restart_empty()

    assert guard.check(a_token()).cause == "marker_missing"
    assert writer.beat(fresh_marker(), accepted=[(1, 1)]) != []
    assert guard.check(a_token(sid="session-2")).outcome is Outcome.UNKNOWN

    publish(writer, SessionValue(1, "CF-A"), "session-1")
    writer.open_gate(fresh_marker(2, 1))
    assert guard.check(a_token()).cause == "session_revoked"
    assert guard.check(a_token(sid="session-2")).outcome is Outcome.ALLOWED
    reader.close()
    writer.close()


def test_what_was_acknowledged_survives_a_power_cut(own_server: EmbeddedRedis) -> None:
    writer, reader = BlacklistWriter(own_server.url, ENV), BlacklistReader(own_server.url, ENV)
    publish(writer, SessionValue(1, "CF-A"), "session-1")
    own_server.restart()

    assert Guard(reader, trusting).check(a_token()).cause == "session_revoked"
    reader.close()
    writer.close()


def test_a_frozen_server_is_unknown(own_server: EmbeddedRedis) -> None:
    writer, reader = BlacklistWriter(own_server.url, ENV), BlacklistReader(own_server.url, ENV)
    guard = Guard(reader, trusting)
    writer.open_gate(fresh_marker())
    assert guard.check(a_token()).outcome is Outcome.ALLOWED
    own_server.freeze()

    began = now_ms()
    verdict = guard.check(a_token())
    took_ms = now_ms() - began
    own_server.thaw()

    assert (verdict.outcome, verdict.cause) == (Outcome.UNKNOWN, "unavailable:TimeoutError")
    assert took_ms < 2000
    reader.close()
    writer.close()


def test_a_marker_that_went_back_is_unknown(
    guard: Guard, writer: BlacklistWriter, redis_server: EmbeddedRedis
) -> None:
    writer.open_gate(fresh_marker(3, 5))
    assert guard.check(a_token()).outcome is Outcome.ALLOWED

    redis_server.flush()
    writer.open_gate(fresh_marker(3, 4))

    assert guard.check(a_token()).cause == "went_back"


def test_a_stopped_clock_closes_the_guard(reader: BlacklistReader, writer: BlacklistWriter) -> None:
    writer.open_gate(fresh_marker())

    assert (
        Guard(reader, trusting, lambda: now_ms() + 6000).check_session(REALM, "i", None, 1).cause
        == "heartbeat_old"
    )
    assert (
        Guard(reader, trusting, lambda: now_ms() - 6000).check_session(REALM, "i", None, 1).cause
        == "heartbeat_ahead"
    )


# --- Total ----------------------------------------------------------------------------------------


class BrokenReader(BlacklistReader):
    """A reader whose every look-up fails in a given way; no server is needed for that."""

    def __init__(self, failure: BaseException) -> None:
        self.failure = failure

    def read(self, subject: Subject) -> Values:
        raise self.failure


@pytest.mark.parametrize(
    "failure",
    [
        AuthenticationError("x"), BusyLoadingError("x"), ClusterDownError("x"), MovedError("1 h:1"),
        NoPermissionError("x"), OutOfMemoryError("x"), ReadOnlyError("x"), ResponseError("x"),
        MasterNotFoundError("x"), OSError("x"), UnicodeDecodeError("utf-8", b"", 0, 1, "x"), KeyError("x"),
        RuntimeError("x"), MemoryError("x"), RecursionError("x"), AssertionError("x"), ZeroDivisionError("x"),
        StopIteration("x"),
    ],
)  # fmt: skip
def test_any_failure_at_all_is_unknown_with_its_name(failure: Exception) -> None:
    guard = Guard(BrokenReader(failure), trusting)

    for verdict in (guard.check(a_token()), guard.check_session(REALM, "ines", "s", 1)):
        assert (verdict.outcome, verdict.cause) == (Outcome.UNKNOWN, f"unavailable:{type(failure).__name__}")


def test_being_told_to_stop_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        Guard(BrokenReader(KeyboardInterrupt()), trusting).check(a_token())


def test_profiles_that_cannot_be_had_are_unknown(reader: BlacklistReader) -> None:
    def unreadable() -> dict[str, object]:
        raise PermissionError

    assert Guard(reader, unreadable).check(a_token()).cause == "unavailable:PermissionError"  # type: ignore[arg-type]


@pytest.mark.parametrize("token", [None, 7, b"x.y.z", ["x"]])
def test_even_a_token_of_the_wrong_type_gets_an_answer(token: object, guard: Guard) -> None:
    assert guard.check(token).outcome in (Outcome.INVALID, Outcome.UNKNOWN)  # type: ignore[arg-type]


def test_an_ended_project_needs_no_server(own_server: EmbeddedRedis) -> None:
    guard = Guard(BlacklistReader(own_server.url, ENV), trusting)
    own_server.kill()

    assert guard.check(a_token(project_end_date=NOW - 1)).cause == "project_ended"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER  abc ", "abc"),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("", ""),
        ("abc", ""),
        ("Bearer abc, Bearer def", "abc, Bearer def"),
    ],
)
def test_the_token_is_what_follows_bearer(header: str, token: str) -> None:
    assert bearer_token(header) == token
