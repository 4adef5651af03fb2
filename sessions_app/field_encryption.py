"""Secrets that must be read again (second-factor keys) are encrypted in SQL, under keys that are not in SQL."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PURPOSE = b"curfew: encrypted fields"


def encrypt(text: str) -> str:
    """The text under the first of FIELD_KEYS; different every time."""
    return _keys(tuple(settings.FIELD_KEYS), settings.SECRET_KEY).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """The text again, by whichever of FIELD_KEYS fits. Raises cryptography's InvalidToken where none does."""
    return _keys(tuple(settings.FIELD_KEYS), settings.SECRET_KEY).decrypt(encrypted.encode()).decode()


@lru_cache(maxsize=4)
def _keys(configured: tuple[str, ...], secret_key: str) -> MultiFernet:
    """FIELD_KEYS, newest first so that keys can be rotated; without any, a key derived from SECRET_KEY (RFC 5869)."""
    try:
        keys = [Fernet(key) for key in configured]
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_KEYS must be keys as `Fernet.generate_key()` draws them."
        ) from error
    return MultiFernet(keys or [Fernet(_derived(secret_key))])


def _derived(secret_key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret_key.encode())
    return base64.urlsafe_b64encode(derived)
