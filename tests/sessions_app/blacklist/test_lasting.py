"""What lasts, on a real server: websockets and streams end when the access of those behind them ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.conftest import ENV, fresh_marker
from tests.sessions_app.blacklist.entries import end_session
from tests.sessions_app.blacklist.issuer import a_profile, a_token
from tests.sessions_app.blacklist.lasting_service import WSGI_TICKS
from tests.sessions_app.blacklist.websocket import WebSocket

ROOT = Path(__file__).resolve().parents[3]
STARTS_WITHIN_SECONDS = 30


@contextmanager
def served(interface: str, redis: EmbeddedRedis, folder: Path) -> Iterator[int]:
    """The lasting service on a port of its own."""
    config = folder / "guard.json"
    config.write_text(json.dumps({"env": ENV, "issuers": [a_profile().to_json()]}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    target = f"tests.sessions_app.blacklist.lasting_service:{interface}"
    command = [
        Path(sys.executable).with_name("granian"),
        "--interface",
        interface,
        "--port",
        str(port),
        target,
    ]
    environment = {**os.environ, "GUARD_CONFIG": str(config), "REDIS_URL": redis.url}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            yield port
        finally:
            server.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


@pytest.fixture
def asgi_port(redis_server: EmbeddedRedis, writer: BlacklistWriter, tmp_path: Path) -> Iterator[int]:
    with served("asgi", redis_server, tmp_path) as port:
        writer.open_gate(fresh_marker())  # starting may take longer than a heartbeat counts
        yield port


@pytest.fixture
def wsgi_port(redis_server: EmbeddedRedis, writer: BlacklistWriter, tmp_path: Path) -> Iterator[int]:
    with served("wsgi", redis_server, tmp_path) as port:
        writer.open_gate(fresh_marker())
        yield port


def test_a_websocket_is_closed_when_its_session_is_ended(
    guard: Guard, writer: BlacklistWriter, asgi_port: int
) -> None:
    with closing(WebSocket(asgi_port, a_token())) as connection:
        assert connection.status == 101
        assert connection.read().text == "ines,session-1"
        end_session(writer)

        last = connection.read()

    assert (last.close_code, last.text) == (4401, "session_revoked")


def test_a_websocket_is_closed_when_nobody_knows_any_more(
    guard: Guard, redis_server: EmbeddedRedis, asgi_port: int
) -> None:
    with closing(WebSocket(asgi_port, a_token())) as connection:
        connection.read()
        redis_server.flush()

        assert connection.read().close_code == 1013


def test_a_websocket_that_is_allowed_stays_open(
    guard: Guard, writer: BlacklistWriter, asgi_port: int
) -> None:
    with closing(WebSocket(asgi_port, a_token(), timeout_seconds=1)) as connection:
        connection.read()
        end_session(writer, "session-of-another")
        writer.open_gate(fresh_marker())

        with pytest.raises(TimeoutError):
            connection.read()


def test_a_websocket_of_an_ended_session_is_not_opened(
    guard: Guard, writer: BlacklistWriter, asgi_port: int
) -> None:
    end_session(writer)

    with closing(WebSocket(asgi_port, a_token())) as connection:
        assert connection.status in {401, 403}


def test_a_stream_of_events_is_broken_off_when_its_session_is_ended(
    guard: Guard, writer: BlacklistWriter, asgi_port: int
) -> None:
    with stream(asgi_port) as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"ines,session-1"
        end_session(writer)

        with pytest.raises(httpx.RemoteProtocolError):
            next(chunks)


def test_a_short_answer_is_whole(guard: Guard, asgi_port: int) -> None:
    with stream(asgi_port, "/short") as response:
        assert response.read() == b"ines,session-1."


def test_a_refused_request_over_asgi_is_told_why(
    guard: Guard, writer: BlacklistWriter, asgi_port: int
) -> None:
    end_session(writer)

    with stream(asgi_port) as response:
        assert response.status_code == 401
        assert json.loads(response.read())["reason"] == "session_revoked"
        assert response.headers["Cache-Control"] == "no-store"


def test_a_wsgi_stream_stops_when_its_session_is_ended(
    guard: Guard, writer: BlacklistWriter, wsgi_port: int
) -> None:
    with stream(wsgi_port) as response:
        assert response.status_code == 200
        chunks = response.iter_raw()
        assert next(chunks).startswith(b"tick")
        end_session(writer)
        late = b"".join(chunks).count(b"tick")

    assert late < WSGI_TICKS / 10


@contextmanager
def stream(port: int, path: str = "/") -> Iterator[httpx.Response]:
    headers = {"Authorization": f"Bearer {a_token()}", "X-Auth-Subject": "hana"}
    with httpx.stream("GET", f"http://127.0.0.1:{port}{path}", headers=headers, timeout=10) as response:
        yield response
