"""An issuer of the tests' own, whose tokens can be forged in every way."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from sessions_app.blacklist.profiles import IssuerProfile

ISS = "https://login.northwind.example"
AUDIENCE = "https://api.northwind.example"
REALM = "northwind"

NOW = int(time.time())
NOW_MS = NOW * 1000


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key_of(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa_key_of(bits)


def ec_jwk(kid: str | None = "ec-1", **fields: Any) -> dict[str, Any]:
    jwk = ECAlgorithm.to_jwk(ec_key().public_key(), as_dict=True)
    return jwk | ({"kid": kid} if kid else {}) | fields


def rsa_jwk(kid: str | None = "rsa-1", bits: int = 2048, **fields: Any) -> dict[str, Any]:
    jwk = RSAAlgorithm.to_jwk(rsa_key(bits).public_key(), as_dict=True)
    return jwk | ({"kid": kid} if kid else {}) | fields


def a_profile(**fields: Any) -> IssuerProfile:
    usual: dict[str, Any] = {
        "issuer": ISS,
        "realm": REALM,
        "keys": {"keys": [ec_jwk(), rsa_jwk()]},
        "algorithms": ("ES256", "RS256"),
        "audiences": (AUDIENCE,),
        "clock_allowance_seconds": 0,
    }
    return IssuerProfile(**usual | fields)


def trusting(*profiles: IssuerProfile) -> dict[str, IssuerProfile]:
    return {profile.issuer: profile for profile in profiles or (a_profile(),)}


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "iss": ISS,
        "sub": "ines",
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 3000,
        "jti": "token-1",
        "sid": "session-1",
        "auth_time": NOW - 60,
    }
    return usual | changed


def a_token(header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A genuine token, with claims changed."""
    headers = {"kid": "ec-1", "typ": "at+jwt"} | (header or {})
    return jwt.encode(claims(**changed), ec_key(), algorithm="ES256", headers=headers)


def without(name: str) -> str:
    """A genuine token that lacks one claim."""
    kept = {key: value for key, value in claims().items() if key != name}
    return jwt.encode(kept, ec_key(), algorithm="ES256", headers={"kid": "ec-1", "typ": "at+jwt"})


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: bytes | dict[str, Any], payload: bytes | dict[str, Any]) -> str:
    """Any bytes at all as header and payload, genuinely signed with ES256."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    body = ".".join(map(base64url, parts))
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(body.encode(), ec_key())
    return f"{body}.{base64url(signature)}"


HEADER = {"alg": "ES256", "kid": "ec-1", "typ": "at+jwt"}
