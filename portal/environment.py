"""Typed readers for the process environment: a wrong value stops the start with a sentence, not a traceback."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})
ENV_NAME = re.compile(r"[a-z0-9-]{1,24}")


def text(name: str, default: str = "") -> str:
    """The value of NAME without surrounding space, or the default where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """NAME as a yes or no. Raises ImproperlyConfigured for any other word."""
    word = os.environ.get(name)
    if word is None:
        return default
    if word.strip().lower() in TRUE_WORDS:
        return True
    if word.strip().lower() in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {word!r}.")


def number(name: str, default: int) -> int:
    """NAME as a whole number. Raises ImproperlyConfigured otherwise."""
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error


def words(name: str) -> list[str]:
    """NAME as a list, split at commas; empty parts are dropped."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


def secret(name: str) -> str:
    """The value of NAME, or the content of the file that NAME_FILE points to; empty where neither is set.

    Raises ImproperlyConfigured if the file cannot be read. The value never appears in the message.
    """
    path = text(f"{name}_FILE")
    if not path:
        return text(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE points to {path}, which cannot be read.") from error


def environment_name() -> str:
    """CURFEW_ENV, part of every blacklist key. Raises ImproperlyConfigured if it is missing or malformed."""
    name = text("CURFEW_ENV")
    if not ENV_NAME.fullmatch(name):
        raise ImproperlyConfigured(
            "CURFEW_ENV must be set to 1 to 24 characters of a-z, 0-9 and '-', for example 'prod'. "
            "It separates the blacklist of this installation from every other one."
        )
    return name


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail goes out: `starttls` begins in the clear and insists on encryption, `tls` never is in the clear."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False
    tls: bool = False


MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def mail_server(name: str) -> MailServer | None:
    """NAME (or the file of NAME_FILE) as smtp://, smtp+starttls:// or smtps://user:password@host:port; None if unset.

    Raises ImproperlyConfigured, without the value, for anything else, and for a password that would travel in the
    clear to another machine.
    """
    value = secret(name)
    if not value:
        return None
    try:
        url = urlsplit(value)
        server = MailServer(
            host=url.hostname or "",
            port=url.port or MAIL_PORTS[url.scheme],
            user=unquote(url.username or ""),
            password=unquote(url.password or ""),
            starttls=url.scheme == "smtp+starttls",
            tls=url.scheme == "smtps",
        )
    except (KeyError, ValueError):
        server = None
    if server is None or not server.host or url.scheme not in MAIL_PORTS:
        raise ImproperlyConfigured(
            f"{name} must be smtp://, smtp+starttls:// or smtps://, with user:password@host:port after it."
        )
    if server.password and url.scheme == "smtp" and server.host not in THIS_MACHINE:
        raise ImproperlyConfigured(
            f"{name} would send its password in the clear. Use smtp+starttls:// or smtps://."
        )
    return server
