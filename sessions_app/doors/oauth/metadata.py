"""What a client can find out by itself: RFC 8414, OpenID Connect Discovery, and the keys (RFC 7517)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from sessions_app.doors.oauth.answers import machine_endpoint
from sessions_app.tokens.own_issuer import SECOND_FACTOR_ACR
from sessions_app.tokens.scopes import ABOUT_THE_PERSON
from sessions_app.tokens.signing import ALGORITHM, published_keys

# A guard that keeps the keys this long still learns of a new one before it signs.
KEYS_MAX_AGE_SECONDS = 300
CLIENT_AUTHENTICATION = ["client_secret_basic", "client_secret_post"]


@machine_endpoint
@require_safe
def authorization_server(request: HttpRequest) -> HttpResponse:
    """RFC 8414."""
    return _open_to_all(JsonResponse(_metadata()))


@machine_endpoint
@require_safe
def openid_configuration(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0, section 3."""
    return _open_to_all(
        JsonResponse(
            {
                **_metadata(),
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "acr_values_supported": [SECOND_FACTOR_ACR],
                "claims_supported": [
                    "sub", "iss", "aud", "exp", "iat", "auth_time", "amr", "acr", "nonce", "sid", "at_hash",
                    "name", "preferred_username", "email", "groups", "roles",
                ],
                "claims_parameter_supported": False,
                "request_parameter_supported": False,
                "request_uri_parameter_supported": False,
                "prompt_values_supported": ["none", "login", "consent"],
            }
        )
    )  # fmt: skip


@machine_endpoint
@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys. What is published here ahead signs an hour later at the earliest."""
    response = JsonResponse(published_keys(), content_type="application/jwk-set+json")
    response["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE_SECONDS}"
    return _open_to_all(response)


def _metadata() -> dict[str, Any]:
    base = settings.BASE_URL
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "jwks_uri": f"{base}/oauth/jwks",
        "scopes_supported": list(ABOUT_THE_PERSON),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": [*CLIENT_AUTHENTICATION, "none"],
        "introspection_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": [*CLIENT_AUTHENTICATION, "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def _open_to_all(response: HttpResponse) -> HttpResponse:
    """Public and without cookies, so a browser may read it from anywhere."""
    response["Access-Control-Allow-Origin"] = "*"
    return response
