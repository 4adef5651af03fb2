"""Reminders by mail: queued once each, sent by the clock, tried again with growing pauses, given up after days."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from sessions_app.models import Notice, RoleGrant, User
from sessions_app.models.moments import database_now
from sessions_app.notifications import mail
from sessions_app.notifications.waiting import Waiting, waiting_for
from sessions_app.notifications.words import sentence_of, title_of

logger = logging.getLogger(__name__)

AT_ONCE: Final = 20
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(days=3)
NEEDLESS: Final = "needless"
NO_ADDRESS: Final = "no address"


def queue_notices() -> int:
    """A notice for everything that waits for somebody who has an address and was not told before; how many are new.

    What became needless is closed: a newer reminder of the same matter takes the place of one that could not be
    sent. Without a mail server nothing is queued.
    """
    if not mail.is_configured():
        return 0
    now = database_now()
    return sum(_queue(person, waiting_for(person, now=now), now) for person in _recipients())


def send_notices(*, seconds: float) -> int:
    """Send what is due, for at most this long; returns how many were taken by the server.

    Each try is noted before it begins, so that two clocks never send the same. While the server does not answer,
    only one of them is tried.
    """
    if not mail.is_configured():
        return 0
    due = list(Notice.objects.due(database_now()).select_related("recipient")[:AT_ONCE])
    return _send(due, deadline=time.monotonic() + seconds) if due else 0


# --- Queueing -------------------------------------------------------------------------------------------


def _recipients() -> list[User]:
    """Whoever holds a role: nothing waits for anybody else."""
    holders = RoleGrant.objects.active().values("user")
    return list(User.objects.active().filter(pk__in=holders).exclude(email="").order_by("pk"))


def _queue(person: User, found: list[Waiting], now: datetime) -> int:
    names = [waiting.about for waiting in found]
    known = set(Notice.objects.filter(recipient=person, about__in=names).values_list("kind", "about"))
    new = [waiting for waiting in found if (waiting.kind, waiting.about) not in known]
    return _store(person, new, now) if new else 0


@transaction.atomic
def _store(person: User, new: list[Waiting], now: datetime) -> int:
    for waiting in new:
        older = Notice.objects.open().filter(
            recipient=person, kind=waiting.kind, about__startswith=f"{waiting.matter}:"
        )
        older.update(closed_at=now, last_error=NEEDLESS)
    rows = [
        Notice(recipient=person, kind=waiting.kind, about=waiting.about, queued_at=now, next_try_at=now)
        for waiting in new
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


# --- Sending --------------------------------------------------------------------------------------------


def _send(due: list[Notice], *, deadline: float) -> int:
    sent = 0
    waiting: dict[UUID, list[Waiting]] = {}
    try:
        with mail.Connection() as connection:
            for notice in due:
                if time.monotonic() > deadline:
                    break
                sent += _is_sent(notice, connection, waiting)
    except mail.Unreachable as failure:
        logger.warning("the mail server does not take mail: %s", failure.code)
        _note_unreachable(due, failure)
    return sent


def _is_sent(notice: Notice, connection: mail.Connection, known: dict[UUID, list[Waiting]]) -> bool:
    """Claim, look again whether it still waits, send, note. Raises Unreachable, having noted that it was tried."""
    if not _claim(notice):
        return False
    found = _still_waiting(notice, known)
    if found is None or not notice.recipient.email:
        _close(notice, NEEDLESS if found is None else NO_ADDRESS)
        return False
    subject, body = text_of(found)
    try:
        connection.send(to=notice.recipient.email, subject=subject, body=body, key=f"notice-{notice.pk}")
    except mail.Unreachable:
        raise
    except mail.NotTaken as failure:
        _note_failure(notice, failure)
        return False
    Notice.objects.filter(pk=notice.pk).update(sent_at=database_now(), last_error="")
    return True


def _claim(notice: Notice) -> bool:
    now = database_now()
    pause = min(FIRST_PAUSE * 2 ** min(notice.attempts, 10), LONGEST_PAUSE)
    mine = Notice.objects.open().filter(pk=notice.pk, attempts=notice.attempts)
    return bool(mine.update(attempts=notice.attempts + 1, next_try_at=now + pause))


def _still_waiting(notice: Notice, known: dict[UUID, list[Waiting]]) -> Waiting | None:
    """What it would say now: it may be done meanwhile, or the recipient may have lost the role."""
    recipient: User = notice.recipient
    if recipient.pk not in known:
        known[recipient.pk] = waiting_for(recipient, now=database_now())
    same = (
        found for found in known[recipient.pk] if (found.kind, found.about) == (notice.kind, notice.about)
    )
    return next(same, None)


def text_of(waiting: Waiting) -> tuple[str, str]:
    """Subject and body. Whom it is about stands on the page that the link leads to, never in the mail."""
    with translation.override(settings.LANGUAGE_CODE):
        body = "\n\n".join(
            [
                sentence_of(waiting),
                f"{settings.BASE_URL}{waiting.path}",
                _(
                    "Curfew sends this once, because it waits for you. Who it is about is said there, not here."
                ),
            ]
        )
        return f"Curfew: {title_of(waiting)}", f"{body}\n"


def _note_failure(notice: Notice, failure: mail.NotTaken) -> None:
    is_old = notice.queued_at < database_now() - GIVEN_UP_AFTER
    if failure.for_good or is_old:
        _close(notice, failure.code)
    else:
        Notice.objects.filter(pk=notice.pk).update(last_error=failure.code)


def _note_unreachable(due: list[Notice], failure: mail.Unreachable) -> None:
    """All of them wait a while: the server is asked once in that time, not once for each."""
    now = database_now()
    mine = Notice.objects.open().filter(pk__in=[notice.pk for notice in due])
    mine.filter(queued_at__lt=now - GIVEN_UP_AFTER).update(closed_at=now, last_error=failure.code)
    mine.update(next_try_at=now + FIRST_PAUSE, last_error=failure.code)


def _close(notice: Notice, why: str) -> None:
    Notice.objects.filter(pk=notice.pk).update(closed_at=database_now(), last_error=why)
