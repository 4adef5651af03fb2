"""What waits for a second person, what is to be reviewed, and what was decided, for one reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.access import approvals_for
from portal.presenters.approval import ApprovalPage
from portal.presenters.filters import AddressFilter
from portal.presenters.words import name_of
from sessions_app.models import Approval, ApprovalState, Policy, User

ROWS = 50
HEADINGS: dict[str, Promise] = {
    "to-review": gettext_lazy("To be reviewed"),
    "waiting": gettext_lazy("Waiting"),
    "decided": gettext_lazy("Decided"),
}


@dataclass(frozen=True, kw_only=True)
class ApprovalRow:
    """One line of a list."""

    title: str
    line: str
    url: str
    look: str
    word: str
    second: str
    action: str


def row_of(page: ApprovalPage) -> ApprovalRow:
    decider = page.approval.decided_by
    second = page.left or (name_of(decider) if decider else "")
    return ApprovalRow(
        title=page.title,
        line=page.line,
        url=page.url,
        look=page.look,
        word=page.word,
        second=second,
        action=_("Review") if page.may_decide or page.may_review else _("Open"),
    )


@dataclass(frozen=True, kw_only=True)
class ApprovalFilter(AddressFilter):
    """Which list is shown alone, page by page; all three begin where none is chosen."""

    show: str = ""


class ApprovalList:
    """One of the three lists, page by page. `query` is its own address without the page."""

    def __init__(
        self, show: str, approvals: QuerySet[Approval], chosen: ApprovalFilter, reader: User
    ) -> None:
        self.id = show
        self.heading = str(HEADINGS[show])
        self.query = ApprovalFilter(show=show).query()
        self._number = chosen.page if chosen.show == show else ""
        self._approvals = approvals.select_related(
            "asked_by", "decided_by", "reviewed_by", "person", "project"
        )
        self._reader = reader

    @cached_property
    def page(self) -> Page[Approval]:
        return Paginator(self._approvals, ROWS).get_page(self._number)

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @cached_property
    def rows(self) -> list[ApprovalRow]:
        return [row_of(ApprovalPage(approval, self._reader)) for approval in self.page.object_list]


class ApprovalsPage:
    """Everything this reader may see: what waits, what is to be reviewed, and what was decided."""

    def __init__(self, reader: User, chosen: ApprovalFilter) -> None:
        self.reader = reader
        self.chosen = chosen
        self.minutes = Policy.current().approval_minutes

    @property
    def shows_one(self) -> bool:
        """Whether one list is paged through, alone."""
        return self.chosen.show in HEADINGS

    @property
    def lists(self) -> list[ApprovalList]:
        """Those that are shown and have anything in them."""
        found = [self.to_review, self.waiting, self.decided]
        return [
            each
            for each in found
            if each.id == self.chosen.show or (not self.shows_one and (each.count or each is self.waiting))
        ]

    @cached_property
    def waiting(self) -> ApprovalList:
        waiting = approvals_for(self.reader).waiting(timezone.now())
        return self._list("waiting", waiting.order_by("expires_at", "pk"))

    @cached_property
    def to_review(self) -> ApprovalList:
        return self._list("to-review", approvals_for(self.reader).to_review().order_by("review_due_at", "pk"))

    @cached_property
    def decided(self) -> ApprovalList:
        over = approvals_for(self.reader).filter(
            ~Q(state=ApprovalState.WAITING) | Q(expires_at__lte=timezone.now())
        )
        reviewed = over.exclude(state=ApprovalState.BROKEN_GLASS, reviewed_at=None)
        return self._list("decided", reviewed.order_by("-asked_at", "-pk"))

    @property
    def line(self) -> str:
        count = self.waiting.count
        return (
            ngettext("%(count)d waits.", "%(count)d wait.", count) % {"count": count}
            if count
            else _("Nothing waits.")
        )

    def _list(self, show: str, approvals: QuerySet[Approval]) -> ApprovalList:
        return ApprovalList(show, approvals, self.chosen, self.reader)
