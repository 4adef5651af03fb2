"""Finding a port that nothing on this machine answers on yet."""

import errno
import socket

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
HOW_MANY_TO_TRY = 100


class NoFreePort(Exception):
    """A hundred ports in a row are taken."""


def free_port(wanted: int) -> int:
    """The wanted port, or the next one that is free. Raises NoFreePort after a hundred."""
    for port in range(wanted, min(wanted + HOW_MANY_TO_TRY, 65536)):
        if not is_taken(port):
            return port
    raise NoFreePort(f"No free port from {wanted} on. Set PORT to another number.")


def is_taken(port: int) -> bool:
    """Whether `localhost:port` is somebody else's, on either loopback address."""
    return any(is_answered(family, host, port) for family, host in LOOPBACKS) or not can_bind(port)


def is_answered(family: socket.AddressFamily, host: str, port: int) -> bool:
    """Asked first, because macOS lets one bind beside a listener on all addresses."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(0.5)
            return connection.connect_ex((host, port)) == 0
    except OSError:  # a machine without IPv6
        return False


def can_bind(port: int) -> bool:
    """A port whose last connections are still winding down counts as free, as it does for the server."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True
