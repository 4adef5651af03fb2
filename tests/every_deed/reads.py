"""Addresses that only show: reading one writes nothing, and no other method is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Address = Callable[[Any], str]

# Who reads, and where the example lies. A fixed address stands for itself.
READS: dict[str, tuple[str, str | Address]] = {
    "healthz": ("sam", "/healthz"),
    "readyz": ("sam", "/readyz"),
    "api/v1/": ("sam", "/api/v1/"),
    "api/v1/openapi.json": ("sam", "/api/v1/openapi.json"),
    "api/v1/revocations/<receipt>": ("sam", "/api/v1/revocations/CF-0000000000"),
    "oauth/jwks": ("sam", "/oauth/jwks"),
    ".well-known/oauth-authorization-server": ("sam", "/.well-known/oauth-authorization-server"),
    ".well-known/openid-configuration": ("sam", "/.well-known/openid-configuration"),
    "": ("sam", "/"),
    "people/": ("sam", "/people/"),
    "revocations/": ("sam", "/revocations/"),
    "revocations/<str:number>.json": ("sam", "/revocations/CF-0000000000.json"),
    "revocations/<str:number>/": ("sam", "/revocations/CF-0000000000/"),
    "sessions/": ("sam", "/sessions/"),
    "sessions/new/": ("sam", "/sessions/new/"),
    "sessions/<uuid:session_id>/row/": ("sam", lambda scene: f"/sessions/{scene.session.pk}/row/"),
    "me/": ("ines", "/me/"),
    "step-up/": ("ines", "/step-up/"),
    "audit/": ("aude", "/audit/"),
    "audit/<int:entry_id>/": ("aude", "/audit/1/"),
    "audit/<int:entry_id>/row/": ("aude", "/audit/1/row/"),
    "settings/": ("ada", "/settings/"),
    "settings/roles/": ("ada", "/settings/roles/"),
    "settings/roles/grant/": ("ada", "/settings/roles/grant/"),
    "settings/issuers/": ("ada", "/settings/issuers/"),
    "settings/issuers/guard-configuration.json": ("ada", "/settings/issuers/guard-configuration.json"),
    "settings/unmatched/": ("ada", "/settings/unmatched/"),
    "settings/applications/": ("ada", "/settings/applications/"),
    "settings/enforcement-points/": ("ada", "/settings/enforcement-points/"),
    "settings/enforcement-points/<int:point_id>/": ("ada", "/settings/enforcement-points/1/"),
    "settings/credentials/": ("ada", "/settings/credentials/"),
    "accounts/inactive/": ("otto", "/accounts/inactive/"),
    "accounts/2fa/": ("otto", "/accounts/2fa/"),
    "accounts/2fa/recovery-codes/": ("otto", "/accounts/2fa/recovery-codes/"),
    "accounts/2fa/recovery-codes/download/": ("otto", "/accounts/2fa/recovery-codes/download/"),
    "accounts/2fa/webauthn/": ("otto", "/accounts/2fa/webauthn/"),
}

# What a look may write: the browser's session, when it was last used, rate limits.
WRITTEN_BY_LOOKING = ("django_session", "portal_cache", "sessions_app_session")
