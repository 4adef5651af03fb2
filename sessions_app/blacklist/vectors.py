"""The published test vectors: `python -m sessions_app.blacklist.vectors` writes vectors.json anew."""

import json
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .claims import InvalidToken, IssuerProfile, verify
from .errors import KeysTooOld
from .guard import subject_of
from .keys import BUCKETS, KeySpace, bucket, encode
from .values import MALFORMED, parse_marker, parse_session, parse_token, parse_user
from .vector_cases import CLAIMS, DROPPED, HEADER, IDENTITIES, NOW_MS, STORED_SCENES, VALUES, Scene
from .vector_token_cases import TOKEN_SCENES
from .verdict import Outcome, Values, Verdict, decide, unavailable

PATH: Final = Path(__file__).with_name("vectors.json")
ENV: Final = "demo"

# Published on purpose, so that anybody can sign vectors of their own. Ed25519 signs without chance.
SEED: Final = bytes(range(32))

SCENES: Final = [*STORED_SCENES, *TOKEN_SCENES]

_PARSERS: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "user": parse_user,
    "session": parse_session,
    "token": parse_token,
    "marker": parse_marker,
}


class ContractBroken(Exception):
    """This code does not say what the contract's scene demands."""


def build() -> dict[str, Any]:
    """All vectors. Raises ContractBroken rather than publish a verdict that only the code believes in."""
    return {
        "format": 1,
        "about": "Keys, values and verdicts of the Curfew blacklist. Tokens are signed with Ed25519; "
        "`signing_seed` is the private key in hex. Every verdict starts from a fresh guard whose "
        "highest marker seen is `high_water`.",
        "signing_seed": SEED.hex(),
        "profiles": [profile.to_json() for profile in profiles().values()],
        "encodings": [_encoding_vector(list(identity)) for identity in IDENTITIES],
        "keys": [_key_vector(*identity) for identity in IDENTITIES],
        "markers": [KeySpace(ENV).marker(number) for number in range(BUCKETS)],
        "values": [_value_vector(kind, text) for kind, text in VALUES],
        "verdicts": [_verdict_vector(scene) for scene in SCENES],
    }


def profiles() -> dict[str, IssuerProfile]:
    """The issuers of the vectors: one of our own, one foreign with nothing but `iat`, one whose keys are too old."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _base64url(public),
        "kid": "test-1",
        "alg": "EdDSA",
        "use": "sig",
    }
    common: dict[str, Any] = {
        "keys": {"keys": [jwk]},
        "algorithms": ("EdDSA",),
        "audiences": ("https://api.example",),
        "max_session_seconds": 86_400,
    }
    own = IssuerProfile(
        issuer="https://own.example",
        realm="own",
        clock_allowance_seconds=0,
        second_factor_claim="amr",
        second_factor_values=("otp", "hwk"),
        entitlement_claims=("roles", "groups"),
        **common,
    )
    foreign = IssuerProfile(
        issuer="https://foreign.example",
        realm="foreign",
        token_claim=None,
        session_claim=None,
        client_claim="client_id",
        started_from="iat",
        second_factor_claim="amr",
        second_factor_values=("otp",),
        **common,
    )
    stale = replace(foreign, issuer="https://stale.example", keys_good_until_ms=NOW_MS)
    return {profile.issuer: profile for profile in (own, foreign, stale)}


def judge(token: str, values: Values, now_ms: int) -> Verdict:
    """What a guard answers, from the token to the verdict, without any server."""
    try:
        subject = subject_of(verify(token, profiles(), now_ms))
    except InvalidToken as error:
        return Verdict(Outcome.INVALID, error.cause)
    except KeysTooOld as error:
        return unavailable(error)
    return decide(subject, values, now_ms, values.high_water)


def _encoding_vector(fields: list[str]) -> dict[str, Any]:
    return {"fields": fields, "hex": encode(*fields).hex()}


def _key_vector(realm: str, person: str, sid: str, token_id: str) -> dict[str, Any]:
    keys = KeySpace(ENV)
    return {
        "env": ENV,
        "realm": realm,
        "person": person,
        "sid": sid,
        "token_id": token_id,
        "bucket": bucket(realm, person),
        "user": keys.user(realm, person),
        "session": keys.session(realm, person, sid),
        "token": keys.token(realm, person, token_id),
    }


def _value_vector(kind: str, text: str) -> dict[str, Any]:
    read = _PARSERS[kind](text.encode())
    return {"kind": kind, "text": text, "read": None if read is MALFORMED else asdict(read)}


def _verdict_vector(scene: Scene) -> dict[str, Any]:
    token = _token(scene)
    now_ms = NOW_MS + scene.later_ms
    stored = {"marker": scene.marker, "user": scene.user, "session": scene.session, "token": scene.token}
    raw = {name: None if text is None else text.encode() for name, text in stored.items()}
    values = Values(**raw, high_water=scene.high_water)
    found = judge(token, values, now_ms)
    said = f"{found.outcome}:{found.cause}" if found.cause else str(found.outcome)
    if (said, found.receipt) != (scene.verdict, scene.receipt):
        raise ContractBroken(f"{scene.name}: {said} {found.receipt}, not {scene.verdict} {scene.receipt}")
    return {
        "name": scene.name,
        "claims": _overlaid(CLAIMS, scene.claims),
        "token": token,
        "values": stored,
        "high_water": list(scene.high_water),
        "now_ms": now_ms,
        "verdict": {"outcome": str(found.outcome), "cause": found.cause, "receipt": found.receipt},
    }


def _token(scene: Scene) -> str:
    header, claims = _overlaid(HEADER, scene.header), _overlaid(CLAIMS, scene.claims)
    body = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{body}.{_base64url(Ed25519PrivateKey.from_private_bytes(SEED).sign(body.encode()))}"


def _overlaid(usual: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**usual, **changed}.items() if value is not DROPPED}


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def text() -> str:
    """vectors.json as it should stand."""
    return json.dumps(build(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
    sys.stdout.write(f"{PATH.name}: {len(SCENES)} verdicts\n")
