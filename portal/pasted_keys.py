"""Public keys as people paste them: a JSON Web Key Set, one key of it, PEM keys or certificates."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from django.utils.translation import gettext_lazy as _
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from sessions_app.blacklist.profiles import SECRET_MEMBERS

PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


class KeysRefused(Exception):
    """Nothing of what was pasted is repeated in `sentence`."""

    sentence = _("This is neither a JSON Web Key Set nor a PEM public key or certificate.")


class NothingPasted(KeysRefused):
    sentence = _("Paste the issuer's public keys, or choose a file of them.")


class PrivateKeyPasted(KeysRefused):
    sentence = _(
        "This contains a private or shared key. Paste public keys only, and treat that one as lost: it was sent "
        "here and must be replaced where it came from."
    )


def read_keys(text: str, *, kid: str = "") -> dict[str, Any]:
    """The key set in `text`. Raises KeysRefused.

    A PEM key has no id of its own: it gets `kid`, or its RFC 7638 thumbprint where none is given.
    """
    text = text.strip()
    if not text:
        raise NothingPasted
    if "PRIVATE KEY-----" in text:
        raise PrivateKeyPasted
    keys = _from_pem(text, kid=kid) if "-----BEGIN" in text else _from_json(text)
    if any(SECRET_MEMBERS & key.keys() for key in keys):
        raise PrivateKeyPasted
    return {"keys": keys}


def _from_json(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeysRefused from error
    keys = found.get("keys", [found] if "kty" in found else None) if isinstance(found, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise KeysRefused
    return keys


def _from_pem(text: str, *, kid: str) -> list[dict[str, Any]]:
    blocks = list(PEM_BLOCK.finditer(text))
    if not blocks or (kid and len(blocks) > 1):
        raise KeysRefused
    return [_as_jwk(block.group(), label=block.group(1), kid=kid) for block in blocks]


def _as_jwk(pem: str, *, label: str, kid: str) -> dict[str, Any]:
    try:
        key = load_pem_x509_certificate(pem.encode()).public_key() if label == "CERTIFICATE" else _public(pem)
    except ValueError as error:
        raise KeysRefused from error
    match key:
        case RSAPublicKey():
            jwk = RSAAlgorithm.to_jwk(key, as_dict=True)
        case EllipticCurvePublicKey():
            jwk = ECAlgorithm.to_jwk(key, as_dict=True)
        case Ed25519PublicKey():
            jwk = OKPAlgorithm.to_jwk(key, as_dict=True)
        case _:
            raise KeysRefused
    return {**jwk, "kid": kid or _thumbprint(jwk)}


def _public(pem: str) -> object:
    return load_pem_public_key(pem.encode())


def _thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638: SHA-256 of the required members, in order, without spaces."""
    members = {name: jwk[name] for name in THUMBPRINT_MEMBERS[jwk["kty"]]}
    plain = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url_encode(sha256(plain.encode()).digest()).decode()
