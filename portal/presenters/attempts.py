"""Uses of access that had been ended already, as far as a reader may see where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.presenters.sessions import address_words, origin_for
from portal.presenters.words import clean
from sessions_app.models import Attempt, User

SHOWN_AT_MOST = 50

CAUSES = {
    "user_blocked": _("sign-in is blocked"),
    "session_revoked": _("its session had been ended"),
    "token_revoked": _("the token had been ended"),
    "user_cutoff": _("it began before the cutoff"),
    "claims_changed": _("it still claimed what was lost"),
    "step_up": _("it proved no second factor"),
    "other": _("another reason"),
}


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    """`address` is masked or empty where the reader may not see it."""

    where: str
    why: str
    address: str
    times: int
    first_at: datetime
    last_at: datetime
    receipt: str


def attempts_for(attempts: QuerySet[Attempt], reader: User) -> list[AttemptRow]:
    """The newest, each as one row however often it was repeated that day."""
    rows = attempts.select_related("user", "application").order_by("-last_at", "-pk")[:SHOWN_AT_MOST]
    return [_row(attempt, reader) for attempt in rows]


def _where(attempt: Attempt) -> str:
    """Empty for what is counted together, because there was too much of it that day."""
    name = attempt.application.name if attempt.application else attempt.where
    return clean(name) if name else gettext("several places")


def _row(attempt: Attempt, reader: User) -> AttemptRow:
    return AttemptRow(
        where=_where(attempt),
        why=str(CAUSES.get(attempt.cause, attempt.cause)),
        address=address_words(attempt.address, origin=origin_for(reader, attempt.user)),
        times=attempt.times,
        first_at=attempt.first_at,
        last_at=attempt.last_at,
        receipt=attempt.receipt,
    )
