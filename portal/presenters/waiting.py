"""Waiting for you: what the page somebody begins at says is theirs to do."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.models import User, WaitingKind
from sessions_app.notifications.waiting import Waiting, waiting_for
from sessions_app.notifications.words import sentence_of

WORDS = {
    WaitingKind.LEAVING_STUCK: _("Look at"),
    WaitingKind.APPROVAL: _("Decide"),
    WaitingKind.WRONG_PERSON: _("Open receipt"),
    WaitingKind.REVIEW: _("Review"),
    WaitingKind.FINDINGS: _("Look at"),
    WaitingKind.TASKS: _("Open tasks"),
    WaitingKind.LEAVES_TODAY: _("Open list"),
    WaitingKind.PROJECT_ENDS: _("Open project"),
}


@dataclass(frozen=True, kw_only=True)
class WaitingLine:
    """`kind` is a key of `portal.states`: red for what is late, amber for what waits."""

    kind: str
    sentence: str
    action: str
    url: str


def waiting_lines(reader: User) -> list[WaitingLine]:
    """Everything that waits for this reader, what is late first."""
    found = waiting_for(reader, now=timezone.now())
    return [_line(waiting) for waiting in sorted(found, key=lambda waiting: not waiting.is_late)]


def _line(waiting: Waiting) -> WaitingLine:
    return WaitingLine(
        kind="stuck" if waiting.is_late else "waiting",
        sentence=sentence_of(waiting),
        action=str(WORDS[waiting.kind]),
        url=waiting.path,
    )
