"""A web server of an issuer, on this machine: answers what it is told to, and counts who asked."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class KeyServer(ThreadingHTTPServer):
    """`answer` is the body, or a value to be sent as JSON; `status`, `headers` and `delay_seconds` as they say."""

    daemon_threads = True

    def __init__(self, answer: Any = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.delay_seconds = 0.0
        self.asked: list[dict[str, str]] = []
        self.was_asked = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks"

    def body(self) -> bytes:
        return self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers.items()))
        self.server.was_asked.set()
        body = self.server.body()
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        time.sleep(self.server.delay_seconds)
        self.wfile.write(body)

    def handle(self) -> None:
        with suppress(ConnectionError, ssl.SSLError):  # the client had enough
            super().handle()

    def log_message(self, *_args: object) -> None:
        """Nobody reads it."""


@contextmanager
def running_key_server(answer: Any = None, *, tls: ssl.SSLContext | None = None) -> Iterator[KeyServer]:
    server = KeyServer(answer)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
