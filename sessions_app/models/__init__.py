"""The nouns: one per module, all known here so that Django finds them."""

from sessions_app.models.applications import Application, AsksHow
from sessions_app.models.blacklist_entries import BlacklistEntry, BlacklistState, EntryKind
from sessions_app.models.enforcement_points import EnforcementPoint
from sessions_app.models.entitlements import Entitlement
from sessions_app.models.groups import Group, Membership
from sessions_app.models.identities import Identity
from sessions_app.models.issuers import Issuer
from sessions_app.models.leases import Lease
from sessions_app.models.machine_credentials import MachineCredential, Scope
from sessions_app.models.realms import Realm
from sessions_app.models.revocations import (
    EndedSession,
    OrderKey,
    Revocation,
    RevocationScope,
    RevocationTarget,
)
from sessions_app.models.roles import Role, RoleGrant
from sessions_app.models.sessions import Session, SessionApplication
from sessions_app.models.sightings import UnmatchedSighting
from sessions_app.models.tokens import Token, TokenKind
from sessions_app.models.users import User

__all__ = [
    "Application",
    "AsksHow",
    "BlacklistEntry",
    "BlacklistState",
    "EndedSession",
    "EnforcementPoint",
    "Entitlement",
    "EntryKind",
    "Group",
    "Identity",
    "Issuer",
    "Lease",
    "MachineCredential",
    "Membership",
    "OrderKey",
    "Realm",
    "Revocation",
    "RevocationScope",
    "RevocationTarget",
    "Role",
    "RoleGrant",
    "Scope",
    "Session",
    "SessionApplication",
    "Token",
    "TokenKind",
    "UnmatchedSighting",
    "User",
]
