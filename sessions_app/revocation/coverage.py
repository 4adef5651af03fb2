"""What an order would end, and how each session dies: counted for the preview, and the same for the decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone

from sessions_app.models import Application, Session, User


class Death(StrEnum):
    """When an ended session stops working: `AT_ONCE` where it asks us, else when its token ends by itself."""

    AT_ONCE = "at_once"
    ENDS_BY_ITSELF = "ends_by_itself"


@dataclass(frozen=True, kw_only=True)
class SessionFate:
    """How one session dies, application by application."""

    session: Session
    at_once: tuple[Application, ...]
    by_itself: tuple[Application, ...]
    lives_until: datetime | None

    @property
    def death(self) -> Death:
        return Death.ENDS_BY_ITSELF if self.by_itself else Death.AT_ONCE

    @property
    def cache_seconds(self) -> int:
        """The longest time an application of it may remember that it was allowed."""
        return max((application.cache_seconds for application in self.at_once), default=0)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What an order on one person would end now."""

    fates: tuple[SessionFate, ...] = field(default=())

    @property
    def count(self) -> int:
        return len(self.fates)

    @property
    def at_once(self) -> list[SessionFate]:
        return [fate for fate in self.fates if fate.death is Death.AT_ONCE]

    @property
    def by_itself(self) -> list[SessionFate]:
        return [fate for fate in self.fates if fate.death is Death.ENDS_BY_ITSELF]

    @property
    def applications_at_once(self) -> list[Application]:
        """Each application that refuses at once, named once, by name."""
        named = {application.pk: application for fate in self.fates for application in fate.at_once}
        return sorted(named.values(), key=lambda application: application.name)


def fate_of(session: Session) -> SessionFate:
    """How this session would die if it were ended now. Expects `applications` to be prefetched."""
    applications = list(session.applications.all())
    by_itself = tuple(application for application in applications if not application.can_be_cut)
    return SessionFate(
        session=session,
        at_once=tuple(application for application in applications if application.can_be_cut),
        by_itself=by_itself,
        lives_until=_end_of_token(session, by_itself) if by_itself else None,
    )


def _end_of_token(session: Session, applications: tuple[Application, ...]) -> datetime:
    """The latest moment a token works where nobody asks us: what was reported, else the declared lifetime."""
    if session.token_expires_at:
        return session.token_expires_at
    longest = max(application.token_seconds for application in applications)
    return timezone.now() + timedelta(seconds=longest)


def coverage_of(user: User) -> Coverage:
    """Everything of this person that is open now."""
    sessions = (
        Session.objects.of(user)
        .open()
        .select_related("identity", "realm")
        .prefetch_related("applications", "realm__issuers")
    )
    return Coverage(fates=tuple(fate_of(session) for session in sessions))
