"""The look-up against a real server: in time or not at all, and never somebody else's answer."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from sessions_app.blacklist.connections import Busy, Connections
from sessions_app.blacklist.errors import BlacklistUnavailable, UnsupportedAddress
from sessions_app.blacklist.keys import KeySpace
from sessions_app.blacklist.reader import BlacklistReader, connect
from sessions_app.blacklist.verdict import Subject, Values
from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.conftest import ENV, fresh_marker

INES = Subject("northwind", "ines", "session-1", "token-1", 1)

# A promise of 130 ms, asserted loosely because tests share two cores.
GENEROUS_SECONDS = 2.0


@pytest.fixture
def frozen(own_server: EmbeddedRedis) -> Iterator[BlacklistReader]:
    """A reader with an open connection to a server that has just stopped answering."""
    reader = BlacklistReader(own_server.url, ENV)
    reader.read(INES)
    own_server.freeze()
    yield reader
    own_server.thaw()
    reader.close()


def test_each_value_is_read_from_its_own_key(reader: BlacklistReader, client_of_this_process: Redis) -> None:
    keys = KeySpace(ENV).lookup("northwind", "ines", "session-1", "token-1").keys
    client_of_this_process.mset(dict(zip(keys, "abcd", strict=True)))

    assert reader.read(INES) == Values(b"a", b"b", b"c", b"d")
    assert reader.read(INES._replace(sid=None)) == Values(b"a", b"b", None, b"d")
    assert reader.read(INES._replace(token_id=None)) == Values(b"a", b"b", b"c", None)
    assert reader.read(INES._replace(sid=None, token_id=None)) == Values(b"a", b"b", None, None)


def test_a_position_counts_for_the_reads_that_begin_after_it_was_seen(
    reader: BlacklistReader, writer: BlacklistWriter
) -> None:
    writer.open_gate(fresh_marker(2, 7))

    assert reader.read(INES).high_water == (0, 0)
    assert reader.read(INES).high_water == (2, 7)


def test_positions_are_remembered_per_bucket(reader: BlacklistReader, writer: BlacklistWriter) -> None:
    writer.open_gate(fresh_marker(2, 7))
    reader.read(INES)
    elsewhere = INES._replace(person="carlos")

    assert KeySpace(ENV).lookup("northwind", "carlos", None, None).bucket != 0
    assert reader.read(elsewhere).high_water == (0, 0)


def test_a_server_that_is_gone_is_an_error_not_an_answer(own_server: EmbeddedRedis) -> None:
    reader = BlacklistReader(own_server.url, ENV)
    reader.read(INES)
    own_server.kill()

    with pytest.raises(RedisConnectionError):
        reader.read(INES)


def test_a_server_that_came_back_is_read_at_once(own_server: EmbeddedRedis) -> None:
    reader = BlacklistReader(own_server.url, ENV)
    reader.read(INES)
    own_server.restart()

    assert reader.read(INES) == Values(None)
    reader.close()


def test_a_frozen_server_costs_bounded_time(frozen: BlacklistReader) -> None:
    began = time.monotonic()

    with pytest.raises(RedisTimeoutError):
        frozen.read(INES)
    assert time.monotonic() - began < GENEROUS_SECONDS


def test_many_checks_against_a_frozen_server_fail_fast(frozen: BlacklistReader) -> None:
    outcomes: list[str] = []

    def check() -> None:
        try:
            frozen.read(INES)
            outcomes.append("answer")
        except RedisTimeoutError as error:
            outcomes.append(type(error).__name__)

    began = time.monotonic()
    threads = [threading.Thread(target=check) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(outcomes) <= {"TimeoutError", "Busy"}
    assert len(outcomes) == 100
    assert time.monotonic() - began < 10 * GENEROUS_SECONDS


def test_a_thawed_server_is_read_again_with_the_right_answers(own_server: EmbeddedRedis) -> None:
    reader = BlacklistReader(own_server.url, ENV)
    with own_server.client() as client:
        client.set(KeySpace(ENV).user("northwind", "ines"), "of ines")
        client.set(KeySpace(ENV).user("northwind", "carlos"), "of carlos")
    reader.read(INES)
    own_server.freeze()
    with pytest.raises(RedisTimeoutError):
        reader.read(INES)
    own_server.thaw()

    assert reader.read(INES._replace(person="carlos")).user == b"of carlos"
    reader.close()


def test_no_place_left_is_told_quickly(redis_server: EmbeddedRedis) -> None:
    connections = Connections(redis_server.url, connections=1)
    connections.enter()

    with pytest.raises(Busy):
        connections.enter()
    connections.leave()
    connections.enter()


def test_a_place_is_free_again_after_every_failure(own_server: EmbeddedRedis) -> None:
    reader = BlacklistReader(own_server.url, ENV, connections=1)
    own_server.kill()
    for _ in range(3):
        with pytest.raises(RedisConnectionError):
            reader.read(INES)
    own_server.start()

    assert reader.read(INES) == Values(None)
    reader.close()


def test_a_forked_child_uses_connections_of_its_own(
    reader: BlacklistReader, client_of_this_process: Redis
) -> None:
    reader.read(INES)
    before = len(reader._connections._idle)
    child = os.fork()
    if child == 0:
        os._exit(len(reader._connections._idle))
    _, status = os.waitpid(child, 0)

    assert before == 1
    assert os.waitstatus_to_exitcode(status) == 0


class Impostor:
    """Accepts connections and answers every question with the same bytes, or slowly, or not at all."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(accepted)
            threading.Thread(target=self._talk, args=(accepted,), daemon=True).start()

    def _talk(self, accepted: socket.socket) -> None:
        try:
            while question := accepted.recv(65_536):
                courtesy = question.count(b"SETINFO")
                accepted.sendall(b"+OK\r\n" * courtesy or self._answer)
        except OSError:
            return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in [self._listener, *self._sockets]:
            each.close()
        self._thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"$-1\r\n",
        b"*1\r\n$-1\r\n",
        b"*5\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-NOPERM this user has no permissions\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-MOVED 3999 127.0.0.1:6381\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-OOM command not allowed\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"*4\r\n$3\r\n",
        b"",
    ],
)
def test_an_answer_that_is_no_answer_is_an_error(answer: bytes) -> None:
    with TemporaryDirectory(prefix="cf-", dir="/tmp") as directory:  # short: it holds a socket
        impostor = Impostor(Path(directory) / "s", answer)
        reader = BlacklistReader(f"unix://{directory}/s", ENV)

        with pytest.raises(
            (RedisConnectionError, RedisTimeoutError, BlacklistUnavailable, Exception)
        ) as failed:
            reader.read(INES)
        assert not isinstance(failed.value, AssertionError)
        impostor.close()


def test_every_client_waits_briefly_and_never_retries_whatever_its_address_says() -> None:
    hostile = "redis://h:6379/0?socket_timeout=60&socket_connect_timeout=60&retry_on_timeout=yes&decode_responses=true"
    kwargs = connect(hostile).connection_pool.connection_kwargs

    assert kwargs["socket_timeout"] == kwargs["socket_connect_timeout"] == 0.05
    assert kwargs["retry"].get_retries() == 0
    assert kwargs["retry_on_timeout"] is False
    assert kwargs["decode_responses"] is False


@pytest.mark.parametrize(
    "url", ["redis+sentinel://h/0", "redis+cluster://h", "http://h", "", "/run/redis.sock"]
)
def test_an_address_of_another_kind_is_refused_clearly(url: str) -> None:
    with pytest.raises(UnsupportedAddress, match="use redis://"):
        connect(url)


def test_a_broken_address_does_not_tell_its_password() -> None:
    with pytest.raises(UnsupportedAddress) as refused:
        connect("redis://u:s3cret@h:notaport/0")

    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None
