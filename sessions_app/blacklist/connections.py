"""Connections to Redis on our own terms: every wait is short and bounded, nothing is a library default."""

import os
from collections import deque
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from weakref import WeakMethod

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from .errors import UnsupportedAddress

STEP_SECONDS: Final = 0.05
BUSY_SECONDS: Final = 0.02

_SCHEMES: Final = frozenset({"redis", "rediss", "unix"})


class Connection(Protocol):
    """What we use of a redis-py connection, which has no types of its own."""

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def send_command(self, *parts: str) -> None: ...
    def can_read(self, timeout: float) -> bool: ...
    def read_response(self) -> object: ...


class Busy(RedisTimeoutError):
    """Every place is taken by somebody who waits for Redis already; queueing up would help nobody."""


def connect(url: str, *, timeout_seconds: float = STEP_SECONDS, connections: int = 32) -> Redis:
    """A client whose every connect and read ends within `timeout_seconds`, and which never retries.

    What the address itself says about timeouts, retries or decoding is overruled. Raises
    UnsupportedAddress. Opens no connection yet.
    """
    return Redis(connection_pool=_pool(url, timeout_seconds=timeout_seconds, connections=connections))


def _pool(url: str, *, timeout_seconds: float, connections: int) -> ConnectionPool:
    scheme = urlsplit(url).scheme
    if scheme not in _SCHEMES:
        raise UnsupportedAddress(f"{scheme or 'no scheme'}: use redis://, rediss:// or unix://")
    try:
        pool = ConnectionPool.from_url(url, max_connections=connections)
    except ValueError:
        # Without the reason, because the reason may quote a password.
        raise UnsupportedAddress("the address of Redis cannot be read") from None
    pool.connection_kwargs.update(_our_terms(timeout_seconds))
    return pool


def _our_terms(timeout_seconds: float) -> dict[str, Any]:
    return {
        "socket_connect_timeout": timeout_seconds,
        "socket_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
        "retry_on_error": [],
        "health_check_interval": 0,
        "decode_responses": False,
        "protocol": 2,
    }


class Connections:
    """A bounded set of open connections for look-ups, shared by threads and safe to fork with.

    Redis-py's own pool has no bound for the whole of opening one: name look-up, TLS and AUTH each
    wait on their own. Here a thread of its own opens it; the caller waits as long as it can afford,
    and a connection that arrives late serves the next check.
    """

    def __init__(self, url: str, *, connections: int) -> None:
        self._pool = _pool(url, timeout_seconds=STEP_SECONDS, connections=connections)
        self._size = connections
        self._start_over()
        if hasattr(os, "register_at_fork"):
            # A socket shared with the parent would mix up whose answer is whose.
            start_over = WeakMethod(self._start_over)
            os.register_at_fork(after_in_child=lambda: (alive := start_over()) and alive())

    def _start_over(self) -> None:
        self._idle: deque[Connection] = deque()
        self._places = BoundedSemaphore(self._size)
        self._openings = BoundedSemaphore(self._size)

    def enter(self) -> None:
        """Take a place, to be left again; raises Busy when none is free within BUSY_SECONDS."""
        if not self._places.acquire(timeout=BUSY_SECONDS):
            raise Busy("every connection is in use")

    def leave(self) -> None:
        self._places.release()

    def take_idle(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection on which nothing is outstanding."""
        if len(self._idle) < self._size:
            self._idle.append(connection)
        else:
            connection.disconnect()

    def open(self, seconds: float) -> Connection:
        """A fresh connection within `seconds`; raises what opening it raised, or a timeout."""
        if not self._openings.acquire(blocking=False):
            raise Busy("too many connections are being opened")
        opening = _Opening(self, self._openings)
        opening.start()
        return opening.result(seconds)

    def new(self) -> Connection:
        connection: Connection = self._pool.connection_class(**self._pool.connection_kwargs)
        connection.connect()
        return connection

    def drop_idle(self) -> None:
        while connection := self.take_idle():
            connection.disconnect()


class _Opening(Thread):
    """One connection being opened, for whoever still waits when it is ready."""

    def __init__(self, connections: Connections, openings: BoundedSemaphore) -> None:
        super().__init__(name="curfew-guard-connect", daemon=True)
        self._connections = connections
        self._openings = openings
        self._done = Event()
        self._handover = Lock()
        self._abandoned = False
        self._connection: Connection | None = None
        self._failure: Exception | None = None

    def run(self) -> None:
        try:
            self._connection = self._connections.new()
        except Exception as error:  # noqa: BLE001 - it is raised again where the result is awaited
            self._failure = error
        with self._handover:
            self._done.set()
            if self._abandoned and self._connection is not None:
                self._connections.give_back(self._connection)
        self._openings.release()

    def result(self, seconds: float) -> Connection:
        self._done.wait(max(seconds, 0.0))
        with self._handover:
            if not self._done.is_set():
                self._abandoned = True
                raise RedisTimeoutError("opening a connection took too long")
        if self._connection is None:
            raise self._failure or RedisTimeoutError("no connection")
        return self._connection
