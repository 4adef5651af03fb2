"""Many sessions of many people as rows: what the reader sees of each, and which they may end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal.access import may, people_for, revocations_for
from portal.presenters.sessions import Origin, SessionRow, session_row
from portal.presenters.words import clean, moment_words, name_of
from portal.roles import May
from sessions_app.models import Role, RoleGrant, Session, User
from sessions_app.models.roles import PRIVILEGED
from sessions_app.revocation.coverage import fate_of


@dataclass(frozen=True, kw_only=True)
class ListedSession:
    """One session with its person. `shown` holds what the reader may see of where it comes from."""

    session: Session
    shown: SessionRow
    origin: Origin
    may_end: bool = False
    is_own: bool = False
    is_privileged: bool = False
    sees_receipt: bool = False

    @property
    def name(self) -> str:
        return name_of(self.session.user)

    @property
    def is_exact(self) -> bool:
        """Last use to the minute; to the day for everybody who does not see where from either."""
        return self.origin is Origin.EVERYTHING

    @property
    def ends_itself_words(self) -> str:
        """'Ends 14:43' where nobody can cut it; empty everywhere else."""
        until = fate_of(self.session).lives_until
        return _("Ends %s") % moment_words(until) if until else ""

    @property
    def receipt(self) -> str:
        """The receipt of what ended it, where the reader may open that."""
        return self.session.ended_by.receipt if self.sees_receipt and self.session.ended_by else ""

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What an opened session says beyond its row, for readers who see where from."""
        if not self.is_exact:
            return []
        issuer = self.session.issuer
        facts = [
            (_("User agent"), self.shown.agent),
            (_("Device"), clean(self.session.device_id)),
            (
                _("Signed in with"),
                ", ".join(clean(str(name)) for name in self.session.authentication_methods),
            ),
            (_("Issuer"), clean(issuer.name) if issuer else ""),
            (_("Realm"), clean(self.session.realm.key)),
        ]
        return [(label, value) for label, value in facts if value]


def with_what_rows_show(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """With everything a row names, so that fifty rows cost as many queries as one."""
    return sessions.select_related("user", "issuer", "realm", "ended_by").prefetch_related("applications")


def listed_for(reader: User, sessions: Iterable[Session]) -> list[ListedSession]:
    """The sessions as this reader may see them. Rights are asked once for all of them, not once per row.

    Expects sessions the reader may see, `with_what_rows_show`.
    """
    found = list(sessions)
    people = {session.user_id for session in found}
    seen_fully = _of(people, reader, May.SEE_SESSION_ORIGIN)
    privileged = _privileged(people)
    out_of_reach = set() if Role.SECURITY in reader.roles else privileged
    endable = _of(people, reader, May.END_SESSIONS) - out_of_reach - {reader.pk}
    receipts = _receipts(reader, {session.ended_by_id for session in found if session.ended_by_id})
    otherwise = Origin.MASKED if sees_masked(reader) else Origin.NOTHING
    return [
        _listed(
            session,
            Origin.EVERYTHING if session.user_id in seen_fully else otherwise,
            may_end=session.user_id in endable and _can_end_alone(session),
            is_own=session.user_id == reader.pk,
            is_privileged=session.user_id in privileged,
            sees_receipt=session.ended_by_id in receipts,
        )
        for session in found
    ]


def own_listed(reader: User, sessions: Iterable[Session]) -> list[ListedSession]:
    """One's own sessions, with everything known of them."""
    return [
        _listed(session, Origin.EVERYTHING, may_end=_can_end_alone(session), is_own=True)
        for session in sessions
        if session.user_id == reader.pk
    ]


def shows_origin(reader: User) -> bool:
    """Whether the table has a column for where from at all."""
    return may(reader, May.SEE_SESSION_ORIGIN) or sees_masked(reader)


def sees_masked(reader: User) -> bool:
    return Role.AUDITOR in reader.roles


def _listed(session: Session, origin: Origin, **about: bool) -> ListedSession:
    return ListedSession(session=session, shown=session_row(session, origin=origin), origin=origin, **about)


def _can_end_alone(session: Session) -> bool:
    """A guard could not tell a session without an id from the person's others."""
    return session.is_open and bool(session.sid)


def _of(people: set[UUID], reader: User, what: May) -> set[UUID]:
    if not people or not may(reader, what):
        return set()
    return set(people_for(reader, what).filter(pk__in=people).values_list("pk", flat=True))


def _privileged(people: set[UUID]) -> set[UUID]:
    grants = RoleGrant.objects.active().filter(user__in=people, role__in=PRIVILEGED)
    return set(grants.values_list("user_id", flat=True))


def _receipts(reader: User, revocations: set[UUID]) -> set[UUID]:
    if not revocations:
        return set()
    return set(revocations_for(reader).filter(pk__in=revocations).values_list("pk", flat=True))
