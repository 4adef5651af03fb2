"""Many people by name, with their open sessions: on the page that asks for their end, and for whoever decides on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from portal.presenters.words import clean, name_of
from sessions_app.changes.asked_scopes import Many
from sessions_app.models import Session, User
from sessions_app.revocation.orders import Everyone, OneEntitlement, OneGroup

SHOWN_AT_MOST = 200


@dataclass(frozen=True, kw_only=True)
class CrowdMember:
    """One person of it, with their sessions that would end."""

    name: str
    department: str
    sessions: int
    is_privileged: bool


def first_members(
    people: QuerySet[User], sessions: QuerySet[Session], *, privileged: Collection[UUID]
) -> list[CrowdMember]:
    """The first of these people by name, and how many of these sessions are theirs."""
    first = list(people.order_by("display_name", "pk")[:SHOWN_AT_MOST])
    counted = sessions.filter(user__in=first).order_by().values("user").annotate(count=Count("pk"))
    ending = dict(counted.values_list("user", "count"))
    return [
        CrowdMember(
            name=name_of(user),
            department=user.department,
            sessions=ending.get(user.pk, 0),
            is_privileged=user.pk in privileged,
        )
        for user in first
    ]


def who_words(scope: Many) -> str:
    """'everybody in the group finance'; empty where people or sessions were chosen one by one."""
    match scope:
        case OneGroup(name=name):
            return _("everybody in the group %s") % clean(name)
        case OneEntitlement(application_key=key, name=name):
            return _("everybody who is %(name)s in %(application)s") % {
                "name": clean(name),
                "application": clean(key),
            }
        case Everyone():
            return _("everyone")
    return ""
