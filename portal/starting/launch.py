"""Prepares the environment of every `manage.py` command before Django reads it. Standard library only."""

import os
import re
import secrets
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from portal.starting import embedded_redis

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
QUOTED = re.compile(r"""(["'])(.*)\1""")

EMBEDDED = {"REDIS_URL": embedded_redis.BLACKLIST, "BROKER_URL": embedded_redis.BROKER}
REMEMBERED = (
    "CURFEW_ENV",
    "DEMO",
    "DEBUG",
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "REDIS_URL",
    "REDIS_URL_FILE",
    "BROKER_URL",
    "BROKER_URL_FILE",
    "BLACKLIST_PERSISTENCE",
    "AUDIT_CHECKPOINT_DIR",
    "AUDIT_LOG",
    "PORT",
    "BASE_URL",
    "ALLOWED_HOSTS",
    "TRUSTED_PROXIES",
    "LOG_LEVEL",
)


class UnreadableSettings(Exception):
    """A line of a settings file is not NAME=VALUE. Carries the file and the line number, never the line."""

    def __init__(self, path: Path, line_number: int) -> None:
        super().__init__(f"{path}, line {line_number}: expected NAME=VALUE.")


def prepare_environment(
    command: str, environment: MutableMapping[str, str], base_dir: Path = BASE_DIR
) -> None:
    """Add what a command on this checkout needs, never overruling what is already set.

    1. `.env` counts as if its lines had been exported.
    2. With neither `.env` nor SECRET_KEY, `up` is the demo: DEMO on, secrets of its own in DATA_DIR.
    3. With neither, every other command sees what the last `up` used, so that a second terminal just works.
    4. With either, a command learns from the last `up` only where its embedded Redis is.
    """
    if "PYTEST_VERSION" in environment:
        return  # a test's child process must never act on the demo that happens to run on this checkout
    settings_file = base_dir / ".env"
    fill(environment, read_settings(settings_file))
    folder = data_dir(environment, base_dir)
    if settings_file.exists() or is_set(environment, "SECRET_KEY"):
        fill(environment, {} if command == "up" else embedded_server_of_last_start(environment, folder))
    elif command == "up":
        fill(environment, {"DEMO": "yes", "CURFEW_ENV": "demo", **demo_secrets(folder)})
    else:
        fill(environment, read_settings(running_file(folder)) | read_settings(secrets_file(folder)))
    if command == "up":
        for name, role in EMBEDDED.items():
            if not is_set(environment, name):
                environment[name] = embedded_redis.url(folder, role)


def data_dir(environment: Mapping[str, str], base_dir: Path = BASE_DIR) -> Path:
    """Where everything that `up` writes lies. The same rule as in the settings."""
    return Path(environment.get("DATA_DIR", "").strip() or base_dir / ".data").resolve()


def running_file(folder: Path) -> Path:
    return folder / "running.env"


def secrets_file(folder: Path) -> Path:
    return folder / "secrets.env"


def is_set(environment: Mapping[str, str], name: str) -> bool:
    """Whether a secret is given, directly or as NAME_FILE."""
    return bool(environment.get(name, "").strip() or environment.get(f"{name}_FILE", "").strip())


def fill(environment: MutableMapping[str, str], values: Mapping[str, str]) -> None:
    """Set what is missing or empty; leave the rest."""
    for name, value in values.items():
        if not environment.get(name, "").strip():
            environment[name] = value


def embedded_server_of_last_start(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The addresses the last `up` set itself, if that was for the same CURFEW_ENV and nobody names others."""
    last = read_settings(running_file(folder))
    same_installation = last.get("CURFEW_ENV") == environment.get("CURFEW_ENV", "").strip()
    if not same_installation:
        return {}
    return {name: last[name] for name in EMBEDDED if name in last and not is_set(environment, name)}


def demo_secrets(folder: Path) -> dict[str, str]:
    """The demo's own secrets: made once, kept with its data, readable by this user only."""
    path = secrets_file(folder)
    known = read_settings(path)
    if "SECRET_KEY" not in known:
        known["SECRET_KEY"] = secrets.token_urlsafe(48)
        write_settings(path, known)
    return known


def remember_start(environment: Mapping[str, str], folder: Path) -> None:
    """Keep what this start of `up` runs with, for commands in another terminal."""
    known = {name: environment[name] for name in REMEMBERED if environment.get(name, "").strip()}
    if not is_demo(environment):
        # An installation has its own configuration; only what `up` itself decided is missing from it.
        known = {name: known[name] for name in ("CURFEW_ENV", "PORT") if name in known}
    for name, role in EMBEDDED.items():
        if environment.get(name) == embedded_redis.url(folder, role):
            known[name] = environment[name]
    write_settings(running_file(folder), known)


def is_demo(environment: Mapping[str, str]) -> bool:
    return environment.get("DEMO", "").strip().lower() in {"1", "true", "yes", "on"}


def read_settings(path: Path) -> dict[str, str]:
    """NAME=VALUE lines; a missing file is empty. `export`, quotes, blank lines and # lines are understood.

    Raises UnreadableSettings for any other line.
    """
    if not path.exists():
        return {}
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = LINE.fullmatch(line.strip())
        if parts is None:
            raise UnreadableSettings(path, number)
        values[parts[1]] = QUOTED.sub(r"\2", parts[2].strip())
    return values


def write_settings(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file as a whole; nobody but this user can read it at any moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    draft.replace(path)
