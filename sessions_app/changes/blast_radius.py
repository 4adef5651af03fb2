"""Who may decide alone: how far something would reach, and whether that takes a second person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet

from audit.initiators import InitiatorKind
from sessions_app.models import Policy, Session, User
from sessions_app.revocation.entries_of_record import record_refusal
from sessions_app.revocation.errors import SecondPersonAsksFirst
from sessions_app.revocation.orders import Order

# The shell's user runs the server itself; the clock only carries out what was decided, or agreed with an end date.
ALWAYS_ALONE = frozenset({InitiatorKind.SHELL, InitiatorKind.CLOCK})


class Why(StrEnum):
    """Why a second person is needed; the words are the portal's."""

    MANY_PEOPLE = "many_people"
    SHARE_OF_STAFF = "share_of_staff"
    MANY_SESSIONS = "many_sessions"
    PRIVILEGED = "privileged"
    EVERYONE = "everyone"
    BEYOND_LIMIT = "beyond_limit"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How many something would reach, as it was counted when somebody looked.

    The rule is asked of this and not of what there is when it is carried out: whoever joins meanwhile would otherwise
    hold an order off. `privileged` are Admins and members of Security among the people.
    """

    people: int
    sessions: int
    privileged: int = 0
    is_everyone: bool = False

    @classmethod
    def of(cls, people: QuerySet[User]) -> Reach:
        """As it is now."""
        return cls(
            people=people.count(),
            sessions=Session.objects.filter(user__in=people.order_by().values("pk")).open().count(),
            privileged=User.objects.privileged().filter(pk__in=people.order_by().values("pk")).count(),
        )


def why_not_alone(reach: Reach, by: InitiatorKind) -> list[Why]:
    """What of it is too much for one of this kind to decide alone; empty where nothing is. The rule of every door.

    A machine signs out everyone alone: an Admin gave its credential a scope for just that, and unlike an order about
    a group it never takes sign-in away.
    """
    if by in ALWAYS_ALONE or (reach.is_everyone and by is InitiatorKind.MACHINE):
        return []
    why = [Why.EVERYONE] if reach.is_everyone else []
    return [*why, *_beyond_tiers(reach, Policy.current())]


def refuse_machine_alone(order: Order, reach: Reach) -> None:
    """For whoever can ask no second person. Raises SecondPersonAsksFirst with the numbers; it is recorded."""
    why = why_not_alone(reach, order.initiator.kind)
    if not why:
        return
    policy = Policy.current()
    refusal = SecondPersonAsksFirst(
        why=why,
        reach={"people": reach.people, "sessions": reach.sessions, "privileged": reach.privileged},
        alone={
            "people": policy.people_alone,
            "percent_of_everybody": policy.staff_percent_alone,
            "sessions": policy.sessions_alone,
        },
    )
    record_refusal(order, refusal)
    raise refusal


def privileged_among(people: Collection[UUID]) -> int:
    """How many Admins and members of Security are among them."""
    count: int = User.objects.privileged().filter(pk__in=people).count()
    return count


def _beyond_tiers(reach: Reach, policy: Policy) -> list[Why]:
    people = reach.people
    is_large = people > policy.people_always_alone
    beyond = {
        Why.MANY_PEOPLE: people > policy.people_alone,
        Why.SHARE_OF_STAFF: is_large and people * 100 > policy.staff_percent_alone * _staff(),
        Why.MANY_SESSIONS: reach.sessions > policy.sessions_alone,
        Why.PRIVILEGED: reach.privileged > 0,
    }
    return [why for why, is_beyond in beyond.items() if is_beyond]


def _staff() -> int:
    count: int = User.objects.active().count()
    return count
