"""The issuer profiles as guards of this process read them: from SQL, kept in memory, never waited for twice."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

from sessions_app.blacklist.claims import IssuerProfile
from sessions_app.blacklist.errors import InvalidProfile
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.models import Issuer
from sessions_app.revocation.connections import blacklist_reader
from sessions_app.tokens.issuer_keys import KeyFetching
from sessions_app.tokens.kept import Kept

logger = logging.getLogger(__name__)

OWN_ISSUERS = "urn:curfew:portal:"

Profiles = Mapping[str, IssuerProfile]


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


def _read_again(old: Profiles | None) -> Profiles:
    """A profile that did not change stays the same object, so parsed keys and known signatures stay too."""
    return _unchanged_kept(read_profiles(), old or {})


def keeping_profiles() -> Kept[Profiles]:
    return Kept("issuer profiles", _read_again)


_kept = keeping_profiles()


def profiles() -> Profiles:
    """The profiles by `iss`, at most a few seconds old while SQL answers."""
    return _kept()


def clear_profiles() -> None:
    """Forget what was read: after a save in this process, and between tests."""
    _kept.clear()


key_fetching = KeyFetching(on_fetched=clear_profiles)


def _look_for_new_key(iss: str) -> None:
    """A token of this issuer names a key nobody knows. Nothing else of the token is ever looked at for that."""
    profile = profiles().get(iss)
    if profile is not None and profile.keys_good_until_ms is not None:
        key_fetching.after_unknown_key(iss)


def token_guard() -> Guard:
    """The guard that judges tokens in this process."""
    return _guard_on(blacklist_reader())


@lru_cache(maxsize=4)
def _guard_on(reader: BlacklistReader) -> Guard:
    return Guard(reader, profiles, on_unknown_key=_look_for_new_key)


def guard_configuration() -> dict[str, Any]:
    """What a guard elsewhere needs, as JSON types: the environment's name and every issuer. Public keys only."""
    issuers = [profile.to_json() for _iss, profile in sorted(read_profiles().items())]
    return {"env": settings.CURFEW_ENV, "issuers": issuers}
