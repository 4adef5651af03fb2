"""What is not kept for ever goes here, by the clock, and nowhere else (`declared` says it in words)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.contrib.sessions.models import Session as BrowserSession
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Coalesce

from audit.events import Events
from audit.initiators import Initiator
from audit.models import LeaverList
from audit.record import record
from sessions_app.models import (
    Attempt,
    AuthorizationCode,
    LegalHold,
    Notice,
    PointTally,
    ReportQuota,
    Session,
    UnmatchedSighting,
    User,
)
from sessions_app.models.moments import database_now
from sessions_app.notifications.waiting import waiting_for

DEFAULT_RETENTION: Final = timedelta(days=90)
# 24 months, for what belongs to a revocation.
REVOCATION_RETENTION: Final = timedelta(days=730)
GRANT_RETENTION: Final = timedelta(days=30)
QUOTA_RETENTION: Final = timedelta(days=7)
AT_ONCE: Final = 5000

ORIGIN: Final = {"address": None, "user_agent": "", "device_id": "", "place": ""}
NO_ORIGIN: Final = Q(**ORIGIN)


def forget_what_is_old(*, by: Initiator) -> int:
    """Returns how many rows were blanked or deleted; a large backlog goes piece by piece, run by run.

    What is kept of somebody under a legal hold stays. What went, and its entry, are one transaction; where
    nothing went there is no entry. Tallies and quotas are about no person and are not counted in it.
    """
    now = database_now()
    with transaction.atomic():
        counts = {name: forget(now) for name, forget in PERSONAL.items()}
        gone = {name: count for name, count in counts.items() if count}
        if gone:
            record(Events.RETENTION_APPLIED, initiator=by, details={"count": sum(gone.values()), "of": gone})
        machinery = sum(forget(now) for forget in MACHINERY)
    return sum(counts.values()) + machinery


def _origins(now: datetime) -> int:
    """The session stays: began, ended, why, by whom and the receipt. Where from and with what goes."""
    over = _unheld(Session.objects.exclude(NO_ORIGIN)).annotate(over_at=Coalesce("ended_at", "expires_at"))
    old = Q(ended_by=None, over_at__lt=now - DEFAULT_RETENTION) | Q(over_at__lt=now - REVOCATION_RETENTION)
    return Session.objects.filter(pk__in=_some(over.filter(old).order_by("over_at"))).update(**ORIGIN)


def _attempts(now: datetime) -> int:
    """The rows stay: when and where it was tried belongs to the receipt. Whence is personal."""
    known = _unheld(Attempt.objects.filter(address__isnull=False))
    old = Q(receipt="", last_at__lt=now - DEFAULT_RETENTION) | Q(last_at__lt=now - REVOCATION_RETENTION)
    return Attempt.objects.filter(pk__in=_some(known.filter(old).order_by("last_at"))).update(address=None)


def _strangers(now: datetime) -> int:
    old = UnmatchedSighting.objects.filter(last_seen_at__lt=now - DEFAULT_RETENTION)
    return _delete(old.order_by("last_seen_at"))


def _codes(now: datetime) -> int:
    old = _unheld(AuthorizationCode.objects.filter(expires__lt=now - GRANT_RETENTION))
    return _delete(old.order_by("expires"))


def _browsers(now: datetime) -> int:
    return _delete(BrowserSession.objects.filter(expire_date__lt=now).order_by("expire_date"))


def _leaver_lists(now: datetime) -> int:
    """HR's lists name people by what HR calls them, so a hold on anybody keeps them all."""
    if LegalHold.objects.standing().exists():
        return 0
    old = LeaverList.objects.filter(received_at__lt=now - REVOCATION_RETENTION)
    return _delete(old.order_by("received_at"))


def _notices(now: datetime) -> int:
    """Not while what it is about still waits for the recipient, who would be reminded of it a second time."""
    old = Notice.objects.filter(queued_at__lt=now - DEFAULT_RETENTION)
    old = old.exclude(recipient__in=LegalHold.objects.standing().values("user"))
    people = User.objects.filter(pk__in=old.values("recipient"))
    return sum(_delete(_over(old.filter(recipient=person), person, now)) for person in people)


def _over(notices: QuerySet[Notice], person: User, now: datetime) -> QuerySet[Notice]:
    """Those of one person without what waits for them now."""
    waits = {(str(waiting.kind), waiting.about) for waiting in waiting_for(person, now=now)}
    known = notices.order_by("queued_at").values_list("pk", "kind", "about")
    over = (pk for pk, kind, about in known.iterator() if (kind, about) not in waits)
    return notices.filter(pk__in=list(islice(over, AT_ONCE)))


def _tallies(now: datetime) -> int:
    return _delete(PointTally.objects.filter(hour__lt=now - DEFAULT_RETENTION).order_by("hour"))


def _quotas(now: datetime) -> int:
    return _delete(ReportQuota.objects.filter(day__lt=(now - QUOTA_RETENTION).date()).order_by("day"))


PERSONAL: Final[dict[str, Callable[[datetime], int]]] = {
    "session_origins": _origins,
    "attempt_addresses": _attempts,
    "unmatched_sightings": _strangers,
    "authorization_codes": _codes,
    "browser_sessions": _browsers,
    "leaver_lists": _leaver_lists,
    "notices": _notices,
}
MACHINERY: Final[Iterable[Callable[[datetime], int]]] = (_tallies, _quotas)


def _unheld(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Without those of people under a legal hold."""
    return rows.exclude(user__in=LegalHold.objects.standing().values("user"))


def _some(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def _delete(old: QuerySet[Any]) -> int:
    model: type[Model] = old.model
    return model._default_manager.filter(pk__in=_some(old)).delete()[0]  # noqa: SLF001  # documented
