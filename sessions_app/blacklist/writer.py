"""Writing the blacklist: entries only ever upwards, markers only over what we wrote ourselves."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, Literal

from redis.commands.core import Script
from redis.exceptions import OutOfMemoryError, RedisError

from .connections import connect
from .errors import BlacklistFull, BlacklistUnavailable, GateRefused
from .keys import BUCKETS, KeySpace, bucket
from .scripts import BEAT, INSPECT, OPEN, PUBLISH
from .server import ServerState, inspect, problems
from .values import (
    MALFORMED,
    MalformedValue,
    Marker,
    SessionValue,
    TokenValue,
    UserValue,
    parse_marker,
    parse_session,
    parse_token,
    parse_user,
)
from .verdict import Position

__all__ = ["BATCH", "BlacklistWriter", "Entry", "ServerState", "problems"]

BATCH: Final = 250

# Longer than a look-up may take: the server may have to put 250 entries on disk first.
TIMEOUT_SECONDS: Final = 0.7

# Redis 6.2 tells an expiry only as what is left of it, which is a millisecond off at times.
_EXPIRY_SLACK_MS: Final = 2

Value = UserValue | SessionValue | TokenValue

_PARSERS: Final[dict[type[Value], Callable[[bytes], Value | MalformedValue]]] = {
    UserValue: parse_user,
    SessionValue: parse_session,
    TokenValue: parse_token,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as decided. `ident` is the session's or token's id, and empty for a user."""

    kind: Literal["user", "session", "token"]
    realm: str
    person: str
    ident: str
    value: Value
    expires_at_ms: int

    def key(self, keys: KeySpace) -> str:
        if self.kind == "user":
            return keys.user(self.realm, self.person)
        if self.kind == "session":
            return keys.session(self.realm, self.person, self.ident)
        return keys.token(self.realm, self.person, self.ident)


class BlacklistWriter:
    """The only way anything gets into the blacklist; safe to share between threads.

    Every call ends in bounded time. Whatever Redis refuses, loses or does not answer in time raises
    BlacklistUnavailable; every call may be repeated, in any order, with the same end.
    """

    def __init__(self, url: str, env: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._client = connect(url, timeout_seconds=timeout_seconds)
        self._keys = KeySpace(env)
        self._publish = self._client.register_script(PUBLISH)
        self._inspect = self._client.register_script(INSPECT)
        self._beat = self._client.register_script(BEAT)
        self._open = self._client.register_script(OPEN)

    def publish(self, entries: Sequence[Entry]) -> None:
        """Raise the blacklist to these entries: nothing that stands there is ever lowered.

        One call to the server per bucket and 250 entries, all of a call or nothing. After an exception
        some calls may have happened. Raises BlacklistFull, BlacklistUnavailable.
        """
        for batch in _batches(entries):
            arguments = [part for entry in batch for part in (entry.value.text(), entry.expires_at_ms)]
            with _translated():
                self._publish(keys=self._keys_of(batch), args=arguments)

    def present(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of these entries that are missing, or stand lower or shorter than given; empty is good.

        An entry that has expired by the server's clock is not missed.
        """
        return [entry for batch in _batches(entries) for entry in self._lacking(batch)]

    def read_markers(self) -> list[Marker | MalformedValue | None]:
        """The sixteen markers as they stand, by bucket; None for one that is missing."""
        with _translated(), self._client.pipeline(transaction=False) as pipeline:
            for number in range(BUCKETS):
                pipeline.mget([self._keys.marker(number)])
            answers: list[list[bytes | None]] = pipeline.execute()
        return [None if raw is None else parse_marker(raw) for [raw] in answers]

    def beat(self, marker: Marker, *, accepted: Collection[Position]) -> list[int]:
        """Renew each marker that stands at one of the accepted positions, under this fence or a lower one.

        Returns the buckets where anything else was found. Nothing is written there: a heartbeat never
        creates a marker and never repairs one. `accepted` holds the position confirmed last and the one
        being written now, for a beat that was interrupted.
        """
        if not accepted or marker.position < max(accepted):
            raise ValueError("a beat replaces positions up to its own, and at least one")
        pairs = [number for position in accepted for number in position]
        written = self._on_every_marker(self._beat, [marker.text(), *pairs])
        return [number for number, done in enumerate(written) if not done]

    def open_gate(self, marker: Marker) -> None:
        """Write all sixteen markers, over whatever stands there: the last act of a complete rebuild.

        Raises GateRefused where a newer writer's marker or a later position stands; that one is kept.
        """
        written = self._on_every_marker(self._open, [marker.text()])
        if not all(written):
            raise GateRefused(f"{written.count(0)} of {BUCKETS} markers are a newer writer's")

    def inspect_server(self) -> ServerState:
        """What the server says about itself; see problems()."""
        with _translated():
            return inspect(self._client)

    def close(self) -> None:
        """Close idle connections; the writer stays usable."""
        self._client.connection_pool.disconnect(inuse_connections=False)

    def _keys_of(self, entries: Sequence[Entry]) -> list[str]:
        return [entry.key(self._keys) for entry in entries]

    def _lacking(self, batch: Sequence[Entry]) -> Iterator[Entry]:
        with _translated():
            answer: list[Any] = self._inspect(keys=self._keys_of(batch))
        now_ms = answer.pop()
        for entry, raw, expires_at_ms in zip(batch, answer[::2], answer[1::2], strict=True):
            if entry.expires_at_ms > now_ms and not _covers(raw, expires_at_ms, entry):
                yield entry

    def _on_every_marker(self, script: Script, arguments: Sequence[str | int]) -> list[int]:
        with _translated(), self._client.pipeline(transaction=False) as pipeline:
            for number in range(BUCKETS):
                script(keys=[self._keys.marker(number)], args=arguments, client=pipeline)
            written: list[int] = pipeline.execute()
        return written


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries of one bucket at a time, buckets in turn, so that no person waits behind another bucket."""
    by_bucket: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_bucket[bucket(entry.realm, entry.person)].append(entry)
    queues = [
        [waiting[start : start + BATCH] for start in range(0, len(waiting), BATCH)]
        for waiting in by_bucket.values()
    ]
    for turn in zip_longest(*queues, fillvalue=[]):
        yield from filter(None, turn)


def _covers(raw: bytes | None, expires_at_ms: int, entry: Entry) -> bool:
    """Whether what stands in Redis is at least as strong, and lives at least as long, as the entry."""
    if raw is None or 0 <= expires_at_ms < entry.expires_at_ms - _EXPIRY_SLACK_MS:
        return False
    found = _PARSERS[type(entry.value)](raw)
    if found is MALFORMED or found.revision < entry.value.revision:
        return False
    if isinstance(found, UserValue) and isinstance(entry.value, UserValue):
        return _covers_user(found, entry.value)
    return True


def _covers_user(found: UserValue, wanted: UserValue) -> bool:
    if found.cutoff_ms < wanted.cutoff_ms:
        return False
    return found.revision > wanted.revision or (
        found.blocked >= wanted.blocked and found.second_factor_since_ms >= wanted.second_factor_since_ms
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        # Redis 6.2 reports it from within a script as an error of the script.
        if isinstance(error, OutOfMemoryError) or "-OOM " in str(error):
            raise BlacklistFull("the server has no memory left and took nothing") from error
        raise BlacklistUnavailable(f"{type(error).__name__}: {error}") from error
