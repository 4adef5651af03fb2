"""The nouns: one per module, all known here so that Django finds them."""

from sessions_app.models.applications import Application, AsksHow
from sessions_app.models.approvals import Approval, ApprovalKind, ApprovalState, ReviewVerdict
from sessions_app.models.attempts import Attempt
from sessions_app.models.blacklist_entries import BlacklistEntry, BlacklistState, EntryKind
from sessions_app.models.corrections import Correction, CorrectionState
from sessions_app.models.enforcement_points import EnforcementPoint
from sessions_app.models.entitlements import Entitlement
from sessions_app.models.groups import Group, Membership
from sessions_app.models.identities import Identity
from sessions_app.models.issuers import Issuer
from sessions_app.models.leases import Lease
from sessions_app.models.leavings import Leaving, LeavingState
from sessions_app.models.legal_holds import LegalHold
from sessions_app.models.machine_credentials import MachineCredential, Scope
from sessions_app.models.notices import Notice, WaitingKind
from sessions_app.models.oauth_clients import AuthorizationCode, Consent, OAuthClient
from sessions_app.models.point_tallies import PointTally
from sessions_app.models.policies import Policy
from sessions_app.models.project_checks import CheckKind, ProjectCheck
from sessions_app.models.projects import (
    EndingState,
    Project,
    ProjectEnding,
    ProjectResource,
    ProjectState,
    ResourceKind,
)
from sessions_app.models.realms import Realm
from sessions_app.models.report_quotas import ReportQuota
from sessions_app.models.revocations import (
    EndedSession,
    OrderKey,
    Revocation,
    RevocationScope,
    RevocationTarget,
)
from sessions_app.models.role_changes import RoleChange, RoleChangeState
from sessions_app.models.roles import Role, RoleGrant
from sessions_app.models.sessions import Session, SessionApplication
from sessions_app.models.sightings import UnmatchedSighting
from sessions_app.models.signals import Signal, SignalOutcome
from sessions_app.models.signing_keys import SigningKey
from sessions_app.models.steps import Step, StepKind, StepState
from sessions_app.models.tokens import Token, TokenKind
from sessions_app.models.users import User, UserKind

__all__ = [
    "Application",
    "Approval",
    "ApprovalKind",
    "ApprovalState",
    "AsksHow",
    "Attempt",
    "AuthorizationCode",
    "BlacklistEntry",
    "BlacklistState",
    "CheckKind",
    "Consent",
    "Correction",
    "CorrectionState",
    "EndedSession",
    "EndingState",
    "EnforcementPoint",
    "Entitlement",
    "EntryKind",
    "Group",
    "Identity",
    "Issuer",
    "Lease",
    "Leaving",
    "LeavingState",
    "LegalHold",
    "MachineCredential",
    "Membership",
    "Notice",
    "OAuthClient",
    "OrderKey",
    "PointTally",
    "Policy",
    "Project",
    "ProjectCheck",
    "ProjectEnding",
    "ProjectResource",
    "ProjectState",
    "Realm",
    "ReportQuota",
    "ResourceKind",
    "ReviewVerdict",
    "Revocation",
    "RevocationScope",
    "RevocationTarget",
    "Role",
    "RoleChange",
    "RoleChangeState",
    "RoleGrant",
    "Scope",
    "Session",
    "SessionApplication",
    "Signal",
    "SignalOutcome",
    "SigningKey",
    "Step",
    "StepKind",
    "StepState",
    "Token",
    "TokenKind",
    "UnmatchedSighting",
    "User",
    "UserKind",
    "WaitingKind",
]
