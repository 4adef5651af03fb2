"""Whom a request for a second person is about, by name: nobody decides on a number."""

from __future__ import annotations

from functools import cached_property

from django.db.models import QuerySet

from portal.access import people_for, projects_for
from portal.presenters.crowd_members import CrowdMember, first_members
from portal.roles import May
from sessions_app.changes.asked_scopes import scope_of
from sessions_app.changes.blast_radius import Why
from sessions_app.changes.project_groups import who_loses_without
from sessions_app.models import Approval, ApprovalKind, Session, User
from sessions_app.revocation.orders import OneProject, SomeSessions
from sessions_app.revocation.populations import people_of

OF_PROJECTS = frozenset({ApprovalKind.END_PROJECT, ApprovalKind.SHORTEN_PROJECT, ApprovalKind.TAKE_GROUPS})
OF_MANY = frozenset({ApprovalKind.END_PEOPLE, ApprovalKind.END_SESSIONS})


class PeopleAsked:
    """Everybody whom it would be about now. Those whom this reader may not see are counted and not named."""

    def __init__(self, approval: Approval, reader: User) -> None:
        people, self._sessions = _reach(approval)
        self._count = people.count()
        self._shown = User.objects.filter(pk__in=people.order_by().values("pk"))
        if not _sees_all(approval, reader):
            self._shown = self._shown.filter(pk__in=people_for(reader, May.SEE_PEOPLE).values("pk"))

    @cached_property
    def members(self) -> list[CrowdMember]:
        """The first of them by name."""
        privileged = User.objects.privileged().filter(pk__in=self._shown.values("pk"))
        return first_members(
            self._shown, self._sessions, privileged=set(privileged.values_list("pk", flat=True))
        )

    @property
    def not_shown(self) -> int:
        return self._count - len(self.members)


def _sees_all(approval: Approval, reader: User) -> bool:
    """Whoever sees a project sees who is on it."""
    project = approval.project
    return project is not None and projects_for(reader, May.SEE_PROJECTS).filter(pk=project.pk).exists()


def names_many(approval: Approval) -> bool:
    """Whether it is about people whom its title does not name."""
    return approval.kind in OF_PROJECTS | OF_MANY


def count_now(approval: Approval) -> tuple[int, int]:
    """How many people and sessions it would be now, counted as they were when it was asked."""
    people, sessions = _reach(approval)
    if Why.PRIVILEGED not in approval.why:
        left_out = User.objects.privileged().values("pk")
        people, sessions = people.exclude(pk__in=left_out), sessions.exclude(user__in=left_out)
    if approval.kind == ApprovalKind.END_SESSIONS:
        people = people.filter(pk__in=sessions.values("user"))
    return people.count(), sessions.count()


def _reach(approval: Approval) -> tuple[QuerySet[User], QuerySet[Session]]:
    """Its people, and those of their open sessions that would end."""
    if approval.project is not None and approval.kind == ApprovalKind.TAKE_GROUPS:
        return _all_of(who_loses_without(approval.project, approval.request["groups"]))
    if approval.project is not None:
        return _all_of(people_of(OneProject(key=approval.project.key)))
    scope = scope_of(approval.request)
    if isinstance(scope, SomeSessions):
        chosen = Session.objects.filter(pk__in=scope.session_ids)
        return User.objects.filter(pk__in=chosen.values("user")), chosen.open()
    return _all_of(people_of(scope))


def _all_of(people: QuerySet[User]) -> tuple[QuerySet[User], QuerySet[Session]]:
    return people, Session.objects.filter(user__in=people.order_by().values("pk")).open()
