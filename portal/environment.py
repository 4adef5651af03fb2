"""Typed readers for the process environment: a wrong value stops the start with a sentence, not a traceback."""

import os
import re
from pathlib import Path

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
