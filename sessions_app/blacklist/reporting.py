"""Telling Curfew what the guards of this service saw, by one thread that no request waits for."""

import json
import logging
import ssl
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from .observations import KEPT_AT_MOST, Observation, ObservationBuffer, folded
from .repeating import Repeating

logger = logging.getLogger(__name__)

PATH: Final = "/api/v1/sightings"
EVERY_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 60.0
TIMEOUT_SECONDS: Final = 3.0

# What Curfew takes at once.
LARGEST_BODY: Final = 60 * 1024
MOST_AT_ONCE: Final = 500
TAKEN_AT_ONCE: Final = 5000
LONGEST: Final = {"where": 200, "issuer": 500, "realm": 100, "person": 512, "sid": 512}

# A report that Curfew cannot read is none the second time either.
UNREADABLE: Final = frozenset({400, 413, 415, 422})
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Report(NamedTuple):
    """Some observations, and the body that tells of them."""

    observations: Sequence[Observation]
    body: bytes


class Reporter:
    """Hand its `note` to a middleware as `observe`.

    `address` is where Curfew is, `credential` a machine credential with the scope `sightings:write`, `where`
    this service's name for middlewares that were given none. What cannot be delivered waits, at most `size`
    checks, and is tried again less and less often; beyond that it is dropped, counted and logged. Nothing is
    sent anywhere else: no redirect is followed and no proxy used.
    """

    def __init__(
        self,
        address: str,
        credential: str,
        *,
        where: str,
        every_seconds: float = EVERY_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        size: int = KEPT_AT_MOST,
    ) -> None:
        """Raises ValueError for an address that the credential may not be sent to."""
        self._address = urlsplit(address)
        if not _is_safe(self._address.scheme, self._address.hostname):
            raise ValueError("the address has to begin with https://, or to be this machine's own")
        self._credential = credential
        self._where = where
        self._every_seconds = every_seconds
        self._timeout_seconds = timeout_seconds
        self._pause_seconds = every_seconds
        self._buffer = ObservationBuffer(size=size)
        self._repeating = Repeating(self._flush_all, pause=lambda: self._pause_seconds, name="reporter")

    def note(self, observation: Observation) -> None:
        """Never waits, never fails."""
        self._buffer.add(observation)
        self._repeating.ensure()

    def flush(self) -> bool:
        """Send what waits now; False where something goes on waiting."""
        reports = list(reports_of(folded(self._buffer.take(TAKEN_AT_ONCE)), self._where))
        for number, report in enumerate(reports):
            if not self._is_done(report):
                left = [seen for later in reports[number:] for seen in later.observations]
                self._buffer.put_back(left)
                self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
                return False
        self._pause_seconds = self._every_seconds
        return True

    def close(self) -> None:
        """Stop, and try once more to deliver what waits. For the end of the process."""
        self._repeating.stop(timeout_seconds=2 * self._timeout_seconds)
        self.flush()

    def _flush_all(self) -> None:
        while self.flush() and len(self._buffer):
            pass
        if dropped := self._buffer.dropped():
            logger.warning("%d observations were dropped: too many waited for Curfew", dropped)

    def _is_done(self, report: Report) -> bool:
        """Delivered, or never to be."""
        try:
            status = self._send(report.body)
        except (OSError, HTTPException, ValueError) as error:
            self._say("cannot be reached", type(error).__name__)
            return False
        if 200 <= status < 300:
            return True
        self._say("did not take what the guard saw", status)
        return status in UNREADABLE

    def _send(self, body: bytes) -> int:
        connection = self._connection()
        try:
            headers = {"Authorization": f"Bearer {self._credential}", "Content-Type": "application/json"}
            connection.request("POST", self._address.path.rstrip("/") + PATH, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        if self._address.scheme == "https":
            context = ssl.create_default_context()
            return HTTPSConnection(host, port, timeout=self._timeout_seconds, context=context)
        return HTTPConnection(host, port, timeout=self._timeout_seconds)

    def _say(self, what: str, why: object) -> None:
        """Once per trouble, not once per try."""
        if self._pause_seconds == self._every_seconds:
            logger.warning("Curfew %s (%s)", what, why)


def _is_safe(scheme: str, host: str | None) -> bool:
    return bool(host) and (scheme == "https" or (scheme == "http" and host in LOOPBACK))


def reports_of(batch: Iterable[Observation], where: str) -> Iterator[Report]:
    """In as few bodies as Curfew takes. What it could not store is left out."""
    gathered: list[Observation] = []
    texts: list[str] = []
    size = 0
    for seen in batch:
        text = _text_of(seen, where)
        if text is None:
            continue
        if len(texts) == MOST_AT_ONCE or size + len(text) > LARGEST_BODY:
            yield _report(gathered, texts)
            gathered, texts, size = [], [], 0
        gathered.append(seen)
        texts.append(text)
        size += len(text) + 1
    if texts:
        yield _report(gathered, texts)


def _report(gathered: list[Observation], texts: list[str]) -> Report:
    return Report(gathered, f'{{"observations":[{",".join(texts)}]}}'.encode())


def _text_of(seen: Observation, where: str) -> str | None:
    """As Curfew reads it, in ASCII. Of a token only whose it is: neither its groups nor the token itself."""
    told: dict[str, Any] = {
        "where": seen.where or where,
        "issuer": seen.issuer,
        "realm": seen.realm,
        "person": seen.person,
        "sid": seen.sid,
    }
    if any(len(told[name]) > longest for name, longest in LONGEST.items()):
        return None
    try:
        moments = {"at": _moment(seen.at_ms)}
        if seen.started_ms > 0:
            moments["started_at"] = _moment(seen.started_ms)
    except (OverflowError, ValueError, OSError):
        return None
    said = {
        "outcome": seen.outcome,
        "cause": seen.cause[:60],
        "receipt": seen.receipt if len(seen.receipt) <= 13 else "",
        "address": seen.address if seen.address and len(seen.address) <= 45 else None,
        "client": seen.client[:200],
        "times": min(seen.times, 1_000_000),
    }
    return json.dumps({**told, **said, **moments})


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
