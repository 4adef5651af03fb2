"""Starting points for the profiles of well-known issuers; keys, issuer, realm and audiences come on top.

They describe access tokens as these products issue them without extra configuration.
"""

from collections.abc import Mapping
from typing import Any, Final

_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    # `sub` is the sign-in name, which can change; `uid` stays. A client's own token has no `uid` and no
    # `auth_time`. There is no `sid`, and `amr` is in ID tokens alone: no second factor is proved. `groups` is
    # there once the authorization server has a claim for it. typ: none, or Okta's own for the org's server.
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
    # Version 2.0 tokens. `sub` differs from application to application; `oid` is the person, and `uti` what others
    # call jti. No `sid` and no `auth_time` unless asked for as optional claims. `amr` ("mfa") is in version 1.0
    # tokens alone (another iss: https://sts.windows.net/<tenant>/); name it there as the proof of a second factor,
    # and ask for `auth_time` as well: beside `iat` a proof counts for nothing. Beyond 200 groups the token only says
    # where to ask for them (`_claim_names`), so they are not compared. With continuous access evaluation a token
    # lives up to 28 hours.
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
    # Since version 25 `sub` and `auth_time` come from the client scope "basic", which every client has by default;
    # lightweight tokens lack them. A direct grant has no `auth_time`, a service account neither that nor `sid`:
    # such tokens are refused. `typ` is "JWT", or "at+jwt" by a switch of the client; ID and refresh tokens are
    # "JWT" as well and told apart by a claim `typ`. `aud` is "account" until a mapper adds the API. Nothing proves a
    # second factor until a mapper for `amr` or a level of authentication (`acr`) is set up.
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
    # An access token is the ID token with `azp` and `uid`, which names the token here and not a person. `sid`
    # is missing where nobody signed in (client credentials): such tokens are refused. `amr` lists "mfa" when a
    # second factor was used; `groups` come with the scope "profile". `sub` follows the provider's subject mode:
    # leave it at an id that nobody else can get.
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
    # Google's access tokens are opaque; these are its ID tokens. `jti` and `auth_time` cannot be counted on, there is
    # no `sid`, `amr` or `groups`; `hd` is the Workspace domain.
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
    # The default token profile; with the RFC 9068 profile the header says "at+jwt" and `jti` can be set as the
    # token claim. Neither has `sid`, `auth_time` or `amr`. A client's own token names itself "<client>@clients" in
    # `sub`. `permissions` is there with role-based access control; groups and roles need an Action that adds them.
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
