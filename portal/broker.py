"""The address of the broker: as Celery spells it, and never the blacklist's own server."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 6379


def celery_address(url: str) -> str:
    """Celery calls a unix socket `redis+socket://`; everything else is spelled the same."""
    return f"redis+socket://{url.removeprefix('unix://')}" if url.startswith("unix://") else url


def are_one_server(broker: str, blacklist: str) -> bool:
    """Whether two addresses lead to the same server, whatever database and credentials they name.

    A broker is emptied, filled and restarted with less care; a flush of it must never drop the blacklist.
    """
    return bool(broker and blacklist) and _endpoints(broker) & _endpoints(blacklist) != frozenset()


def _endpoints(url: str) -> frozenset[str]:
    parts = urlsplit(url)
    if "unix" in parts.scheme or "socket" in parts.scheme:
        return frozenset({unquote(parts.path)})
    places = parts.netloc.rpartition("@")[2].split(",")
    return frozenset(_with_port(place.lower()) for place in places)


def _with_port(place: str) -> str:
    host, _colon, port = place.rpartition(":")
    named, number = (host, port) if port.isdigit() else (place, str(DEFAULT_PORT))
    return f"{'localhost' if named in ('127.0.0.1', '[::1]', '') else named}:{number}"
