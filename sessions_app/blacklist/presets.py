"""Starting points for the profiles of well-known issuers; keys, issuer, realm and audiences come on top.

They describe access tokens as these products issue them without extra configuration.
"""

from collections.abc import Mapping
from typing import Any, Final

_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    # `sub` is the sign-in name, which can change; `uid` stays. A client's own token has no `uid`.
    "okta": {
        "algorithms": ["RS256"],
        "typ": ["", "JWT", "okta-internal-at+jwt"],
        "person_claim": "uid",
        "token_claim": "jti",
        "session_claim": None,
        "client_claim": "cid",
        "started_from": "auth_time",
        "max_token_seconds": _DAY,
        "max_session_seconds": 90 * _DAY,
        "entitlement_claims": ["groups"],
    },
    # `sub` differs from application to application; `oid` is the person. With continuous access
    # evaluation a token lives up to 28 hours.
    "entra": {
        "algorithms": ["RS256"],
        "typ": ["JWT"],
        "person_claim": "oid",
        "token_claim": "uti",
        "session_claim": None,
        "started_from": "iat",
        "max_token_seconds": 28 * _HOUR,
        "max_session_seconds": 90 * _DAY,
        "entitlement_claims": ["roles", "groups"],
    },
    "keycloak": {
        "algorithms": ["RS256"],
        "typ": ["JWT", "at+jwt"],
        "person_claim": "sub",
        "token_claim": "jti",
        "session_claim": "sid",
        "started_from": "auth_time",
        "max_token_seconds": _HOUR,
        "max_session_seconds": 30 * _DAY,
        "entitlement_claims": ["realm_access.roles", "groups"],
    },
    # The identifier of a token is `uid` here, not of a person.
    "authentik": {
        "algorithms": ["RS256"],
        "typ": ["JWT"],
        "person_claim": "sub",
        "token_claim": "uid",
        "session_claim": "sid",
        "started_from": "auth_time",
        "max_token_seconds": _DAY,
        "max_session_seconds": 30 * _DAY,
        "second_factor_claim": "amr",
        "second_factor_values": ["mfa"],
        "entitlement_claims": ["groups"],
    },
    # Google's access tokens are opaque; these are its ID tokens.
    "google": {
        "algorithms": ["RS256"],
        "typ": ["JWT"],
        "person_claim": "sub",
        "token_claim": None,
        "session_claim": None,
        "started_from": "iat",
        "max_token_seconds": _HOUR,
        "max_session_seconds": 30 * _DAY,
    },
    # The default token profile; with the RFC 9068 profile `jti` can be set as the token claim.
    "auth0": {
        "algorithms": ["RS256"],
        "typ": ["JWT", "at+jwt"],
        "person_claim": "sub",
        "token_claim": None,
        "session_claim": None,
        "started_from": "iat",
        "max_token_seconds": _DAY,
        "max_session_seconds": 30 * _DAY,
        "entitlement_claims": ["permissions"],
    },
}
