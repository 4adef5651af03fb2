"""How many an order would reach, and whether one person alone may give it: the tiers of the policy."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from sessions_app.models import Policy, User


class Why(StrEnum):
    """Why a second person is needed; the words are the portal's."""

    MANY_PEOPLE = "many_people"
    SHARE_OF_STAFF = "share_of_staff"
    MANY_SESSIONS = "many_sessions"
    PRIVILEGED = "privileged"
    EVERYONE = "everyone"
    BEYOND_LIMIT = "beyond_limit"


def why_second_person(*, people: int, sessions: int, privileged: int) -> list[Why]:
    """What of it is too much for one person alone; empty where nothing is."""
    policy = Policy.current()
    why = []
    if people > policy.people_alone:
        why.append(Why.MANY_PEOPLE)
    if people > policy.people_always_alone and people * 100 > policy.staff_percent_alone * _staff():
        why.append(Why.SHARE_OF_STAFF)
    if sessions > policy.sessions_alone:
        why.append(Why.MANY_SESSIONS)
    if privileged:
        why.append(Why.PRIVILEGED)
    return why


def privileged_among(people: Collection[User]) -> int:
    """How many Admins and members of Security are among them."""
    count: int = User.objects.privileged().filter(pk__in=[user.pk for user in people]).count()
    return count


def _staff() -> int:
    count: int = User.objects.active().count()
    return count
