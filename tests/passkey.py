"""A passkey in software: what an authenticator would answer a browser, for tests over HTTP."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

HOST, ORIGIN = "localhost", "http://localhost:8000"


class Passkey:
    """One key pair of one person at this host; it always checks who holds it."""

    def __init__(self) -> None:
        self.id = secrets.token_bytes(16)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def made(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`."""
        told = self._told("webauthn.create", options)
        public = ES256.from_cryptography_key(self._key.public_key())
        held = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        attested = AttestationObject.create("none", self._data(held), {})
        return self._credential(clientDataJSON=told, attestationObject=attested)

    def proved(self, options: dict[str, Any], *, holder: str = "") -> dict[str, Any]:
        """The answer to `navigator.credentials.get`; `holder` is the key of the person it was made for."""
        told, data = self._told("webauthn.get", options), self._data()
        signature = self._key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            clientDataJSON=told, authenticatorData=data, signature=signature, userHandle=holder.encode()
        )

    def _told(self, kind: str, options: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(kind, options["publicKey"]["challenge"], ORIGIN)

    def _data(self, held: bytes = b"") -> AuthenticatorData:
        flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
        flags |= AuthenticatorData.FLAG.AT if held else 0
        return AuthenticatorData.create(sha256(HOST.encode()), flags, 0, held)

    def _credential(self, **response: bytes) -> dict[str, Any]:
        written = {name: websafe_encode(value) for name, value in response.items() if value}
        name = websafe_encode(self.id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": written,
        }
