"""What an authorization request may carry, where oauthlib does not look; nothing is cut to size in silence."""

from __future__ import annotations

import re
from typing import Any, Final

from django.http import QueryDict
from oauthlib.common import INVALID_HEX_PATTERN
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.openid.connect.core.exceptions import RequestNotSupported, RequestURINotSupported

# base64url of a SHA-256 (RFC 7636, section 4.2).
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST_NONCE: Final = 255
LONGEST_SCOPES: Final = 1000


class UnmetAuthenticationRequirements(errors.OAuth2Error):  # type: ignore[misc]  # oauthlib ships no types
    """OpenID Connect Core Error Code `unmet_authentication_requirements` 1.0, named by RFC 9470, section 5."""

    error = "unmet_authentication_requirements"


def can_be_read(query_string: str, query: QueryDict) -> bool:
    """Whether there is one reading of it: every escape is one, and no parameter comes twice.

    RFC 8707 lets `resource` repeat. oauthlib raises ValueError for the first, and takes the last of the second.
    """
    if INVALID_HEX_PATTERN.search(query_string):
        return False
    return all(len(values) == 1 for name, values in query.lists() if name != "resource")


def check_parameters(request: Any) -> dict[str, Any]:
    """Called when client and redirect address were found genuine, so what is raised goes to the client."""
    if getattr(request, "response_mode", None) not in (None, "query"):
        request.response_mode = "query"
        raise errors.InvalidRequestError(description="response_mode must be query", request=request)
    if isinstance(getattr(request, "request", None), str):  # oauthlib keeps itself there the second time
        raise RequestNotSupported(request=request)
    if getattr(request, "request_uri", None):
        raise RequestURINotSupported(request=request)
    _check_challenge(request)
    nonce = request.nonce or ""
    if len(nonce) > LONGEST_NONCE or not nonce.isprintable():
        raise errors.InvalidRequestError(description="nonce cannot be kept", request=request)
    return {}


def _check_challenge(request: Any) -> None:
    """A missing one is oauthlib's to refuse."""
    if not request.code_challenge:
        return
    if request.code_challenge_method != "S256":
        raise errors.InvalidRequestError(description="code_challenge_method must be S256", request=request)
    if not CHALLENGE.fullmatch(request.code_challenge):
        raise errors.InvalidRequestError(description="code_challenge is no SHA-256", request=request)
