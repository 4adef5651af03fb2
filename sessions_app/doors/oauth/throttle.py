"""Guessing a client's secret is slowed down by address and client, so that the client itself is never locked out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Mapping
from urllib.parse import unquote_plus

from django.core.cache import cache

from sessions_app.models import OAuthClient

FAILURES_AT_MOST = 20
WINDOW_SECONDS = 60


class Throttle:
    """Failures of one caller within a minute by the clock; the caller is an address asking as one client.

    Ids that no client has share one count, so that nobody fills the cache by inventing them.
    """

    def __init__(self, address: str | None, client_id: str) -> None:
        known = client_id if _is_known(client_id) else ""
        named = hashlib.sha256(f"{address or ''} {known}".encode()).hexdigest()
        minute, passed = divmod(int(time.time()), WINDOW_SECONDS)
        self.retry_after_seconds = WINDOW_SECONDS - passed
        self._key = f"oauth-failures:{minute}:{named}"

    def is_closed(self) -> bool:
        return int(cache.get(self._key, 0)) >= FAILURES_AT_MOST

    def note_failure(self) -> None:
        """Each minute has a key of its own: counting up renews a key's life in the database's cache."""
        cache.set(self._key, int(cache.get(self._key, 0)) + 1, 2 * WINDOW_SECONDS)


def _is_known(client_id: str) -> bool:
    return "\x00" not in client_id and OAuthClient.objects.filter(client_id=client_id).exists()


def claimed_client(authorization: str, form: Mapping[str, str]) -> str:
    """Which client the caller says it is, before anything is proved; "" where it does not say."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", "")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return unquote_plus(decoded.partition(":")[0])
