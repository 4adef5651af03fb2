"""The keys the built-in authorization server signs with: drawn, published ahead of use, rotated with overlap."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from audit.events import Events
from audit.initiators import Initiator, acting
from audit.record import Target, record
from sessions_app.field_encryption import decrypt, encrypt
from sessions_app.models import Issuer, SigningKey

ALGORITHM = "ES256"
# Longer than anybody keeps our key set: a guard reads it anew within minutes.
PUBLISHED_AHEAD = timedelta(hours=1)
SIGNS_AT_MOST = timedelta(days=90)
# Longer than any token of ours lives, the ID token of a whole session among them.
PUBLISHED_AFTER = timedelta(days=2)


def sign(claims: Mapping[str, Any], *, typ: str) -> str:
    """The claims as a signed JWT of this type, by the key that signs now. Raises NoSigningKey."""
    key = current_key()
    private = serialization.load_pem_private_key(decrypt(key.private_pem_encrypted).encode(), password=None)
    return jwt.encode(dict(claims), private, algorithm=key.algorithm, headers={"typ": typ, "kid": key.kid})  # type: ignore[arg-type]  # an EC key, which is what we draw


class NoSigningKey(Exception):
    """No key was ever made: `prepare_keys` was not called."""


def current_key() -> SigningKey:
    """The key that signs now. Raises NoSigningKey."""
    key = SigningKey.objects.signing(timezone.now()).first()
    if key is None:
        raise NoSigningKey
    return key


def published_keys() -> dict[str, Any]:
    """The JWKS (RFC 7517): what signs, what will sign, and what signed tokens that are still alive."""
    published = SigningKey.objects.published(timezone.now()).order_by("id")
    return {"keys": [key.public_jwk for key in published]}


def prepare_keys(issuer: Issuer, *, by: Initiator) -> None:
    """Draw the first key if there is none, and let the issuer's row, which every guard reads, say what is published.

    Two processes may call this at once: whoever takes the lock on the issuer second finds the key.
    """
    with transaction.atomic():
        locked = Issuer.objects.select_for_update().get(pk=issuer.pk)
        if not SigningKey.objects.exists():
            _draw(signs_from=timezone.now(), by=by)
        _publish(locked, by=by)


def rotate_key(issuer: Issuer, *, by: Initiator, now: datetime | None = None) -> SigningKey:
    """Publish a new key that signs from an hour on; the ones before it stay published for what they signed.

    A key that waits for its turn already is returned as it is, so that asking twice draws one.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        locked = Issuer.objects.select_for_update().get(pk=issuer.pk)
        waiting = SigningKey.objects.filter(signs_from__gt=moment, published_until=None).first()
        if waiting is not None:
            return waiting
        drawn = _draw(signs_from=moment + PUBLISHED_AHEAD, by=by)
        retiring = SigningKey.objects.filter(published_until=None).exclude(pk=drawn.pk)
        retiring.update(published_until=drawn.signs_from + PUBLISHED_AFTER)
        _publish(locked, by=by)
    return drawn


def withdraw_key(issuer: Issuer, key: SigningKey, *, by: Initiator, reason: str) -> bool:
    """Take a key that somebody else may have out of the set now, whatever it signed; False where it is out already.

    1. The key is withdrawn, for good. 2. There is always one that signs: a key that waited begins, or a new one
    is drawn, which signs at once. 3. The issuer's row says so, in the same transaction; guards follow it.
    Sessions stay: what is refreshed is signed by the key that follows.
    """
    with transaction.atomic():
        locked = Issuer.objects.select_for_update().get(pk=issuer.pk)
        now = timezone.now()
        is_published = SigningKey.objects.published(now).filter(pk=key.pk)
        if not is_published.update(withdrawn_at=now, published_until=now):
            return False
        record(
            Events.SIGNING_KEY_WITHDRAWN,
            initiator=by,
            target=Target(kind="signing_key", id=key.kid, label=key.kid),
            personal={"note": reason},
        )
        _replace_withdrawn(now, by=by)
        _publish(locked, by=by)
    return True


def _replace_withdrawn(now: datetime, *, by: Initiator) -> None:
    """One key signs now, and one is there to stay."""
    signing = SigningKey.objects.signing(now).first()
    lasting = SigningKey.objects.filter(published_until=None).first()
    if lasting is None:
        drawn = _draw(signs_from=now + PUBLISHED_AHEAD if signing else now, by=by)
        if signing:
            signing.published_until = drawn.signs_from + PUBLISHED_AFTER
            signing.save(update_fields=["published_until"])
    elif signing is None:
        lasting.signs_from = now
        lasting.save(update_fields=["signs_from"])


def rotate_when_due(issuer: Issuer, *, by: Initiator) -> bool:
    """What the clock does: a new key when the newest has signed for 90 days, and old ones out of the set in time."""
    newest = SigningKey.objects.order_by("-signs_from").first()
    now = timezone.now()
    if newest is not None and newest.signs_from < now - SIGNS_AT_MOST:
        rotate_key(issuer, by=by)
        return True
    if issuer.keys != published_keys():
        with transaction.atomic():
            _publish(Issuer.objects.select_for_update().get(pk=issuer.pk), by=by)
    return False


def _draw(*, signs_from: datetime, by: Initiator) -> SigningKey:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    jwk = json.loads(ECAlgorithm.to_jwk(private.public_key()))
    kid = _thumbprint(jwk)
    key = SigningKey.objects.create(
        kid=kid,
        algorithm=ALGORITHM,
        public_jwk={**jwk, "kid": kid, "use": "sig", "alg": ALGORITHM},
        private_pem_encrypted=encrypt(pem.decode()),
        signs_from=signs_from,
    )
    record(
        Events.SIGNING_KEY_DRAWN,
        initiator=by,
        target=Target(kind="signing_key", id=kid, label=kid),
        details={"signs_from": signs_from.isoformat()},
    )
    return key


def _thumbprint(jwk: Mapping[str, str]) -> str:
    """RFC 7638: the same key always has the same name."""
    members = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


def _publish(issuer: Issuer, *, by: Initiator) -> None:
    published = published_keys()
    if issuer.keys != published:
        issuer.keys = published
        with acting(by):
            issuer.save(update_fields=["keys", "updated_at"])
