"""oauthlib, wired to the three grants we have: authorization code with PKCE, refresh token, client credentials."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauthlib.oauth2.rfc6749.endpoints import AuthorizationEndpoint, TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant as PlainCodeGrant
from oauthlib.oauth2.rfc6749.grant_types import ClientCredentialsGrant
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant, RefreshTokenGrant
from oauthlib.openid.connect.core.grant_types.dispatchers import (
    AuthorizationCodeGrantDispatcher,
    AuthorizationTokenGrantDispatcher,
)

from sessions_app.tokens.parameters import check_parameters
from sessions_app.tokens.validator import CurfewValidator


class AuthorizationServer(AuthorizationEndpoint, TokenEndpoint):  # type: ignore[misc]  # oauthlib ships no types
    """Implicit, password, hybrid and device grants are not refused here: they do not exist."""

    def __init__(self, validator: CurfewValidator) -> None:
        self.request_validator = validator
        bearer = BearerToken(
            validator, validator.draw_access_token, validator.expires_in, validator.draw_refresh_token
        )
        plain, openid = PlainCodeGrant(validator), AuthorizationCodeGrant(validator)
        for grant in (plain, openid):
            grant.custom_validators.pre_auth.append(check_parameters)
        AuthorizationEndpoint.__init__(
            self,
            default_response_type="code",
            default_token_type=bearer,
            response_types={"code": AuthorizationCodeGrantDispatcher(default_grant=plain, oidc_grant=openid)},
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            default_token_type=bearer,
            grant_types={
                "authorization_code": AuthorizationTokenGrantDispatcher(
                    validator, default_grant=plain, oidc_grant=openid
                ),
                "refresh_token": RefreshTokenGrant(validator),
                "client_credentials": ClientCredentialsGrant(validator),
            },
        )


def core_for(validator: CurfewValidator) -> Any:
    """django-oauth-toolkit's translation of a Django request, in front of a server made for this request."""
    return OAuthLibCore(AuthorizationServer(validator))


def with_issuer(uri: str) -> str:
    """An authorization response that says who answers (RFC 9207), errors as well."""
    parts = urlsplit(uri)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "iss"]
    return parts._replace(query=urlencode([*query, ("iss", settings.BASE_URL)])).geturl()
