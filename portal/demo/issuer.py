"""Northwind's own issuer: in the demo we hold its private key, so that we can mint tokens to watch die."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from portal.demo.sign_ins import demo_folder, write_secret
from sessions_app.models import Session, Token

ISS = "https://login.northwind.example"
REALM = "northwind"
AUDIENCE = "https://api.northwind.example"
KID = "northwind-demo"
TOKEN_LIFE = timedelta(hours=1)


def private_key() -> ec.EllipticCurvePrivateKey:
    """The demo issuer's key, made on first use and kept in the data folder."""
    path = demo_folder() / "issuer-key.pem"
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_secret(path, pem.decode())
    loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def public_keys() -> dict[str, Any]:
    """The key set a company would paste into the issuer's settings."""
    jwk = json.loads(ECAlgorithm.to_jwk(private_key().public_key()))
    return {"keys": [{**jwk, "kid": KID, "use": "sig", "alg": "ES256"}]}


def mint(session: Session) -> str:
    """A fresh access token of this session (RFC 9068), as an issuer would hand out that never heard of us.

    The token's id becomes known here, the token itself is kept nowhere.
    """
    now = timezone.now()
    expires_at = now + TOKEN_LIFE
    token_id = str(uuid.uuid4())
    Token.objects.create(
        realm=session.realm, token_id=token_id, session=session, issued_at=now, expires_at=expires_at
    )
    claims = {
        "iss": ISS,
        "sub": session.identity.person_id,
        "aud": AUDIENCE,
        "client_id": "northwind-desktop",
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "auth_time": int(session.began_at.timestamp()),
        "sid": session.sid,
        "jti": token_id,
    }
    return jwt.encode(claims, private_key(), algorithm="ES256", headers={"typ": "at+jwt", "kid": KID})
