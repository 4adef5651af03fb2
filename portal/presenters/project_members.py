"""Who is on a project, with what a reader may know of each: last use, other projects, what their tokens claim."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Min, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import may, people_for, projects_for, sessions_for
from portal.presenters.project_words import name_of_project
from portal.presenters.words import clean, name_of
from portal.roles import May
from sessions_app.models import Group, Membership, Project, Session, User, UserKind
from sessions_app.revocation.claims import PersonClaims, claims_of_all
from sessions_app.revocation.leaving import other_projects

ROWS = 50
NAMED_AT_MOST = 6


@dataclass(frozen=True, kw_only=True)
class OtherProject:
    """`url` is empty where the reader does not reach it, and then its key is all they see."""

    name: str
    url: str


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """`live` is None for readers who do not see sessions; `used_at` is shown to the day unless `is_exact`."""

    key: UUID
    name: str
    second: str
    url: str
    is_reader: bool
    is_service: bool
    is_blocked: bool
    owner: str
    live: int | None
    used_at: datetime | None
    is_exact: bool
    others: list[OtherProject]
    claims: str
    claims_more: int
    claims_title: str
    ends_at: datetime | None
    since: datetime | None
    remove_url: str


@dataclass(frozen=True, kw_only=True)
class _Use:
    live: int = 0
    used_at: datetime | None = None


def people_on(project: Project) -> QuerySet[User]:
    """Everybody on it, each once, by name."""
    memberships = Membership.objects.filter(group__projects=project).values("user")
    found: QuerySet[User] = User.objects.filter(pk__in=memberships, erased_at=None).order_by(
        "display_name", "id"
    )
    return found


class Members:
    """One page of them for one reader. Erased people are on nothing any more."""

    def __init__(self, project: Project, reader: User, *, words: str = "", page: str = "") -> None:
        self.project = project
        self.reader = reader
        self.words = words
        self._page = page
        self.shows_sessions = may(reader, May.SEE_SESSIONS)
        self.is_exact = may(reader, May.SEE_SESSION_ORIGIN)
        self.may_edit = (
            project.ended_at is None
            and projects_for(reader, May.EDIT_PROJECTS).filter(pk=project.pk).exists()
        )

    @cached_property
    def count(self) -> int:
        return people_on(self.project).count()

    @cached_property
    def page(self) -> Page[User]:
        found = User.objects.filter(pk__in=people_on(self.project).values("pk")).matching(self.words)
        ordered = found.select_related("manager").order_by("display_name", "id")
        return Paginator(ordered, ROWS).get_page(self._page)

    @cached_property
    def rows(self) -> list[MemberRow]:
        people = list(self.page.object_list)
        known = _Known.about(people, self.project, self.reader)
        return [self._row(user, known) for user in people]

    @cached_property
    def services(self) -> list[User]:
        """Service accounts on it, which would stop when it ends."""
        return list(people_on(self.project).filter(kind=UserKind.SERVICE).select_related("manager"))

    @cached_property
    def groups(self) -> list[Group]:
        return list(self.project.groups.prefetch_related("projects"))

    @cached_property
    def owned(self) -> list[Group]:
        """Groups whose members a directory decides."""
        return [group for group in self.groups if group.members_as_of is not None]

    @property
    def may_add(self) -> bool:
        return self.may_edit and len(self.owned) < len(self.groups)

    def _row(self, user: User, known: _Known) -> MemberRow:
        claims = known.claims[user.pk]
        names = [clean(name) for name in sorted(claims.names)]
        use = known.uses.get(user.pk, _Use())
        may_remove = self.may_edit and user.pk != self.reader.pk and user.pk not in known.owned
        return MemberRow(
            key=user.pk,
            name=name_of(user),
            second=clean(user.job_title) or clean(user.email),
            url=reverse("person", args=[user.pk]) if user.pk in known.readable else "",
            is_reader=user.pk == self.reader.pk,
            is_service=user.kind == UserKind.SERVICE,
            is_blocked=not user.is_active,
            owner=name_of(user.manager) if user.manager else "",
            live=use.live if self.shows_sessions else None,
            used_at=use.used_at,
            is_exact=self.is_exact,
            others=known.others_of(user.pk),
            claims=", ".join(names[:NAMED_AT_MOST]),
            claims_more=max(0, len(names) - NAMED_AT_MOST),
            claims_title=", ".join(names),
            ends_at=claims.project_ends_at,
            since=known.since.get(user.pk),
            remove_url=(
                reverse("project_member_remove", args=[self.project.key, user.pk]) if may_remove else ""
            ),
        )


@dataclass(frozen=True, kw_only=True)
class _Known:
    """Everything the rows of one page need, fetched once for all of them."""

    claims: dict[UUID, PersonClaims]
    uses: dict[UUID, _Use]
    since: dict[UUID, datetime]
    owned: frozenset[UUID]
    readable: frozenset[UUID]
    others: dict[UUID, list[str]]
    reachable: dict[str, Project]

    @classmethod
    def about(cls, people: Sequence[User], project: Project, reader: User) -> _Known:
        theirs = Membership.objects.filter(user__in=people, group__projects=project)
        others = other_projects(people, project)
        keys = {key for found in others.values() for key in found}
        return cls(
            claims=claims_of_all(people),
            uses=_uses_of(people, reader),
            since=dict(theirs.values_list("user").annotate(first=Min("since"))),
            owned=frozenset(
                theirs.exclude(group__members_as_of=None).values_list("user_id", flat=True).distinct()
            ),
            readable=_readable(people, reader),
            others=others,
            reachable={
                each.key: each for each in projects_for(reader, May.SEE_PROJECTS).filter(key__in=keys)
            },
        )

    def others_of(self, user_id: UUID) -> list[OtherProject]:
        return [self._other(key) for key in self.others.get(user_id, [])]

    def _other(self, key: str) -> OtherProject:
        project = self.reachable.get(key)
        if project is None:
            return OtherProject(name=key, url="")
        return OtherProject(name=name_of_project(project), url=reverse("project", args=[key]))


def _readable(people: Collection[User], reader: User) -> frozenset[UUID]:
    if not may(reader, May.SEE_PEOPLE):
        return frozenset()
    reached = people_for(reader, May.SEE_PEOPLE).filter(pk__in=[user.pk for user in people])
    return frozenset(reached.values_list("pk", flat=True))


def _uses_of(people: Collection[User], reader: User) -> dict[UUID, _Use]:
    """Of everybody on the page when they were last active; how much is open only for whom sessions are."""
    is_open = Q(ended_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))
    sessions = Session.objects.filter(user__in=people).order_by()
    counted = sessions.values("user").annotate(live=Count("pk", filter=is_open), used=Max("last_used_at"))
    shown = _reached_sessions(people, reader)
    return {
        each["user"]: _Use(live=each["live"] if each["user"] in shown else 0, used_at=each["used"])
        for each in counted
    }


def _reached_sessions(people: Collection[User], reader: User) -> frozenset[UUID]:
    if not may(reader, May.SEE_SESSIONS):
        return frozenset()
    reached = sessions_for(reader, May.SEE_SESSIONS).filter(user__in=people)
    return frozenset(reached.values_list("user_id", flat=True).distinct())


def shared_words(group: Group, project: Project) -> str:
    """Which other projects this group makes up as well; empty where it is this one's alone."""
    others = [name_of_project(each) for each in group.projects.all() if each.pk != project.pk]
    return _("also makes up %(projects)s") % {"projects": ", ".join(others)} if others else ""
