"""Reading a token by its issuer's profile: who, which session, since when, or why not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Any, Final

from .dates import LATEST_SECOND, project_end_ms
from .errors import InvalidProfile, InvalidToken
from .presets import PRESETS
from .profiles import IssuerProfile
from .signatures import SignatureCache
from .tokens import open_token

__all__ = ["PRESETS", "Claims", "InvalidProfile", "InvalidToken", "IssuerProfile", "read_claims", "verify"]

LONGEST_ID: Final = 512

_opened = SignatureCache(size=4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an accepted token says, in our words. `raw` is the whole payload."""

    issuer: str
    realm: str
    person: str
    token_id: str
    sid: str | None
    started_ms: int
    issued_ms: int
    expires_ms: int
    audiences: tuple[str, ...]
    second_factor: bool
    project_end_ms: int | None
    raw: Mapping[str, Any]
