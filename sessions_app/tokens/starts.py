"""When a session may start: never inside a cutoff's own second, which tokens could not tell from before it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Max

from sessions_app.models import BlacklistEntry, EntryKind, Realm, User
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation import everyone

Started = TypeVar("Started")

ROUNDS_AT_MOST = 8  # a cutoff for everyone is ahead by the largest clock allowance of any issuer


class CutoffAhead(Exception):
    """The person's cutoff lies seconds in the future, so nothing that starts now would be accepted."""


def start_after_cutoff(user: User, realm: Realm, start: Callable[[datetime], Started]) -> Started:
    """Call `start` with the moment of the start, in a transaction that holds the person's lock.

    Tokens give the start in whole seconds, and a cutoff includes its own: so the rest of a cutoff's second is
    waited out, without the lock, and the cutoff is looked at again. Raises CutoffAhead after a few seconds.
    """
    for _round in range(ROUNDS_AT_MOST):
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user.pk)
            now = database_now()
            if _is_after(now, latest_cutoff_ms(user, realm)):
                return start(now)
        time.sleep(1.001 - database_now().microsecond / 1_000_000)
    raise CutoffAhead


def latest_cutoff_ms(user: User, realm: Realm) -> int:
    """The cutoff a guard compares this person's sessions of the realm with; 0 where there is none."""
    found = BlacklistEntry.objects.filter(kind=EntryKind.USER, user=user, realm=realm).aggregate(
        cutoff_ms=Max("cutoff_ms")
    )
    return max(found["cutoff_ms"] or 0, everyone.cutoff_ms())


def _is_after(moment: datetime, cutoff_ms: int) -> bool:
    return to_milliseconds(moment.replace(microsecond=0)) > cutoff_ms
