"""Guessing a client's secret is slowed down by address and client, so that the client itself is never locked out."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from urllib.parse import unquote_plus

from django.core.cache import cache

FAILURES_AT_MOST = 20
WINDOW_SECONDS = 60


class Throttle:
    """Failures of one caller within a minute; the caller is an address asking as one client."""

    def __init__(self, address: str | None, client_id: str) -> None:
        named = hashlib.sha256(f"{address or ''} {client_id}".encode("utf-8", "replace")).hexdigest()
        self._key = f"oauth-failures:{named}"

    def is_closed(self) -> bool:
        return int(cache.get(self._key, 0)) >= FAILURES_AT_MOST

    def note_failure(self) -> None:
        if not cache.add(self._key, 1, WINDOW_SECONDS):
            cache.incr(self._key)


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
