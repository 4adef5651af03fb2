"""One session as a row, with only what the reader may see of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from ipaddress import ip_address

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.access import may_for
from portal.presenters.deaths import DeathWords, death_words, names_of
from portal.presenters.devices import kind_of_device
from portal.presenters.words import clean
from portal.roles import May
from sessions_app.models import Role, Session, User
from sessions_app.revocation.coverage import fate_of

LONGEST_AGENT = 300
KEPT_OF_ADDRESS = 2


class Origin(Enum):
    """How much of a session's origin (address, place, device, exact last use) a reader sees."""

    NOTHING = auto()
    MASKED = auto()
    EVERYTHING = auto()


def origin_for(reader: User, person: User) -> Origin:
    """Auditors see addresses masked; everybody else sees all of it or nothing, as the matrix says."""
    if may_for(reader, May.SEE_SESSION_ORIGIN, person):
        return Origin.EVERYTHING
    return Origin.MASKED if Role.AUDITOR in reader.roles else Origin.NOTHING


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """`agent`, `place` and `token_ends_at` are empty for readers who may not see where a session comes from."""

    key: str
    applications: str
    sid: str
    device: str
    agent: str
    place: str
    address: str
    began_at: datetime
    last_used_at: datetime
    token_ends_at: datetime | None
    death: DeathWords
    ends_alone: bool
    end_url: str


def session_row(session: Session, *, origin: Origin) -> SessionRow:
    """Expects `applications` to be prefetched."""
    full = origin is Origin.EVERYTHING
    return SessionRow(
        key=session.pk.hex,
        applications=names_of(session.applications.all()) or _("No known application"),
        sid=session.sid or "",
        device=kind_of_device(session.user_agent),
        agent=clean(session.user_agent, LONGEST_AGENT) if full else "",
        place=clean(session.place) if full else "",
        address=address_words(session.address, origin=origin),
        began_at=session.began_at,
        last_used_at=session.last_used_at,
        token_ends_at=session.token_expires_at if full else None,
        death=death_words(fate_of(session)),
        ends_alone=bool(session.sid),
        end_url=reverse("end_session", args=[session.user_id, session.pk]),
    )


def address_words(address: str | None, *, origin: Origin) -> str:
    """The address, its first half, or nothing."""
    if not address or origin is Origin.NOTHING:
        return ""
    return address if origin is Origin.EVERYTHING else masked(address)


def masked(address: str) -> str:
    """'203.0.•.•' and '2001:db8:•': enough to tell two networks apart, not two people."""
    parsed = ip_address(address)
    if parsed.version == 4:
        return ".".join([*str(parsed).split(".")[:KEPT_OF_ADDRESS], "•", "•"])
    groups = [format(int(group, 16), "x") for group in parsed.exploded.split(":")[:KEPT_OF_ADDRESS]]
    return ":".join([*groups, "•"])
