"""Addresses that only show: reading one writes nothing, and no other method is taken."""

from __future__ import annotations

from typing import Any

# Who reads, and an example of the address; `{name}` stands for something of the scene.
READS: dict[str, tuple[str, str]] = {
    "healthz": ("sam", "/healthz"),
    "readyz": ("sam", "/readyz"),
    "api/v1/openapi.json": ("machine", "/api/v1/openapi.json"),
    "api/v1/revocations/<receipt>": ("machine", "/api/v1/revocations/{receipt}"),
    "api/v1/audit/exports/<uuidstr:export_id>": ("machine", "/api/v1/audit/exports/{export}"),
    "api/v1/revocations/<receipt>/versions/<version>": (
        "machine",
        "/api/v1/revocations/{receipt}/versions/latest",
    ),
    "oauth/jwks": ("sam", "/oauth/jwks"),
    ".well-known/oauth-authorization-server": ("sam", "/.well-known/oauth-authorization-server"),
    ".well-known/openid-configuration": ("sam", "/.well-known/openid-configuration"),
    "": ("sam", "/"),
    "people/": ("sam", "/people/"),
    "people/many/": ("sam", "/people/many/"),
    "revocations/": ("sam", "/revocations/"),
    "revocations/<str:number>.json": ("sam", "/revocations/{receipt}.json"),
    "revocations/<str:number>/": ("sam", "/revocations/{receipt}/"),
    "revocations/<str:number>/v/<int:version>/": ("sam", "/revocations/{receipt}/v/1/"),
    "revocations/<str:number>/v/<int:version>.json": ("sam", "/revocations/{receipt}/v/1.json"),
    "revocations/<str:number>/v/<int:version>.pdf": ("sam", "/revocations/{receipt}/v/1.pdf"),
    "projects/<slug:key>/endings/<uuid:ending_id>/": ("paula", "/projects/phoenix/endings/{ending}/"),
    "tasks/": ("ivan", "/tasks/"),
    "sessions/": ("sam", "/sessions/"),
    "sessions/everyone/": ("sam", "/sessions/everyone/"),
    "sessions/new/": ("sam", "/sessions/new/"),
    "sessions/<uuid:session_id>/row/": ("sam", "/sessions/{session}/row/"),
    "projects/": ("sam", "/projects/"),
    "projects/<slug:key>/": ("sam", "/projects/{project}/"),
    "me/": ("ines", "/me/"),
    "step-up/": ("ines", "/step-up/"),
    "step-up/set-up/": ("ines", "/step-up/set-up/"),
    "approvals/": ("sam", "/approvals/"),
    "approvals/<uuid:approval_id>/": ("sam", "/approvals/{approval}/"),
    "audit/": ("aude", "/audit/"),
    "audit/<int:entry_id>/": ("aude", "/audit/{entry}/"),
    "audit/<int:entry_id>/row/": ("aude", "/audit/{entry}/row/"),
    "audit/format/": ("otto", "/audit/format/"),
    "audit/verifier.py": ("otto", "/audit/verifier.py"),
    "audit/verify/<uuid:verification_id>/": ("aude", "/audit/verify/{verification}/"),
    "audit/views/": ("aude", "/audit/views/"),
    "settings/": ("ada", "/settings/"),
    "settings/roles/": ("ada", "/settings/roles/"),
    "settings/roles/grant/": ("ada", "/settings/roles/grant/"),
    "settings/policies/": ("sam", "/settings/policies/"),
    "settings/issuers/": ("ada", "/settings/issuers/"),
    "settings/issuers/guard-configuration.json": ("ada", "/settings/issuers/guard-configuration.json"),
    "settings/unmatched/": ("ada", "/settings/unmatched/"),
    "settings/applications/": ("ada", "/settings/applications/"),
    "settings/enforcement-points/": ("ada", "/settings/enforcement-points/"),
    "settings/enforcement-points/<int:point_id>/": ("ada", "/settings/enforcement-points/{point}/"),
    "settings/oauth-clients/": ("ada", "/settings/oauth-clients/"),
    "settings/signing-keys/": ("ada", "/settings/signing-keys/"),
    "settings/personal-data/": ("ada", "/settings/personal-data/"),
    "settings/credentials/": ("ada", "/settings/credentials/"),
    "accounts/inactive/": ("otto", "/accounts/inactive/"),
    "accounts/2fa/": ("otto", "/accounts/2fa/"),
    "accounts/2fa/recovery-codes/": ("otto", "/accounts/2fa/recovery-codes/"),
    "accounts/2fa/webauthn/": ("otto", "/accounts/2fa/webauthn/"),
}
NOTHING_THERE = ("api/v1/",)  # the root of the API, and whatever is no operation of it

NAMED = ("approval", "project", "receipt", "session", "entry", "point", "verification", "export", "ending")

# What a look may write: the browser's session, when it was last used, rate limits; when a credential was.
WRITTEN_BY_LOOKING = {
    "django_session",
    "portal_cache",
    "sessions_app_session",
    "sessions_app_machinecredential",
}


def example(scene: Any, at: str) -> str:
    """An address that leads somewhere."""
    address = READS[at][1]
    named = [name for name in NAMED if f"{{{name}}}" in address]
    return address.format(**{name: str(getattr(scene, f"{name}_id")) for name in named})
