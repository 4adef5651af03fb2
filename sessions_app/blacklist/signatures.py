"""Remembers which tokens were already found to be signed rightly; never a verdict."""

from collections.abc import Mapping
from threading import Lock

from .profiles import IssuerProfile
from .tokens import OpenToken


class SignatureCache:
    """Opened tokens under their SHA-256: bounded, oldest out first, safe to share between threads.

    An entry counts only while its issuer's profile is still the one that verified it, so that removing
    a key takes effect at once. Everything that depends on time is judged again on every use.
    """

    def __init__(self, *, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._opened: dict[str, OpenToken] = {}

    def get(self, fingerprint: str, profiles: Mapping[str, IssuerProfile]) -> OpenToken | None:
        opened = self._opened.get(fingerprint)
        if opened is None or profiles.get(opened.profile.issuer) == opened.profile:
            return opened
        self.drop(fingerprint)
        return None

    def put(self, fingerprint: str, opened: OpenToken) -> None:
        with self._lock:
            while len(self._opened) >= self._size:
                del self._opened[next(iter(self._opened))]
            self._opened[fingerprint] = opened

    def drop(self, fingerprint: str) -> None:
        with self._lock:
            self._opened.pop(fingerprint, None)

    def __len__(self) -> int:
        return len(self._opened)
