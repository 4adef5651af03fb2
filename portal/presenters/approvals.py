"""What waits for a second person, what is to be reviewed, and what was decided, for one reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import approvals_for
from portal.presenters.approval import ApprovalPage
from portal.presenters.words import name_of
from sessions_app.models import Approval, ApprovalState, Policy, User

SHOWN_AT_MOST = 100


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


class ApprovalsPage:
    """Everything this reader may see: what waits, what is to be reviewed, and what was decided."""

    def __init__(self, reader: User) -> None:
        self.reader = reader
        self.minutes = Policy.current().approval_minutes

    @cached_property
    def waiting(self) -> list[ApprovalRow]:
        return self._rows(
            _with_people(approvals_for(self.reader).waiting(timezone.now())).order_by("expires_at")
        )

    @cached_property
    def to_review(self) -> list[ApprovalRow]:
        return self._rows(_with_people(approvals_for(self.reader).to_review()).order_by("review_due_at"))

    @cached_property
    def decided(self) -> list[ApprovalRow]:
        over = approvals_for(self.reader).filter(
            ~Q(state=ApprovalState.WAITING) | Q(expires_at__lte=timezone.now())
        )
        reviewed = over.exclude(state=ApprovalState.BROKEN_GLASS, reviewed_at=None)
        return self._rows(_with_people(reviewed).order_by("-asked_at"))

    @property
    def line(self) -> str:
        count = len(self.waiting)
        return (
            ngettext("%(count)d waits.", "%(count)d wait.", count) % {"count": count}
            if count
            else _("Nothing waits.")
        )

    def _rows(self, approvals: QuerySet[Approval]) -> list[ApprovalRow]:
        return [row_of(ApprovalPage(approval, self.reader)) for approval in approvals[:SHOWN_AT_MOST]]


def _with_people(approvals: QuerySet[Approval]) -> QuerySet[Approval]:
    return approvals.select_related("asked_by", "decided_by", "reviewed_by", "person", "project")
