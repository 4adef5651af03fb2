"""How many requests a second one server answers when as many are asked as it can take."""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections.abc import Iterable, Sequence

CONNECTIONS = 16


def asked_for(address: str, tokens: Iterable[str]) -> list[bytes]:
    """Whole requests, made before the clock runs: what asks must cost less than what answers."""
    head = f"GET {address} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
    return [f"{head}{token}\r\n\r\n".encode() for token in tokens]


def most_a_second(port: int, requests: Sequence[bytes], *, ends_with: bytes, seconds: float) -> float:
    """Answers a second over 16 connections, each asking again when it was answered; around and around if need be.

    Raises AssertionError for an answer that is not 200. `ends_with` is how every good answer ends.
    """
    waiting = selectors.DefaultSelector()
    following = itertools.cycle(requests)
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ, bytearray())
        connection.sendall(next(following))
    answered, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for key, _events in waiting.select(timeout=1):
            key.data.extend(key.fileobj.recv(65536))  # type: ignore[union-attr]  # a socket
            if key.data.endswith(ends_with):
                assert key.data.startswith(b"HTTP/1.1 200"), bytes(key.data[:200])
                key.data.clear()
                answered += 1
                key.fileobj.sendall(next(following))  # type: ignore[union-attr]
    taken = time.perf_counter() - began
    for key in list(waiting.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return answered / taken
