"""The look-up: one MGET, one retry on a fresh connection, a hard bound on the whole."""

from threading import Lock
from time import monotonic
from typing import Final

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from .connections import STEP_SECONDS, Connection, Connections, connect
from .errors import BlacklistUnavailable
from .keys import BUCKETS, KeySpace
from .values import Marker, parse_marker
from .verdict import Position, Subject, Values

__all__ = ["TOTAL_SECONDS", "BlacklistReader", "connect"]

TOTAL_SECONDS: Final = 0.13

_WORTH_A_RETRY: Final = (RedisConnectionError, RedisTimeoutError, OSError)


class BlacklistReader:
    """Reads what Redis says about a subject; safe to share between threads.

    Remembers the highest marker position it has seen in each bucket, as long as the process lives.
    """

    def __init__(self, url: str, env: str, *, connections: int = 32) -> None:
        self._keys = KeySpace(env)
        self._connections = Connections(url, connections=connections)
        self._high_water: list[Position] = [(0, 0)] * BUCKETS
        self._learning = Lock()

    def read(self, subject: Subject) -> Values:
        """What stands under the subject's keys, within TOTAL_SECONDS, or any exception at all."""
        bucket, keys = self._keys.lookup(subject.realm, subject.person, subject.sid, subject.token_id)
        high_water = self._high_water[bucket]
        answer = self._ask(keys)
        self._learn(bucket, answer[0])
        session = answer[2] if subject.sid is not None else None
        token = answer[-1] if subject.token_id is not None else None
        return Values(answer[0], answer[1], session, token, high_water)

    def close(self) -> None:
        """Let go of idle connections; the reader stays usable."""
        self._connections.drop_idle()

    def _learn(self, bucket: int, raw: bytes | None) -> None:
        marker = None if raw is None else parse_marker(raw)
        if isinstance(marker, Marker) and marker.position > self._high_water[bucket]:
            with self._learning:
                self._high_water[bucket] = max(marker.position, self._high_water[bucket])

    def _ask(self, keys: list[str]) -> list[bytes | None]:
        deadline = monotonic() + TOTAL_SECONDS
        self._connections.enter()
        try:
            try:
                idle = self._connections.take_idle()
                return self._ask_fresh(keys, deadline) if idle is None else self._exchange(idle, keys)
            except _WORTH_A_RETRY:
                # What broke one connection has likely broken the idle ones as well.
                self._connections.drop_idle()
                return self._ask_fresh(keys, deadline)
        finally:
            self._connections.leave()

    def _ask_fresh(self, keys: list[str], deadline: float) -> list[bytes | None]:
        connection = self._connections.open(min(STEP_SECONDS, deadline - monotonic()))
        return self._exchange(connection, keys, deadline)

    def _exchange(
        self, connection: Connection, keys: list[str], deadline: float | None = None
    ) -> list[bytes | None]:
        try:
            connection.send_command("MGET", *keys)
            if deadline is not None:
                _await_answer(connection, deadline)
            answer = connection.read_response()
            if not isinstance(answer, list) or len(answer) != len(keys):
                raise BlacklistUnavailable("an answer that does not fit the question")
        except BaseException:
            # An answer still on its way would be taken for the answer to the next question.
            connection.disconnect()
            raise
        self._connections.give_back(connection)
        return answer


def _await_answer(connection: Connection, deadline: float) -> None:
    seconds = min(STEP_SECONDS, deadline - monotonic())
    if seconds <= 0 or not connection.can_read(seconds):
        raise RedisTimeoutError("no answer in time")
