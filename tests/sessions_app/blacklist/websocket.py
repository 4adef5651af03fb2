"""A websocket client of the fewest lines (RFC 6455): it opens, reads frames, and says how it was closed."""

from __future__ import annotations

import socket
from typing import NamedTuple

CLOSE = 8


class Frame(NamedTuple):
    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        return int.from_bytes(self.payload[:2]) if self.opcode == CLOSE else 0

    @property
    def text(self) -> str:
        return (self.payload[2:] if self.opcode == CLOSE else self.payload).decode()


class WebSocket:
    """`status` is what the server answered to the request to open it; `body` what it said instead."""

    def __init__(self, port: int, token: str, *, timeout_seconds: float = 10) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout_seconds)
        self._socket.sendall(
            f"GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"X-Auth-Subject: hana\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()

    def read(self) -> Frame:
        """The next frame; short ones only, as a server sends them."""
        first, length = self._file.read(2)
        return Frame(first & 0x0F, self._file.read(length & 0x7F))

    def body(self) -> bytes:
        return self._file.read(int(self.headers["content-length"]))

    def close(self) -> None:
        self._file.close()
        self._socket.close()
