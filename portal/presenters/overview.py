"""Overview: how things stand in numbers, what waits for the reader, what they asked for, what ends or ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import leavings_known_to, may, projects_for, revocations_for
from portal.presenters.approval_words import left_words, numbers_of, title_of
from portal.presenters.overview_numbers import OverviewNumbers
from portal.presenters.revocations import RevocationRow, rows_of
from portal.presenters.waiting import WaitingLine, waiting_lines
from portal.presenters.words import clean, name_of
from portal.roles import May
from sessions_app.models import Approval, EndingState, ProjectEnding, User

SHOWN_AT_MOST = 10
RECENT = 5


@dataclass(frozen=True, kw_only=True)
class OwnRequest:
    """Something the reader asked for that a second person has not decided yet."""

    title: str
    line: str
    left: str
    url: str


@dataclass(frozen=True, kw_only=True)
class ScheduledLine:
    """Something that ends by itself, unless somebody cancels it."""

    title: str
    at: datetime
    url: str


class Overview:
    """The page somebody begins at."""

    def __init__(self, reader: User) -> None:
        self.reader = reader

    @cached_property
    def numbers(self) -> OverviewNumbers:
        return OverviewNumbers(self.reader)

    @cached_property
    def waiting(self) -> list[WaitingLine]:
        return waiting_lines(self.reader)

    @property
    def line(self) -> str:
        count = len(self.waiting)
        if not count:
            return _("Nothing waits for you.")
        return ngettext("%(count)d thing waits for you.", "%(count)d things wait for you.", count) % {
            "count": count
        }

    @cached_property
    def asked(self) -> list[OwnRequest]:
        own = Approval.objects.waiting(timezone.now()).filter(asked_by=self.reader)
        return [
            OwnRequest(
                title=title_of(approval),
                line=numbers_of(approval),
                left=left_words(approval),
                url=reverse("approval", args=[approval.pk]),
            )
            for approval in own.select_related("person", "project").order_by("expires_at")[:SHOWN_AT_MOST]
        ]

    @cached_property
    def scheduled(self) -> list[ScheduledLine]:
        """The next ones first, people and projects together."""
        found = [*self._endings(), *self._leavings()]
        return sorted(found, key=lambda line: line.at)[:SHOWN_AT_MOST]

    def _endings(self) -> list[ScheduledLine]:
        projects = projects_for(self.reader, May.SEE_PROJECT_REPORTS)
        due = ProjectEnding.objects.filter(state=EndingState.SCHEDULED, project__in=projects.values("pk"))
        return [
            ScheduledLine(
                title=_("End Project %s") % clean(ending.project.name),
                at=ending.due_at,
                url=f"/projects/{ending.project.key}/",
            )
            for ending in due.select_related("project").order_by("due_at")[:SHOWN_AT_MOST]
        ]

    def _leavings(self) -> list[ScheduledLine]:
        if not may(self.reader, May.TERMINATE_PEOPLE):
            return []
        leavings = (
            leavings_known_to(self.reader)
            .scheduled()
            .filter(stuck_because="")
            .select_related("user")
            .order_by("leaves_at")
        )
        return [
            ScheduledLine(
                title=_("%s leaves") % name_of(leaving.user),
                at=leaving.leaves_at,
                url=reverse("person", args=[leaving.user_id]),
            )
            for leaving in leavings[:SHOWN_AT_MOST]
        ]

    @cached_property
    def recent(self) -> list[RevocationRow]:
        if not may(self.reader, May.SEE_REVOCATIONS):
            return []
        return rows_of(revocations_for(self.reader).order_by("-decided_at", "id")[:RECENT], self.reader)
