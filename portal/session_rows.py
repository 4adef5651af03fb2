"""Sessions as their reader may see them: who sees where from, to the minute or the day, and who may end which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from ipaddress import ip_address
from uuid import UUID

from django.utils.translation import gettext as _

from portal.access import may, people_for, revocations_for
from portal.devices import device_words
from portal.roles import May
from sessions_app.models import Role, RoleGrant, Session, User
from sessions_app.models.roles import PRIVILEGED
from sessions_app.revocation.coverage import Death, SessionFate, fate_of

SEE_MASKED_ADDRESSES = frozenset({Role.AUDITOR})


class Origin(Enum):
    """How much of address, place and device a reader sees."""

    FULL = auto()
    MASKED = auto()
    HIDDEN = auto()


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """One session for one reader. What they may not see is not here."""

    session: Session
    fate: SessionFate
    origin: Origin = Origin.HIDDEN
    may_end: bool = False
    is_own: bool = False
    is_privileged: bool = False
    sees_receipt: bool = False

    @property
    def applications(self) -> str:
        return ", ".join(application.name for application in self.session.applications.all())

    @property
    def device(self) -> str:
        return device_words(self.session.user_agent)

    @property
    def is_exact(self) -> bool:
        """Last use to the minute; to the day for everybody who does not see where from either."""
        return self.origin is Origin.FULL

    @property
    def address(self) -> str:
        match self.origin:
            case Origin.FULL:
                return self.session.address or ""
            case Origin.MASKED:
                return masked_address(self.session.address)
            case _:
                return ""

    @property
    def place(self) -> str:
        return self.session.place if self.origin is Origin.FULL else ""

    @property
    def cannot_be_cut_until(self) -> datetime | None:
        return self.fate.lives_until if self.fate.death is Death.ENDS_BY_ITSELF else None

    @property
    def receipt(self) -> str:
        """The receipt of what ended it, where the reader may open that."""
        return self.session.ended_by.receipt if self.sees_receipt and self.session.ended_by else ""

    @property
    def facts(self) -> list[tuple[str, object]]:
        """What an opened session says beyond its row, for readers who see where from."""
        if self.origin is not Origin.FULL:
            return []
        issuer = self.session.issuer
        return [
            (_("User agent"), self.session.user_agent),
            (_("Device"), self.session.device_id),
            (_("Signed in with"), ", ".join(map(str, self.session.authentication_methods))),
            (_("Issuer"), issuer.name if issuer else ""),
            (_("Realm"), self.session.realm.key),
        ]


def shows_origin(viewer: User) -> bool:
    """Whether the table has a column for where from at all."""
    return may(viewer, May.SEE_SESSION_ORIGIN) or bool(viewer.roles & SEE_MASKED_ADDRESSES)


def masked_address(address: str | None) -> str:
    """The first half of the network part, enough to see that two differ."""
    if not address:
        return ""
    parsed = ip_address(address)
    if parsed.version == 4:
        return ".".join([*address.split(".")[:2], "•", "•"])
    return ":".join([*parsed.exploded.split(":")[:2], "•"])


def rows_for(viewer: User, sessions: Iterable[Session]) -> list[SessionRow]:
    """The sessions as this viewer may see them. Rights are asked once for all of them, not once per row.

    Expects sessions the viewer may see, from `with_what_rows_show`.
    """
    listed = list(sessions)
    people = {session.user_id for session in listed}
    seen_fully = _of(people, viewer, May.SEE_SESSION_ORIGIN)
    endable = _of(people, viewer, May.END_SESSIONS)
    privileged = _privileged(people)
    receipts = _receipts(viewer, {session.ended_by_id for session in listed if session.ended_by_id})
    otherwise = Origin.MASKED if viewer.roles & SEE_MASKED_ADDRESSES else Origin.HIDDEN
    return [
        SessionRow(
            session=session,
            fate=fate_of(session),
            origin=Origin.FULL if session.user_id in seen_fully else otherwise,
            may_end=session.user_id in endable and session.user_id != viewer.pk and session.is_open,
            is_own=session.user_id == viewer.pk,
            is_privileged=session.user_id in privileged,
            sees_receipt=session.ended_by_id in receipts,
        )
        for session in listed
    ]


def own_rows(viewer: User, sessions: Iterable[Session]) -> list[SessionRow]:
    """One's own sessions, with everything known of them."""
    return [
        SessionRow(
            session=session,
            fate=fate_of(session),
            origin=Origin.FULL,
            may_end=session.is_open,
            is_own=True,
        )
        for session in sessions
        if session.user_id == viewer.pk
    ]


def _of(people: set[UUID], viewer: User, what: May) -> set[UUID]:
    return set(people_for(viewer, what).filter(pk__in=people).values_list("pk", flat=True)) if people else set()


def _privileged(people: set[UUID]) -> set[UUID]:
    grants = RoleGrant.objects.active().filter(user__in=people, role__in=PRIVILEGED)
    return set(grants.values_list("user_id", flat=True))


def _receipts(viewer: User, revocations: set[UUID]) -> set[UUID]:
    if not revocations:
        return set()
    return set(revocations_for(viewer).filter(pk__in=revocations).values_list("pk", flat=True))
