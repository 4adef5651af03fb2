"""Which models an operator edits, and so whose field changes django-auditlog writes into the trail."""

from audit.field_changes import register_for_field_changes
from sessions_app.models.applications import Application
from sessions_app.models.enforcement_points import EnforcementPoint
from sessions_app.models.entitlements import Entitlement
from sessions_app.models.issuers import Issuer
from sessions_app.models.oauth_clients import OAuthClient
from sessions_app.models.policies import Policy
from sessions_app.models.projects import Project, ProjectResource
from sessions_app.models.realms import Realm


def register_models() -> None:
    """Called once when the app is ready. Sessions, steps and sightings are left out (volume)."""
    register_for_field_changes(
        Application, fields=["key", "name", "asks", "cache_seconds", "token_seconds"], masked=[]
    )
    register_for_field_changes(
        EnforcementPoint,
        fields=[
            "name",
            "description",
            "application",
            "audiences",
            "unknown_policy",
            "cache_seconds",
            "mode",
            "token_header",
        ],
        masked=[],
    )
    register_for_field_changes(Realm, fields=["key", "name"], masked=[])
    register_for_field_changes(Entitlement, fields=["application", "group", "name"], masked=[])
    register_for_field_changes(
        Project,
        fields=["key", "name", "manager", "starts_at", "ends_at", "agreed_ends_at", "time_zone", "ended_at"],
        masked=["manager"],
    )
    register_for_field_changes(
        ProjectResource,
        fields=["project", "kind", "name", "used_by", "owner", "created_on", "last_used_on"],
        masked=["owner"],
    )
    register_for_field_changes(
        Policy,
        fields=[
            "people_alone",
            "staff_percent_alone",
            "people_always_alone",
            "sessions_alone",
            "approval_minutes",
            "extension_days_alone",
            "manual_task_hours",
            "contractors_without_project_lose_sign_in",
        ],
        masked=[],
    )
    register_for_field_changes(
        OAuthClient,
        fields=[
            "client_id",
            "name",
            "client_type",
            "authorization_grant_type",
            "redirect_uris",
            "application",
            "service_user",
            "audiences",
            "allowed_scopes",
            "may_introspect",
            "skip_authorization",
            "access_token_seconds",
            "chain_seconds",
            "disabled_at",
        ],
        masked=["client_secret"],
    )
    register_for_field_changes(
        Issuer,
        fields=[
            "iss",
            "name",
            "realm",
            "preset",
            "keys",
            "algorithms",
            "audiences",
            "typ",
            "person_claim",
            "token_claim",
            "session_claim",
            "client_claim",
            "started_from",
            "max_token_seconds",
            "max_session_seconds",
            "clock_allowance_seconds",
            "second_factor_claim",
            "second_factor_values",
            "entitlement_claims",
            "jwks_uri",
            "allow_private_jwks",
        ],
        masked=[],
    )
