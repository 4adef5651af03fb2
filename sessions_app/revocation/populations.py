"""Whom an order about many people is about, at the moment it is decided."""

from __future__ import annotations

from django.db.models import QuerySet

from sessions_app.models import Entitlement, Group, Project, User
from sessions_app.revocation.errors import NothingToEnd
from sessions_app.revocation.orders import (
    Everyone,
    OfManyPeople,
    OneEntitlement,
    OneGroup,
    OneProject,
    SeveralPeople,
)


def people_of(scope: OfManyPeople) -> QuerySet[User]:
    """Everybody it covers now, erased people left out, by their keys."""
    people = User.objects.filter(erased_at=None)
    match scope:
        case SeveralPeople(user_ids=keys):
            found = people.filter(pk__in=keys)
        case OneGroup(name=name):
            found = people.filter(pk__in=User.objects.filter(memberships__group__name=name).values("pk"))
        case OneEntitlement(application_key=key, name=name):
            groups = Entitlement.objects.filter(application__key=key, name=name).values("group")
            found = people.filter(pk__in=User.objects.filter(memberships__group__in=groups).values("pk"))
        case OneProject(key=key):
            found = people.filter(pk__in=members_of(key).values("pk"))
        case Everyone():
            found = people
    in_order: QuerySet[User] = found.order_by("pk")
    return in_order


def members_of(project_key: str) -> QuerySet[User]:
    """Everybody who works on this project: the members of its groups."""
    people: QuerySet[User] = User.objects.filter(memberships__group__projects__key=project_key).distinct()
    return people


def lock_scope(scope: OfManyPeople) -> Project | None:
    """Locks what the scope names, so that two orders on it never interleave; the project, where it is one.

    Raises NothingToEnd for a group or project that does not exist.
    """
    match scope:
        case OneProject(key=key):
            project = Project.objects.select_for_update().filter(key=key).first()
            if project is None:
                raise NothingToEnd
            return project
        case OneGroup(name=name):
            if not list(Group.objects.select_for_update().filter(name=name)):
                raise NothingToEnd
    return None
