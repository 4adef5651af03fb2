"""The reader and the writer of this installation's blacklist, one per process and address."""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.writer import BlacklistWriter


def blacklist_writer() -> BlacklistWriter:
    """The writer; only the engine's modules use it."""
    return _writer(_address(), settings.CURFEW_ENV)


def blacklist_reader() -> BlacklistReader:
    """The reader, shared by every guard of this process."""
    return _reader(_address(), settings.CURFEW_ENV)


def session_guard() -> Guard:
    """A guard that is asked by person and session, never by token."""
    return Guard(blacklist_reader(), dict)


def _address() -> str:
    if not settings.REDIS_URL:
        raise ImproperlyConfigured("REDIS_URL is not set. `make up` starts a server of its own.")
    return str(settings.REDIS_URL)


@lru_cache(maxsize=4)
def _writer(url: str, env: str) -> BlacklistWriter:
    return BlacklistWriter(url, env)


@lru_cache(maxsize=4)
def _reader(url: str, env: str) -> BlacklistReader:
    return BlacklistReader(url, env)
