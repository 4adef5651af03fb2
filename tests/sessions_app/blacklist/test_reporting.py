"""A service tells Curfew what its guard saw: folded, bounded, to one address only, and never at a request's cost."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sessions_app.blacklist.observations import Observation, folded
from sessions_app.blacklist.reporting import Reporter
from sessions_app.blacklist.verdict import Outcome

AT_MS = 1_780_000_000_000
SEEN = Observation(
    at_ms=AT_MS,
    where="",
    outcome=Outcome.ALLOWED,
    address="203.0.113.7",
    issuer="https://idp.example",
    realm="northwind",
    person="ines",
    sid="session-1",
    started_ms=AT_MS - 60_000,
    entitlements=("approve",),
)


class Curfew(ThreadingHTTPServer):
    """Answers `status` to every report and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.location = ""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.was_told = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def told(self) -> list[dict[str, Any]]:
        return [seen for body in self.bodies for seen in body["observations"]]


class _Handler(BaseHTTPRequestHandler):
    server: Curfew

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(json.loads(body))
        self.server.headers.append(dict(self.headers.items()))
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.was_told.set()

    def log_message(self, *_args: object) -> None:
        """Not in the output of the tests."""


@pytest.fixture
def curfew() -> Iterator[Curfew]:
    with Curfew() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def a_reporter(curfew: Curfew, **options: Any) -> Reporter:
    """One that sends when it is told to, unless a pause is given."""
    return Reporter(curfew.url, "cfm_secret", where="orders", **{"every_seconds": 3600, **options})


def test_what_a_guard_saw_is_told_in_the_background(curfew: Curfew):
    reporter = a_reporter(curfew, every_seconds=0.01)

    reporter.note(SEEN)

    assert curfew.was_told.wait(5)
    reporter.close()
    assert curfew.paths == ["/api/v1/sightings"]
    assert curfew.headers[0]["Authorization"] == "Bearer cfm_secret"
    told = curfew.told()[0]
    assert (told["where"], told["outcome"], told["sid"], told["times"]) == (
        "orders",
        "allowed",
        "session-1",
        1,
    )
    assert told["started_at"] == "2026-05-28T20:25:40+00:00"
    assert "approve" not in str(told)


def test_checks_that_differ_only_in_the_moment_are_told_as_one(curfew: Curfew):
    reporter = a_reporter(curfew)
    for later in (0, 2000, 1000):
        reporter.note(replace(SEEN, at_ms=AT_MS + later))
    reporter.note(replace(SEEN, sid="session-2"))

    reporter.close()

    assert [(told["sid"], told["times"]) for told in curfew.told()] == [("session-1", 3), ("session-2", 1)]
    assert curfew.told()[0]["at"] == "2026-05-28T20:26:42+00:00"


def test_folding_twice_is_folding_once():
    batch = [SEEN, replace(SEEN, at_ms=AT_MS + 5), replace(SEEN, sid="other"), SEEN]

    assert folded(folded(batch)) == folded(batch)
    assert folded([*folded(batch[:2]), *folded(batch[2:])]) == folded(batch)


@pytest.mark.parametrize("status", [500, 503, 429, 401, 302])
def test_what_was_not_taken_waits_and_is_told_once_it_can_be(curfew: Curfew, status: int):
    reporter = a_reporter(curfew)
    reporter.note(SEEN)
    curfew.status, curfew.location = status, f"{curfew.url}/elsewhere"

    assert not reporter.flush()
    curfew.status = 200

    assert reporter.flush()
    assert curfew.paths == ["/api/v1/sightings"] * 2
    assert [told["times"] for told in curfew.told()] == [1, 1]


def test_what_curfew_cannot_read_is_told_once(curfew: Curfew):
    reporter = a_reporter(curfew)
    reporter.note(SEEN)
    curfew.status = 422

    assert reporter.flush()
    assert reporter.flush()
    assert len(curfew.bodies) == 1


def test_while_curfew_is_away_what_was_seen_waits_and_that_is_said_once(
    curfew: Curfew, caplog: pytest.LogCaptureFixture
):
    reporter = Reporter("http://127.0.0.1:1", "cfm_secret", where="orders", every_seconds=3600)
    reporter.note(SEEN)

    with caplog.at_level(logging.WARNING):
        answers = [reporter.flush() for _time in range(3)]

    assert answers == [False] * 3
    assert [record.getMessage() for record in caplog.records] == [
        "Curfew cannot be reached (ConnectionRefusedError)"
    ]
    assert "cfm_secret" not in caplog.text


def test_many_go_in_bodies_that_curfew_takes(curfew: Curfew):
    reporter = a_reporter(curfew)
    for number in range(1200):
        reporter.note(replace(SEEN, sid=f"session-{number}"))

    reporter.close()

    assert len(curfew.told()) == 1200
    assert max(len(json.dumps(body, separators=(",", ":"))) for body in curfew.bodies) <= 64 * 1024
    assert max(len(body["observations"]) for body in curfew.bodies) <= 500


@pytest.mark.parametrize(
    "changes", [{"sid": "s" * 600}, {"started_ms": 10**18}, {"realm": "r" * 101}], ids=lambda c: str(c)[:20]
)
def test_what_curfew_could_not_store_is_left_out(curfew: Curfew, changes: dict[str, Any]):
    reporter = a_reporter(curfew)
    reporter.note(replace(SEEN, **changes))
    reporter.note(SEEN)

    reporter.close()

    assert [told["sid"] for told in curfew.told()] == ["session-1"]


@pytest.mark.parametrize("address", ["http://curfew.example", "ftp://localhost", "curfew.example", ""])
def test_the_credential_goes_nowhere_in_the_clear(address: str):
    with pytest.raises(ValueError, match="https"):
        Reporter(address, "cfm_secret", where="orders")
