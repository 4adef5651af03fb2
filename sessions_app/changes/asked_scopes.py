"""The scope of an order about many, as a request for a second person keeps it until somebody decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from sessions_app.models import RevocationScope, Session, User
from sessions_app.revocation.orders import (
    Everyone,
    OneEntitlement,
    OneGroup,
    SeveralPeople,
    SomeSessions,
)
from sessions_app.revocation.populations import people_of

Many = SeveralPeople | OneGroup | OneEntitlement | Everyone | SomeSessions


def as_request(scope: Many) -> dict[str, Any]:
    """The scope in ids and names, as it is kept until somebody decides; `scope_of` is the way back."""
    match scope:
        case SeveralPeople(user_ids=keys):
            named: dict[str, Any] = {"people": [key.hex for key in keys]}
        case SomeSessions(session_ids=keys):
            named = {"sessions": [key.hex for key in keys]}
        case OneGroup(name=name):
            named = {"group": name}
        case OneEntitlement(application_key=key, name=name):
            named = {"application": key, "entitlement": name}
        case Everyone():
            named = {}
    return {"scope": str(scope.kind), **named}


def scope_of(asked: Mapping[str, Any]) -> Many:
    match RevocationScope(asked["scope"]):
        case RevocationScope.SESSIONS:
            return SomeSessions.of(UUID(hex=key) for key in asked["sessions"])
        case RevocationScope.GROUP:
            return OneGroup(name=asked["group"])
        case RevocationScope.ENTITLEMENT:
            return OneEntitlement(application_key=asked["application"], name=asked["entitlement"])
        case RevocationScope.EVERYONE:
            return Everyone()
        case _:
            return SeveralPeople.of(UUID(hex=key) for key in asked["people"])


def people_named_by(asked: Mapping[str, Any]) -> QuerySet[User]:
    """Whom a request means now; nobody where it names no scope, and nobody by name where it means everyone."""
    scope = scope_of(asked) if "scope" in asked else Everyone()
    nobody: QuerySet[User] = User.objects.none()
    if isinstance(scope, Everyone):
        return nobody
    if isinstance(scope, SomeSessions):
        sessions = Session.objects.filter(pk__in=scope.session_ids)
        named: QuerySet[User] = User.objects.filter(pk__in=sessions.values("user"))
        return named
    return people_of(scope)
