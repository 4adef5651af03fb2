"""A writer, a reader and a guard on the real server, and a second server to mistreat."""

from collections.abc import Iterator

import pytest

from sessions_app.blacklist.guard import Guard, now_ms
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.values import Marker
from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis, running_redis
from tests.sessions_app.blacklist.issuer import trusting

ENV = "test"


def fresh_marker(generation: int = 1, sequence: int = 1, *, fence: int = 1, everyone_ms: int = 0) -> Marker:
    return Marker(generation, sequence, now_ms(), everyone_ms, fence)


@pytest.fixture
def writer(redis_server: EmbeddedRedis) -> Iterator[BlacklistWriter]:
    writer = BlacklistWriter(redis_server.url, ENV)
    yield writer
    writer.close()


@pytest.fixture
def reader(redis_server: EmbeddedRedis) -> Iterator[BlacklistReader]:
    reader = BlacklistReader(redis_server.url, ENV)
    yield reader
    reader.close()


@pytest.fixture
def guard(reader: BlacklistReader, writer: BlacklistWriter) -> Guard:
    """A guard whose gate is open: what is not refused is allowed."""
    writer.open_gate(fresh_marker())
    return Guard(reader, trusting)


@pytest.fixture
def own_server() -> Iterator[EmbeddedRedis]:
    """A server for this test alone, to be frozen, killed or filled."""
    with running_redis() as server:
        yield server
