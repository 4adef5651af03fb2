"""The receipt of a decision about many people: counts first, people page by page, who was left out, who keeps what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Max, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import may, people_for, projects_for
from portal.presenters.concerned import subject_words
from portal.presenters.ending_scope import Cell, kept_words, left_out_words, news_words, project_names
from portal.presenters.progress import ProgressLine, progress_of_many
from portal.presenters.receipt import EndedRow, Receipt
from portal.presenters.words import clean, name_of, sessions_words
from portal.roles import May
from sessions_app.models import (
    Application,
    EndedSession,
    ProjectEnding,
    Revocation,
    RevocationScope,
    RevocationTarget,
    User,
)
from sessions_app.revocation.leaving import ends_project

ROWS = 50


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """One person it is about. `url` is empty where this reader has no page of them."""

    name: str
    url: str
    sessions: int
    sign_in: str
    keeps: str
    left_out: str


class ManyReceipt(Receipt):
    """What the templates ask for where many share one decision. Nothing is read for each person but the page shown."""

    is_of_many = True

    def __init__(self, revocation: Revocation, reader: User, *, page: str = "") -> None:
        super().__init__(revocation, reader)
        self._page = page

    # --- Title ---

    @property
    def title(self) -> str:
        return _("%s: decided, not yet cut off") % self.subject if self.is_pending else self._done

    @property
    def _done(self) -> str:
        if ends_project(self.revocation):
            return _("%s ended") % self.subject
        if self.revocation.scope == RevocationScope.PEOPLE:
            return _("%s are cut off") % self.subject
        return _("%s is cut off") % self.subject

    @property
    def subject(self) -> str:
        return subject_words(self.revocation, people=self.concerned.count)

    @property
    def name(self) -> str:
        return self.subject

    @property
    def person(self) -> User | None:
        """Nobody in particular, even where it happened to find one person."""
        return None

    person_url = ""

    @property
    def people(self) -> list[tuple[str, str]]:
        """They have a table of their own."""
        return []

    # --- Numbers ---

    @property
    def tally(self) -> list[Cell]:
        targets = self.revocation.targets
        left_out = targets.exclude(left_out="").count()
        blocked = targets.filter(blocks_sign_in=True).count()
        kept = targets.exclude(keeps=[]).count()
        people = self.concerned.count - left_out
        return [
            Cell(
                label=_("people"),
                number=f"{people:,}",
                line=_("%d left out") % left_out if left_out else _("nobody left out"),
            ),
            Cell(
                label=_("sessions ended"),
                number=f"{self.revocation.sessions_ended:,}",
                line=self._more_words,
            ),
            Cell(label=_("lost sign-in"), number=f"{blocked:,}", line=""),
            Cell(label=_("go on elsewhere"), number=f"{kept:,}", line=self._tasks_words),
        ]

    @property
    def _more_words(self) -> str:
        more = self.revocation.more_than_seen
        return _("%d more than was shown") % more if more else ""

    @property
    def _tasks_words(self) -> str:
        count = self.outside.open
        if not count:
            return ""
        return ngettext("%(count)d task is open", "%(count)d tasks are open", count) % {"count": count}

    @cached_property
    def ending(self) -> ProjectEnding | None:
        found: ProjectEnding | None = ProjectEnding.objects.filter(revocation=self.revocation).first()
        return found

    @cached_property
    def ending_url(self) -> str:
        """Its progress, with the tasks; empty where it ended no project, or none that this reader may open."""
        project = self.revocation.project
        if self.ending is None or project is None:
            return ""
        if not projects_for(self.reader, May.SEE_REVOCATIONS).filter(pk=project.pk).exists():
            return ""
        return reverse("ending", args=[project.key, self.ending.pk])

    @property
    def news(self) -> list[str]:
        return news_words(self.ending.news) if self.ending else []

    @property
    def groups_kept(self) -> list[str]:
        """As it was when it was decided."""
        return kept_words(self.ending.groups_kept) if self.ending else []

    # --- People ---

    @cached_property
    def page(self) -> Page[RevocationTarget]:
        reached = [user.pk for user in self.concerned.reached]
        targets = self.revocation.targets.filter(user__in=reached).select_related("user")
        return Paginator(targets.order_by("user__display_name", "user_id"), ROWS).get_page(self._page)

    @cached_property
    def rows(self) -> list[PersonRow]:
        targets = list(self.page.object_list)
        keys = [target.user_id for target in targets]
        open_to_reader = set(
            people_for(self.reader, May.SEE_PEOPLE).filter(pk__in=keys).values_list("pk", flat=True)
        )
        projects = project_names({key for target in targets for key in target.keeps})
        return [
            PersonRow(
                name=name_of(target.user),
                url=reverse("person", args=[target.user_id]) if target.user_id in open_to_reader else "",
                sessions=target.sessions_ended,
                sign_in=_sign_in_of(target),
                keeps=", ".join(projects.get(key, clean(key)) for key in target.keeps),
                left_out=left_out_words(target.left_out) if target.left_out else "",
            )
            for target in targets
        ]

    # --- What is not said of each person here ---

    @property
    def ended(self) -> list[EndedRow]:
        """Counted for each person; by name they stand in the trail."""
        return []

    @property
    def _applications(self) -> QuerySet[Application]:
        ended = EndedSession.objects.filter(revocation=self.revocation).values("session")
        return Application.objects.filter(pk__in=Application.objects.filter(sessions__in=ended).values("pk"))

    @cached_property
    def lines(self) -> list[ProgressLine]:
        ended = EndedSession.objects.filter(revocation=self.revocation, lives_until__isnull=False)
        latest = ended.values("session__applications").annotate(until=Max("lives_until"))
        lives_until: dict[int, datetime] = dict(latest.values_list("session__applications", "until"))
        return progress_of_many(self.revocation, list(self._applications), lives_until)

    @property
    def _deaf_applications(self) -> list[Application]:
        return [application for application in self._applications if not application.can_be_cut]

    @cached_property
    def shows_address(self) -> bool:
        return may(self.reader, May.SEE_SESSION_ORIGIN)

    @property
    def role(self) -> None:
        """What each of them lost stands with the person."""
        return None

    @property
    def role_change(self) -> None:
        return None

    # --- Facts ---

    @property
    def ended_words(self) -> str:
        return sessions_words(self.revocation.sessions_ended)

    @property
    def sign_in_words(self) -> str:
        blocked = self.revocation.targets.filter(blocks_sign_in=True)
        count, again = blocked.count(), blocked.filter(reinstated_at__isnull=False).count()
        if not count:
            return _("Stays open for everybody")
        words = ngettext("Blocked for %(count)d person", "Blocked for %(count)d people", count) % {
            "count": count
        }
        return (
            _("%(words)s, allowed again for %(again)d") % {"words": words, "again": again} if again else words
        )

    @property
    def second_factor_words(self) -> str:
        if not self.revocation.second_factor_next:
            return ""
        asked = self.revocation.targets.filter(left_out="")
        still = asked.demanding_second_factor().count()
        return _("Demanded of %(all)d, proved or waived for %(done)d") % {
            "all": asked.count(),
            "done": asked.count() - still,
        }

    @property
    def works_again(self) -> list[tuple[str, str]]:
        return []


def _sign_in_of(target: RevocationTarget) -> str:
    if target.reinstated_at:
        return _("allowed again")
    return _("blocked") if target.blocks_sign_in else _("stays open")


def receipt_for(revocation: Revocation, reader: User, *, page: str = "") -> Receipt:
    """One person's receipt, or that of many."""
    return (
        ManyReceipt(revocation, reader, page=page) if revocation.is_of_many else Receipt(revocation, reader)
    )


def people_as_json(revocation: Revocation, reached: list[User]) -> list[dict[str, Any]]:
    """Each person with what became of it for them."""
    targets = revocation.targets.filter(user__in=reached).select_related("user").order_by("user_id")
    return [
        {
            "id": str(target.user_id),
            "name": name_of(target.user),
            "sessions_ended": target.sessions_ended,
            "blocks_sign_in": target.blocks_sign_in,
            "keeps_projects": target.keeps,
            "left_out": target.left_out or None,
        }
        for target in targets
    ]
