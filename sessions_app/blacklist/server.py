"""Whether a Redis server may be trusted with the blacklist: what it says about itself."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis import Redis
from redis.exceptions import ResponseError

from .keys import PREFIX

OLDEST_VERSION: Final = (6, 2)

# Half of the minute by which every entry outlives its last token.
WIDEST_OFFSET_MS: Final = 30_000

_LOOKED_AT: Final = 250


@dataclass(frozen=True, kw_only=True)
class ServerState:
    """One look at a server. `aof_fsync` is None where CONFIG is forbidden: INFO does not show it.

    `clock_offset_ms` is how far the server's clock is ahead of ours: entries expire by the server's.
    """

    run_id: str
    version: str
    mode: str
    role: str
    policy: str
    aof: bool
    aof_fsync: str | None
    evicted_keys: int
    used_memory: int
    maxmemory: int
    clock_offset_ms: int
    foreign_keys: bool


def inspect(client: Redis) -> ServerState:
    """Ask the server about itself; raises what redis-py raises."""
    info: Mapping[str, Any] = client.info()
    return ServerState(
        run_id=str(info["run_id"]),
        version=str(info["redis_version"]),
        mode=str(info.get("redis_mode", info.get("server_mode", "standalone"))),
        role=str(info["role"]),
        policy=str(info["maxmemory_policy"]),
        aof=bool(info["aof_enabled"]),
        aof_fsync=_aof_fsync(client),
        evicted_keys=int(info["evicted_keys"]),
        used_memory=int(info["used_memory"]),
        maxmemory=int(info["maxmemory"]),
        clock_offset_ms=_clock_offset_ms(client),
        foreign_keys=_has_foreign_keys(client, info),
    )


def problems(state: ServerState, *, persistence_asserted: bool = False) -> list[str]:
    """Why this server must not carry the blacklist, one sentence each; empty if it may.

    `persistence_asserted` stands for BLACKLIST_PERSISTENCE=asserted: somebody vouches for what a server
    that forbids CONFIG does not show.
    """
    return [
        *_kind_problems(state),
        *_memory_problems(state),
        *_persistence_problems(state, persistence_asserted=persistence_asserted),
    ]


def _kind_problems(state: ServerState) -> list[str]:
    found = []
    if _version_of(state) < OLDEST_VERSION:
        found.append(f"The server is version {state.version}; 6.2 or newer is needed.")
    if state.mode == "cluster":
        found.append("The server is a node of a cluster, which this address cannot use.")
    if state.role != "master":
        found.append("The server is a replica; the blacklist is written and read on the primary.")
    if abs(state.clock_offset_ms) > WIDEST_OFFSET_MS:
        found.append("The server's clock and ours are more than 30 s apart: entries would expire early.")
    return found


def _memory_problems(state: ServerState) -> list[str]:
    found = []
    if state.policy != "noeviction":
        found.append(f"maxmemory-policy is {state.policy}: the server may forget. Set it to noeviction.")
    if state.foreign_keys:
        found.append("The server holds keys of somebody else. Give the blacklist a server of its own.")
    return found


def _persistence_problems(state: ServerState, *, persistence_asserted: bool) -> list[str]:
    if not state.aof:
        return ["The server keeps no append-only file: a restart loses entries. Set appendonly to yes."]
    if state.aof_fsync is None and not persistence_asserted:
        return ["appendfsync cannot be read here. Set BLACKLIST_PERSISTENCE=asserted if it is always."]
    if state.aof_fsync not in (None, "always"):
        return [f"appendfsync is {state.aof_fsync}: a crash loses acknowledged entries. Set it to always."]
    return []


def _version_of(state: ServerState) -> tuple[int, ...]:
    return tuple(int(part) for part in state.version.split(".")[:2] if part.isdigit())


def _clock_offset_ms(client: Redis) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000 - time.time_ns() // 1_000_000


def _aof_fsync(client: Redis) -> str | None:
    try:
        found: Mapping[Any, Any] = client.config_get("appendfsync")
    except ResponseError:
        return None
    values = [value.decode() if isinstance(value, bytes) else str(value) for value in found.values()]
    return values[0] if values else None


def _has_foreign_keys(client: Redis, info: Mapping[str, Any]) -> bool:
    """Whether anybody else uses this server: other databases, or keys not of ours among a sample."""
    ours = f"db{client.connection_pool.connection_kwargs.get('db') or 0}"
    databases = {name for name in info if name.startswith("db") and name[2:].isdigit()}
    if databases - {ours}:
        return True
    _, sample = client.scan(0, count=_LOOKED_AT)
    return any(not (isinstance(key, bytes) and key.startswith(PREFIX.encode())) for key in sample)
