"""Where each model's changes stand in the trail: three kinds, and none may be in two or in none of them."""

from __future__ import annotations

# Whatever an operator edits: django-auditlog writes every change of a field, before and after.
FOLLOWED = {
    "sessions_app.Application",
    "sessions_app.EnforcementPoint",
    "sessions_app.Entitlement",
    "sessions_app.Issuer",
    "sessions_app.OAuthClient",
    "sessions_app.Policy",
    "sessions_app.Project",
    "sessions_app.ProjectResource",
    "sessions_app.Realm",
}

# Changed only by named changes that write an entry of their own, which says what became different.
TOLD_BY_EVENTS = {
    "portal.SavedView": "VW-101 VW-102 VW-103",
    "audit.LeaverList": "EV-101",
    "audit.ExportJob": "EX-101 EX-102 EX-103 EX-104",
    "sessions_app.Approval": "AP-101 AP-102 AP-103 AP-104 AP-105 AP-110 AP-111",
    "sessions_app.Consent": "SI-110",
    "sessions_app.Correction": "RV-121 RV-122 RV-123",
    "sessions_app.EndedSession": "RV-101 RV-102 RV-104",
    "sessions_app.Identity": "PE-103",
    "sessions_app.Leaving": "LV-101 LV-102 LV-103 LV-104 LV-105",
    "sessions_app.LegalHold": "PD-110 PD-111",
    "sessions_app.MachineCredential": "MC-101 MC-102",
    "sessions_app.Membership": "RO-110",
    "sessions_app.Revocation": "RV-101 RV-102 RV-103 RV-104 RV-110 RV-120 RV-130 RV-131 RV-150",
    "sessions_app.RevocationTarget": "RV-101 RV-102 RV-104 RV-105",
    "sessions_app.ProjectEnding": "RV-107 PJ-110 PJ-111 PJ-150",
    "sessions_app.ProjectCheck": "PJ-150 PJ-151",
    "sessions_app.Step": "RV-107 PJ-130 PJ-131",
    "sessions_app.RoleChange": "RO-110 RV-140 RV-141 RV-142 RV-143 RV-144",
    "sessions_app.RoleGrant": "RO-101 RO-102 RO-103",
    "sessions_app.Session": "SE-101 SE-103 SI-101 SI-103 RV-102",
    "sessions_app.Signal": "SE-120 SE-110",
    "sessions_app.SigningKey": "ST-105 ST-109",
    "sessions_app.UnmatchedSighting": "SE-102",
    "sessions_app.User": "PE-101 PE-102 PD-104 SI-106 SI-107 RV-101 RV-120 RV-132",
    "audit.AuditSubject": "PD-101",
    "audit.TrailKey": "CN-101",
    "audit.Verification": "CN-110",
    "mfa.Authenticator": "SI-104 SI-105 SI-108 SI-109",
}

# Nobody's doing: what follows from the above, counts, or is the trail itself.
OF_THE_MACHINERY = {
    "sessions_app.Attempt": "what guards refused, counted",
    "sessions_app.AuthorizationCode": "lives a minute; the session it begins is recorded",
    "sessions_app.BlacklistEntry": "follows from revocations",
    "sessions_app.BlacklistState": "the gate; BL-101 and BL-102 say when it shuts and opens",
    "sessions_app.Group": "a name that a directory said; who joins or leaves is RO-110",
    "sessions_app.Lease": "which clock beats",
    "sessions_app.Notice": "reminders by mail: to whom, about which matter, and whether the server took it",
    "sessions_app.OrderKey": "answers a repeated order for a day",
    "sessions_app.PointTally": "verdicts, counted",
    "sessions_app.Project_deputies": "who stands in for a project's manager",
    "sessions_app.Project_groups": "which groups make a project's members",
    "sessions_app.ReportQuota": "reports, counted",
    "sessions_app.SessionApplication": "where a session was seen",
    "sessions_app.Token": "identifiers of tokens; their session is recorded",
    "audit.AuditEntry": "the trail",
    "audit.AuditName": "the trail's names, so that they are found",
    "audit.ChainHead": "the trail",
    "audit.ChainLink": "the trail",
    "audit.Checkpoint": "the trail",
    "audit.LogPosition": "how far the trail was written elsewhere",
    "audit.ReceiptVersion": "signed versions of receipts",
    "audit.UnsealedEntry": "the trail",
}

# Tables of libraries that stay empty here, or hold nothing anybody did.
UNUSED = {
    "account.EmailAddress",
    "account.EmailConfirmation",
    "auth.Group",
    "auth.Group_permissions",
    "auth.Permission",
    "contenttypes.ContentType",
    "oauth2_provider.AccessToken",
    "oauth2_provider.DeviceGrant",
    "oauth2_provider.IDToken",
    "oauth2_provider.RefreshToken",
    "sessions.Session",
}

# Fields of followed models that say nothing an operator decided.
NOT_FOLLOWED = {
    "sessions_app.Application": {"id"},
    "sessions_app.EnforcementPoint": {"id"},
    "sessions_app.Entitlement": {"id"},
    "sessions_app.Issuer": {"id", "keys_fetched_at", "keys_error", "updated_at"},
    "sessions_app.OAuthClient": {
        "id", "created", "updated",
        # of the library, with one value for ever
        "post_logout_redirect_uris", "algorithm", "allowed_origins", "registration_source", "cimd_expires_at",
    },
    "sessions_app.Policy": {"id"},
    "sessions_app.Project": {"id", "has_exceptions"},
    "sessions_app.ProjectResource": {"id", "declared_at"},
    "sessions_app.Realm": {"id"},
}  # fmt: skip
