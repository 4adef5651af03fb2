"""Fields of texts, lists and moments that say nothing about a person. Every other one is declared personal."""

from __future__ import annotations

# "*": the whole model is about machines or about the trail itself.
IMPERSONAL: dict[str, str] = {
    "sessions_app.Application": "*",
    "sessions_app.BlacklistState": "*",
    "sessions_app.EnforcementPoint": "*",
    "sessions_app.Entitlement": "*",
    "sessions_app.Group": "*",
    "sessions_app.Issuer": "*",
    "sessions_app.Lease": "*",
    "sessions_app.OAuthClient": "*",
    "sessions_app.PointTally": "*",
    "sessions_app.Policy": "*",
    "sessions_app.Project": "*",
    "sessions_app.Project_deputies": "*",
    "sessions_app.ProjectResource": "*",
    "sessions_app.Project_groups": "*",
    "sessions_app.Realm": "*",
    "sessions_app.ReportQuota": "*",
    "sessions_app.SigningKey": "*",
    "sessions_app.Notice": "about queued_at next_try_at closed_at last_error",
    "sessions_app.OrderKey": "*",
    "sessions_app.EndedSession": "*",
    "sessions_app.ProjectEnding": "id initiator_kind door fingerprint groups_kept",
    "sessions_app.ProjectCheck": "id due_at",
    "sessions_app.Leaving": "id initiator_kind initiator_roles door stuck_because",
    "sessions_app.Step": "id key system made_at due_at what",
    "sessions_app.Approval": "id fingerprint expires_at why review_due_at",
    "sessions_app.RevocationTarget": "left_out keeps",
    "audit.ChainHead": "*",
    "audit.ChainLink": "*",
    "audit.Checkpoint": "*",
    "audit.LogPosition": "*",
    "audit.TrailKey": "*",
    "audit.UnsealedEntry": "*",
    "audit.Verification": "*",
    "auth.Group": "*",
    "auth.Group_permissions": "*",
    "auth.Permission": "*",
    "contenttypes.ContentType": "*",
    "account.EmailConfirmation": "*",
    "oauth2_provider.AccessToken": "*",
    "oauth2_provider.DeviceGrant": "*",
    "oauth2_provider.IDToken": "*",
    "oauth2_provider.RefreshToken": "*",
    "sessions_app.Attempt": "receipt",
    "sessions_app.BlacklistEntry": "receipt why",
    "sessions_app.Correction": "id",
    "sessions_app.MachineCredential": (
        "id name prefix secret_hash scopes networks created_at expires_at last_used_at revoked_at"
    ),
    "sessions_app.Revocation": (
        "id receipt subject initiator_kind initiator_roles door proof_tail proof_kind last_error"
    ),
    "sessions_app.RoleGrant": "id",
    "sessions_app.Session": "id",
    "sessions_app.Signal": "source kind fingerprint",
    "sessions_app.UnmatchedSighting": "reported_by",
    "sessions_app.User": "id",
    "sessions_app.LegalHold": "id",
    "audit.AuditEntry": (
        "changes event_code initiator_kind door target_kind reason_code receipt project_key source "
        "additional_data object_pk"
    ),
    "audit.AuditSubject": "kind salt commitment blanked_at",
    "audit.ReceiptVersion": "receipt hash made_at key_id signature",
    "audit.LeaverList": "first_day last_day source query sha256 received_at",
    "audit.ExportJob": (
        "id initiator_kind initiator_roles door cid order_key why holder lease_until woken_at sha256 finished_at "
        "expires_at rights"
    ),
}
