"""Withdrawing a signing key of ours that somebody else may have."""

from __future__ import annotations

from audit.initiators import Initiator
from sessions_app.changes.errors import ReasonTooShort
from sessions_app.models import SigningKey
from sessions_app.tokens.own_issuer import prepare_own_issuer
from sessions_app.tokens.profiles import clear_profiles
from sessions_app.tokens.signing import withdraw_key

SHORTEST_REASON = 3


def withdraw_signing_key(key: SigningKey, *, by: Initiator, reason: str) -> bool:
    """`withdraw_key`; guards of this process follow at once, those of others within seconds.

    False where it is out of the set already, and then nothing is recorded. Raises ReasonTooShort.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort
    is_withdrawn = withdraw_key(prepare_own_issuer(by=by), key, by=by, reason=reason.strip())
    clear_profiles()
    return is_withdrawn
