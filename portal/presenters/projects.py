"""The list of projects for one reader: search, state, what ends soonest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import may, projects_for
from portal.presenters.filters import AddressFilter, Chosen, Offer, offer
from portal.presenters.project_words import (
    SOON_DAYS,
    STATES,
    countdown,
    in_utc,
    in_zone,
    is_soon,
    name_of_project,
)
from portal.presenters.words import name_of
from portal.roles import May
from sessions_app.models import EndingState, Membership, Project, ProjectEnding, ProjectState, User
from sessions_app.models.projects import ProjectQuerySet

ROWS = 50
SOON = "7d"


@dataclass(frozen=True, kw_only=True)
class ProjectFilter(AddressFilter):
    """What the address of the list says."""

    state: str = ""
    ends: str = ""

    @property
    def ends_soon(self) -> bool:
        return self.ends == SOON

    @property
    def wanted(self) -> ProjectState | None:
        return next((state for state in ProjectState if state.value == self.state), None)

    def apply(self, projects: ProjectQuerySet) -> ProjectQuerySet:
        for word in self.q.split():
            named = (
                Q(name__icontains=word) | Q(key__icontains=word) | Q(manager__display_name__icontains=word)
            )
            projects = projects.filter(named)
        if self.ends_soon:
            projects = ending_soon(projects)
        return in_state(projects, self.wanted) if self.wanted else projects


def ending_soon(projects: ProjectQuerySet) -> ProjectQuerySet:
    """Those whose end comes within 7 days, or has come and is not carried out yet."""
    return projects.filter(ended_at=None, ends_at__lt=timezone.now() + timedelta(days=SOON_DAYS))


def in_state(projects: ProjectQuerySet, state: ProjectState) -> ProjectQuerySet:
    """As `Project.state` says it of one."""
    is_running = Exists(ProjectEnding.objects.filter(project=OuterRef("pk"), state=EndingState.RUNNING))
    planned, ended = Q(starts_at__gt=timezone.now()), Q(ended_at__isnull=False)
    match state:
        case ProjectState.PLANNED:
            return projects.filter(~ended & planned)
        case ProjectState.RUNNING:
            return projects.filter(ended_at=None).exclude(planned)
        case ProjectState.ENDING:
            return projects.filter(ended).filter(is_running)
        case _:
            with_exceptions = state == ProjectState.ENDED_WITH_EXCEPTIONS
            return projects.filter(ended, has_exceptions=with_exceptions).exclude(is_running)


def soonest_first(projects: ProjectQuerySet) -> ProjectQuerySet:
    """What has not ended, by its end; then what has, the latest first."""
    is_over = Case(When(ended_at=None, then=0), default=1)
    ends = Case(When(ended_at=None, then=F("ends_at")))
    return projects.order_by(is_over, ends, F("ended_at").desc(), "key")


@dataclass(frozen=True, kw_only=True)
class ProjectRow:
    project: Project
    url: str
    name: str
    manager: str
    people: int
    state: str
    state_word: str
    countdown: str
    is_soon: bool
    is_over: bool
    ends: str
    ends_utc: str
    ends_at: datetime


def rows_of(projects: Sequence[Project]) -> list[ProjectRow]:
    """With a fixed number of queries however many there are; expects managers and endings to be fetched."""
    counted = _people_on(projects)
    return [_row(project, people=counted.get(project.pk, 0)) for project in projects]


def fetched(projects: ProjectQuerySet) -> ProjectQuerySet:
    return projects.select_related("manager").prefetch_related("endings")


def _people_on(projects: Sequence[Project]) -> dict[int, int]:
    """Each person once, also in two groups of one project."""
    found = (
        Membership.objects.filter(group__projects__in=projects, user__erased_at=None)
        .values_list("group__projects", "user")
        .distinct()
    )
    counted: dict[int, int] = {}
    for project_id, _user in found:
        counted[project_id] = counted.get(project_id, 0) + 1
    return counted


def _row(project: Project, *, people: int) -> ProjectRow:
    return ProjectRow(
        project=project,
        url=reverse("project", args=[project.key]),
        name=name_of_project(project),
        manager=name_of(project.manager) if project.manager else "",
        people=people,
        state=STATES[project.state],
        state_word=str(project.state.label).capitalize(),
        countdown=countdown(project),
        is_soon=is_soon(project),
        is_over=project.ended_at is not None,
        ends=in_zone(project.ended_at or project.ends_at, project.time_zone),
        ends_utc=in_utc(project.ended_at or project.ends_at),
        ends_at=project.ended_at or project.ends_at,
    )


class ProjectsPage:
    """One page of the list for one reader."""

    def __init__(self, reader: User, chosen: ProjectFilter) -> None:
        self.reader = reader
        self.chosen = chosen
        self._reached = projects_for(reader, May.SEE_PROJECTS)

    @cached_property
    def found(self) -> ProjectQuerySet:
        return soonest_first(self.chosen.apply(self._reached))

    @cached_property
    def page(self) -> Page[Project]:
        return Paginator(fetched(self.found), ROWS).get_page(self.chosen.page)

    @cached_property
    def rows(self) -> list[ProjectRow]:
        return rows_of(list(self.page.object_list))

    @property
    def found_words(self) -> str:
        count = self.page.paginator.count
        return ngettext("%(count)d project found", "%(count)d projects found", count) % {"count": count}

    @cached_property
    def line(self) -> str:
        """'4 projects, 1 ends within 7 days.' of all the reader reaches."""
        count = self._reached.count()
        soon = ending_soon(self._reached).count()
        words = ngettext("%(count)d project", "%(count)d projects", count) % {"count": count}
        ending = ngettext("%(count)d ends within 7 days", "%(count)d end within 7 days", soon)
        return f"{words}, {ending % {'count': soon}}." if soon else f"{words}."

    @property
    def may_create(self) -> bool:
        return may(self.reader, May.CREATE_PROJECTS)

    @property
    def query(self) -> str:
        return self.chosen.query()

    @property
    def chips_on(self) -> Iterator[Chosen]:
        if self.chosen.wanted:
            value = str(self.chosen.wanted.label)
            yield Chosen(key=_("state:"), value=value, remove_url=self.chosen.address(state=""))
        if self.chosen.ends_soon:
            value = _("within 7 days")
            yield Chosen(key=_("ends:"), value=value, remove_url=self.chosen.address(ends=""))

    @property
    def offers(self) -> Iterator[Offer]:
        if not self.chosen.wanted:
            states = [(state.value, str(state.label).capitalize()) for state in ProjectState]
            yield offer(_("State"), self.chosen, "state", states)
        if not self.chosen.ends_soon:
            yield offer(_("Ends"), self.chosen, "ends", [(SOON, _("within 7 days"))])
