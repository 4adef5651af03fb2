"""The issuers a service trusts, from a JSON file that is read again when it changes."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from .errors import InvalidProfile
from .profiles import IssuerProfile


class IssuersFile:
    """Call it for the profiles by issuer, as the file stands now.

    A file that became unreadable raises InvalidProfile, which a guard answers with UNKNOWN: going on
    with what it said before could keep trusting a key that was just removed. Replace it by a rename.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._state: tuple[int, ...] | None = None
        self._env = ""
        self._profiles: Mapping[str, IssuerProfile] = {}
        self()

    @property
    def env(self) -> str:
        return self._env

    def __call__(self) -> Mapping[str, IssuerProfile]:
        state = _state_of(self._path)
        if state != self._state:
            with self._lock:
                self._env, self._profiles = _read(self._path)
                self._state = state
        return self._profiles


def load_profiles(path: str | Path) -> IssuersFile:
    """The issuers in `path`: {"env": ..., "issuers": [profile, ...]}. Raises InvalidProfile."""
    return IssuersFile(Path(path))


def _state_of(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError as error:
        raise InvalidProfile(f"{path} cannot be read") from error
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> tuple[str, dict[str, IssuerProfile]]:
    try:
        content: Any = json.loads(path.read_bytes())
        env, issuers = content["env"], content["issuers"]
        profiles = [IssuerProfile.from_json(issuer) for issuer in issuers]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidProfile(f"{path} is not a file of issuers") from error
    by_issuer = {profile.issuer: profile for profile in profiles}
    if len(by_issuer) != len(profiles):
        raise InvalidProfile(f"{path} names an issuer twice")
    return env, by_issuer
