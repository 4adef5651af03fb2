"""One's own sessions that are over: where, until when, and what ended them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import revocations_for
from portal.presenters.deaths import names_of
from portal.presenters.devices import kind_of_device
from portal.presenters.session_list import with_what_rows_show
from sessions_app.changes.explanations import TOLD
from sessions_app.models import Revocation, Session, User

KEPT_FOR = timedelta(days=90)
SHOWN_AT_MOST = 50


@dataclass(frozen=True, kw_only=True)
class EndedOwn:
    """`receipt` is empty where it is not one's own order; `can_open` where one may read it."""

    applications: str
    sid: str
    device: str
    began_at: datetime
    over_at: datetime
    why: str
    receipt: str
    can_open: bool


def own_ended(user: User) -> list[EndedOwn]:
    """Those of the last 90 days, the latest first."""
    now = timezone.now()
    since = now - KEPT_FOR
    over = Q(ended_at__gt=since) | Q(ended_at=None, expires_at__gt=since, expires_at__lte=now)
    found = with_what_rows_show(Session.objects.of(user).filter(over))
    rows = sorted(found.order_by("-last_used_at")[: 4 * SHOWN_AT_MOST], key=_over_at, reverse=True)[
        :SHOWN_AT_MOST
    ]
    orders = {row.ended_by_id for row in rows if row.ended_by_id}
    readable = (
        set(revocations_for(user).filter(pk__in=orders).values_list("pk", flat=True)) if orders else set()
    )
    return [
        EndedOwn(
            applications=names_of(row.applications.all()) or _("No known application"),
            sid=row.sid or "",
            device=kind_of_device(row.user_agent),
            began_at=row.began_at,
            over_at=_over_at(row),
            why=_why(row.ended_by, user),
            receipt=_receipt(row.ended_by, user),
            can_open=row.ended_by_id in readable,
        )
        for row in rows
    ]


def _over_at(session: Session) -> datetime:
    return session.ended_at or session.expires_at or session.last_used_at


def _why(ended_by: Revocation | None, user: User) -> str:
    """Somebody else's reason only where the person is told it anyway."""
    if ended_by is None:
        return _("over by itself, or signed out")
    if ended_by.initiator_user_id == user.pk:
        return _("You ended it: %s") % ended_by.get_reason_display()
    if ended_by.reason in TOLD:
        return _("Ended for you: %s") % ended_by.get_reason_display()
    return _("Ended by your company")


def _receipt(ended_by: Revocation | None, user: User) -> str:
    own = ended_by is not None and ended_by.initiator_user_id == user.pk
    return ended_by.receipt if ended_by and own else ""
