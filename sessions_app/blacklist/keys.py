"""How keys are spelled in Redis: the one place that knows, for writer and guard alike."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import NamedTuple

BUCKETS = 16
PREFIX = "cf1:"

_ENVIRONMENT = re.compile(r"[a-z0-9-]{1,24}")


class Lookup(NamedTuple):
    """The keys of one check; all lie in one hash slot."""

    bucket: int
    keys: list[str]


def encode(*fields: str) -> bytes:
    """Join fields so that no two different lists of fields ever give the same bytes.

    Each field is its length in UTF-8 bytes (4 bytes, big-endian) and then those bytes, as they are:
    nothing is normalised, so nothing that differs is ever merged. Raises UnicodeEncodeError for text
    that has no UTF-8 form (a lone surrogate).
    """
    parts = [field.encode() for field in fields]
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def digest(*fields: str) -> str:
    """The first 16 bytes of SHA-256 over the fields, in base64url: always 22 characters."""
    return _text(sha256(encode(*fields)).digest())


def bucket(realm: str, person: str) -> int:
    """Which of the sixteen buckets holds everything about this person."""
    return sha256(encode(realm, person)).digest()[0] % BUCKETS


def _text(whole: bytes) -> str:
    return urlsafe_b64encode(whole[:16])[:22].decode()


class KeySpace:
    """Every key of one environment.

    The bucket stands in braces, so Redis Cluster puts a person's keys and their marker in one slot.
    """

    def __init__(self, env: str) -> None:
        if not _ENVIRONMENT.fullmatch(env):
            raise ValueError(f"CURFEW_ENV must match [a-z0-9-]{{1,24}}, not {env!r}")
        self.env = env
        self._prefixes = [f"{PREFIX}{env}:{{{number:02d}}}:" for number in range(BUCKETS)]

    def marker(self, bucket: int) -> str:
        return self._prefixes[bucket] + "m"

    def user(self, realm: str, person: str) -> str:
        return f"{self._prefixes[bucket(realm, person)]}u:{digest(realm, person)}"

    def session(self, realm: str, person: str, sid: str) -> str:
        return f"{self._prefixes[bucket(realm, person)]}s:{digest(realm, sid)}"

    def token(self, realm: str, person: str, token_id: str) -> str:
        return f"{self._prefixes[bucket(realm, person)]}t:{digest(realm, token_id)}"

    def lookup(self, realm: str, person: str, sid: str | None, token_id: str | None) -> Lookup:
        """Marker, user, then session and token where there is one: the keys of one MGET.

        The person is hashed once for both bucket and key: this runs in every check.
        """
        whole = sha256(encode(realm, person)).digest()
        number = whole[0] % BUCKETS
        prefix = self._prefixes[number]
        keys = [prefix + "m", f"{prefix}u:{_text(whole)}"]
        if sid is not None:
            keys.append(f"{prefix}s:{digest(realm, sid)}")
        if token_id is not None:
            keys.append(f"{prefix}t:{digest(realm, token_id)}")
        return Lookup(number, keys)
