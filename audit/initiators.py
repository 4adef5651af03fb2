"""Initiator: who or what asked. It is never empty, also where django-auditlog writes the entry."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from audit.errors import NobodyIsActing

UNIDENTIFIED = "unidentified"


class InitiatorKind(StrEnum):
    USER = "user"
    MACHINE = "machine"
    CLOCK = "clock"
    SHELL = "shell"


class Door(StrEnum):
    PAGE = "page"
    API = "api"
    SHELL = "shell"
    CLOCK = "clock"
    GUARD = "guard"
    SIGN_IN = "sign_in"
    OAUTH = "oauth"


@dataclass(frozen=True, kw_only=True)
class Initiator:
    """`id` is kept for ever, so it is an id or a pseudonym; `name` and `address` may be blanked later.

    Raises ValueError for an empty id, and for a user whose id is not a UUID.
    """

    kind: InitiatorKind
    id: str
    name: str
    door: Door
    roles: frozenset[str] = frozenset()
    address: str | None = None
    correlation_id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("An initiator is never empty: its id is missing.")
        if self.kind == InitiatorKind.USER:
            UUID(self.id)

    @property
    def user_id(self) -> UUID | None:
        """The User who asked, or None where it was a machine, the clock or the shell."""
        return UUID(self.id) if self.kind == InitiatorKind.USER else None


def the_clock() -> Initiator:
    """What happens by itself because its time has come."""
    return Initiator(kind=InitiatorKind.CLOCK, id="clock", name="", door=Door.CLOCK)


def the_shell() -> Initiator:
    """Whoever types on the server: the numeric account is kept for ever, its name can be blanked."""
    uid = os.getuid()
    return Initiator(kind=InitiatorKind.SHELL, id=f"uid-{uid}", name=_account_name(uid), door=Door.SHELL)


AUTHORIZATION_SERVER = "authorization-server"


def the_authorization_server() -> Initiator:
    """Our own authorization server, where it ends a stolen grant by itself."""
    return Initiator(kind=InitiatorKind.MACHINE, id=AUTHORIZATION_SERVER, name="", door=Door.OAUTH)


def somebody_unknown(*, door: Door, address: str | None, correlation_id: str = "") -> Initiator:
    """Whoever has not proved who they are, as at a failed sign-in: the name they typed is only a claim."""
    return Initiator(
        kind=InitiatorKind.MACHINE,
        id=UNIDENTIFIED,
        name="",
        door=door,
        address=address,
        correlation_id=correlation_id,
    )


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a number without an account
        return ""


# --- Who is acting, and in which request --------------------------------------------------------

_acting: ContextVar[Initiator | None] = ContextVar("acting", default=None)
_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")


@contextmanager
def acting(initiator: Initiator) -> Iterator[Initiator]:
    """Field changes inside belong to this initiator. Nests: leaving always restores the outer one.

    A new thread starts with nobody acting and must say so itself.
    """
    token = _acting.set(initiator)
    try:
        yield initiator
    finally:
        _acting.reset(token)


def current_initiator(*, asked_for: str) -> Initiator:
    """Whoever is acting. Raises NobodyIsActing, naming what asked for it."""
    initiator = _acting.get()
    if initiator is None:
        raise NobodyIsActing(asked_for)
    return initiator


def set_correlation_id(value: str) -> Token[str]:
    """Names the request (or the tick of the clock) that everything from here on belongs to."""
    return _correlation_id.set(value)


def reset_correlation_id(token: Token[str]) -> None:
    _correlation_id.reset(token)


def current_correlation_id() -> str:
    """The request everything belongs to; empty outside of one. Also what django-auditlog asks."""
    initiator = _acting.get()
    return _correlation_id.get() or (initiator.correlation_id if initiator else "")
