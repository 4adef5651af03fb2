"""The page of one project: who answers for it, when it ends, who and what is on it, and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import approvals_for, may, projects_for, revocations_for
from portal.presenters.approval_words import title_of
from portal.presenters.project_members import Members, shared_words
from portal.presenters.project_resources import ResourceRow, resources_of
from portal.presenters.project_words import STATES, countdown, in_utc, in_zone, is_soon, name_of_project
from portal.presenters.timeline import Timeline, timeline_of_project
from portal.presenters.words import clean, name_of
from portal.roles import May
from sessions_app.models import EndingState, Project, ProjectEnding, Role, User

ENDINGS_SHOWN = 5
ENDING_STATES = {
    EndingState.WAITING: "waiting",
    EndingState.SCHEDULED: "waiting",
    EndingState.RUNNING: "running",
    EndingState.DONE: "ended",
    EndingState.CANCELLED: "off",
    EndingState.LAPSED: "off",
}


@dataclass(frozen=True, kw_only=True)
class EndingLine:
    """One order to end it. `receipt_url` is empty before there is a receipt, and for who may not open it."""

    state: str
    word: str
    who: str
    due: str
    receipt: str
    receipt_url: str
    url: str
    """How far it is."""


@dataclass(frozen=True, kw_only=True)
class GroupLine:
    name: str
    owner: str
    shared: str


class ProjectPage:
    """Everything templates/portal/projects/project.html asks for, for one reader."""

    def __init__(self, project: Project, reader: User, *, words: str = "", page: str = "") -> None:
        self.project = project
        self.reader = reader
        self.members = Members(project, reader, words=words, page=page)

    # --- Header and facts ---

    @property
    def name(self) -> str:
        return name_of_project(self.project)

    @property
    def state(self) -> str:
        return STATES[self.project.state]

    @property
    def is_over(self) -> bool:
        return self.project.ended_at is not None

    @property
    def manager(self) -> str:
        return name_of(self.project.manager) if self.project.manager else ""

    @cached_property
    def deputies(self) -> str:
        people = self.project.deputies.order_by("display_name", "id")
        return ", ".join(name_of(user) for user in people)

    @property
    def ends(self) -> str:
        return in_zone(self.project.ends_at, self.project.time_zone)

    @property
    def ends_utc(self) -> str:
        return in_utc(self.project.ends_at)

    @property
    def ended(self) -> str:
        ended_at = self.project.ended_at
        return in_zone(ended_at, self.project.time_zone) if ended_at else ""

    @property
    def starts(self) -> str:
        starts_at = self.project.starts_at
        return in_zone(starts_at, self.project.time_zone) if starts_at else ""

    @property
    def countdown(self) -> str:
        return countdown(self.project)

    @property
    def is_soon(self) -> bool:
        return is_soon(self.project)

    @cached_property
    def who_speaks(self) -> list[User]:
        """Manager and deputies who can still act: they may sign in and hold the role."""
        named = [*self.project.deputies.all(), *([self.project.manager] if self.project.manager else [])]
        return [user for user in named if user.is_active and Role.PROJECT_MANAGER in user.lasting_roles]

    @cached_property
    def nobody_speaks(self) -> str:
        """What to do where its manager cannot act any more; empty where they can."""
        manager = self.project.manager
        if self.is_over or (manager is not None and manager in self.who_speaks):
            return ""
        names = ", ".join(name_of(user) for user in self.who_speaks)
        if names:
            return _("Its manager cannot act here any more. %(names)s can, and IT or Security.") % {
                "names": names
            }
        return _("Nobody who manages it can act here any more. IT or Security does, or names somebody else.")

    @property
    def groups(self) -> list[GroupLine]:
        return [
            GroupLine(
                name=clean(group.name, 200),
                owner=_("a directory decides who is in it") if group.members_as_of else "",
                shared=shared_words(group, self.project),
            )
            for group in self.members.groups
        ]

    # --- What the reader may do ---

    @property
    def may_edit(self) -> bool:
        return self.members.may_edit

    @cached_property
    def may_end(self) -> bool:
        reached = projects_for(self.reader, May.END_PROJECTS)
        return self.project.ended_at is None and reached.filter(pk=self.project.pk).exists()

    @cached_property
    def may_move_end(self) -> bool:
        reached = projects_for(self.reader, May.EXTEND_PROJECTS).filter(pk=self.project.pk)
        return not self.is_over and self.project.ends_at > timezone.now() and reached.exists()

    # --- What is on it ---

    @cached_property
    def resources(self) -> list[ResourceRow]:
        return resources_of(self.project, with_actions=self.may_edit)

    @property
    def services(self) -> list[tuple[str, str]]:
        """(name, owner) of every service account."""
        return [
            (name_of(user), name_of(user.manager) if user.manager else "") for user in self.members.services
        ]

    @cached_property
    def endings(self) -> list[EndingLine]:
        """The newest first."""
        found = self.project.endings.select_related("revocation", "initiator_user").order_by("-asked_at")
        readable = set(
            revocations_for(self.reader).filter(ending__project=self.project).values_list("pk", flat=True)
        )
        return [self._ending(ending, readable) for ending in found[:ENDINGS_SHOWN]]

    def _ending(self, ending: ProjectEnding, readable: set[UUID]) -> EndingLine:
        revocation = ending.revocation
        by_person = name_of(ending.initiator_user) if ending.initiator_user else clean(ending.initiator_name)
        return EndingLine(
            state=ENDING_STATES[EndingState(ending.state)],
            word=str(EndingState(ending.state).label).capitalize(),
            who=by_person or _("its end date"),
            due=in_zone(ending.due_at, self.project.time_zone),
            url=reverse("ending", args=[self.project.key, ending.pk]),
            receipt=revocation.receipt if revocation else "",
            receipt_url=(
                reverse("receipt", args=[revocation.receipt])
                if revocation and revocation.pk in readable
                else ""
            ),
        )

    @cached_property
    def waiting(self) -> list[tuple[str, str]]:
        """(what, address) of every request about it that waits for a second person, as far as the reader knows."""
        found = approvals_for(self.reader).waiting(timezone.now()).filter(project=self.project)
        return [(title_of(approval), reverse("approval", args=[approval.pk])) for approval in found]

    @cached_property
    def report_url(self) -> str:
        """Where what its ending did is reported; empty before it has ended, and for who may not read it."""
        reached = projects_for(self.reader, May.SEE_PROJECT_REPORTS).filter(pk=self.project.pk)
        shown = self.is_over and reached.exists()
        return reverse("project_report", args=[self.project.key]) if shown else ""

    @cached_property
    def timeline(self) -> Timeline:
        return timeline_of_project(self.project, self.reader)

    @property
    def reads_trail(self) -> bool:
        return may(self.reader, May.SEE_AUDIT)
