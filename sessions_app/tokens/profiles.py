"""The issuer profiles as guards of this process read them: from SQL, kept in memory, never waited for twice."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection

from sessions_app.blacklist.claims import IssuerProfile
from sessions_app.blacklist.errors import InvalidProfile
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.models import Issuer
from sessions_app.revocation.connections import blacklist_reader

logger = logging.getLogger(__name__)

KEPT_SECONDS = 5.0
OWN_ISSUERS = "urn:curfew:portal:"

Profiles = Mapping[str, IssuerProfile]


class KeptProfiles:
    """The last mapping SQL gave, renewed by one thread behind the caller's back when it is 5 s old.

    The first look reads at once and raises what SQL raises. Later ones never wait for SQL: while it is
    away the last good mapping stays, and that is logged once. A profile that did not change stays the
    same object, so parsed keys and known signatures stay too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Profiles | None = None
        self._read_at = 0.0
        self._is_failing = False

    def __call__(self) -> Profiles:
        kept = self._kept
        if kept is None:
            with self._lock:
                return self._kept if self._kept is not None else self._renew()
        if time.monotonic() - self._read_at > KEPT_SECONDS and self._lock.acquire(blocking=False):
            self._read_at = time.monotonic()
            threading.Thread(target=self._renew_behind, name="issuer-profiles", daemon=True).start()
        return kept

    def clear(self) -> None:
        """The next look reads again, at once."""
        self._kept = None

    def _renew(self) -> Profiles:
        self._kept = _unchanged_kept(read_profiles(), self._kept or {})
        self._read_at = time.monotonic()
        self._is_failing = False
        return self._kept

    def _renew_behind(self) -> None:
        try:
            self._renew()
        except Exception:  # whatever SQL's trouble is, the last good mapping stays in force
            if not self._is_failing:
                logger.warning(
                    "issuer profiles could not be read; the last ones stay in force", exc_info=True
                )
            self._is_failing = True
        finally:
            connection.close()
            self._lock.release()


def _unchanged_kept(new: Profiles, old: Profiles) -> Profiles:
    return {iss: old[iss] if old.get(iss) == profile else profile for iss, profile in new.items()}


def read_profiles() -> dict[str, IssuerProfile]:
    """Every usable profile in SQL by its `iss`. One that contradicts itself is left out: its tokens are invalid."""
    found: dict[str, IssuerProfile] = {}
    for issuer in Issuer.objects.exclude(iss__startswith=OWN_ISSUERS).select_related("realm"):
        try:
            found[issuer.iss] = issuer.profile()
        except (InvalidProfile, TypeError):
            logger.exception("issuer %s cannot be used", issuer.pk)
    return found


_kept = KeptProfiles()


def profiles() -> Profiles:
    """The profiles by `iss`, at most a few seconds old while SQL answers."""
    return _kept()


def clear_profiles() -> None:
    """Forget what was read: after a save in this process, and between tests."""
    _kept.clear()


def token_guard() -> Guard:
    """The guard that judges tokens in this process."""
    return _guard_on(blacklist_reader())


@lru_cache(maxsize=4)
def _guard_on(reader: BlacklistReader) -> Guard:
    return Guard(reader, profiles)


def guard_configuration() -> dict[str, Any]:
    """What a guard elsewhere needs, as JSON types: the environment's name and every issuer. Public keys only."""
    issuers = [profile.to_json() for _iss, profile in sorted(read_profiles().items())]
    return {"env": settings.CURFEW_ENV, "issuers": issuers}
