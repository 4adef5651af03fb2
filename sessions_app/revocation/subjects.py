"""Whom an order is about: the people locked, and what of theirs it covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from sessions_app.models import Session, Token, User
from sessions_app.revocation.coverage import SessionFate, coverage_of, fate_of
from sessions_app.revocation.errors import CannotEndAlone, NothingToEnd
from sessions_app.revocation.orders import (
    OneSession,
    OneToken,
    OneUser,
    OneUserAtApplication,
    Order,
    SomeSessions,
)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One locked person and what of theirs the order covers."""

    user: User
    fates: tuple[SessionFate, ...]
    token: Token | None = None

    @property
    def open_fates(self) -> list[SessionFate]:
        return [fate for fate in self.fates if fate.session.is_open]


def lock_people(order: Order) -> list[User]:
    """The rows of the people concerned, locked until the decision is stored, so that two orders never interleave.

    Always in the order of their keys, so that two orders on the same people never wait for each other.
    Raises NothingToEnd for an empty scope.
    """
    match order.scope:
        case OneSession(session_id=key):
            whose = Q(sessions=key)
        case SomeSessions(session_ids=keys):
            whose = Q(sessions__in=keys)
        case OneToken(token_id=key):
            whose = Q(sessions__tokens=key)
        case OneUser(user_id=key) | OneUserAtApplication(user_id=key):
            whose = Q(pk=key)
        case _:
            raise ValueError(f"an order about many people is decided by `many`, not here: {order.scope.kind}")
    owners = User.objects.filter(whose).values("pk")
    people = list(User.objects.select_for_update().filter(pk__in=owners).order_by("pk"))
    if not people:
        raise NothingToEnd
    User.objects.all().read_grants(people)
    return people


def cover(order: Order, people: Sequence[User]) -> list[Subject]:
    """What the order covers of each. Raises CannotEndAlone for a session that no guard could tell apart."""
    match order.scope:
        case OneSession(session_id=key):
            return _sessions_of(people, [key])
        case SomeSessions(session_ids=keys):
            return _sessions_of(people, keys)
        case OneToken(token_id=key):
            token = Token.objects.select_related("session__issuer", "session__identity__realm").get(pk=key)
            return [Subject(user=people[0], fates=(), token=token)]
        case OneUserAtApplication(application_id=key):
            seen_there = Session.objects.of(people[0]).open().filter(applications=key)
            return _sessions_of(people, list(seen_there.values_list("pk", flat=True)))
        case _:
            return [Subject(user=user, fates=coverage_of(user).fates) for user in people]


def _sessions_of(people: Sequence[User], keys: Sequence[UUID]) -> list[Subject]:
    """These sessions, by whose they are: in a few look-ups however many people there are."""
    sessions = (
        Session.objects.filter(user__in=people, pk__in=keys)
        .select_related("identity", "realm")
        .prefetch_related("applications", "realm__issuers")
    )
    fates: dict[UUID, list[SessionFate]] = {user.pk: [] for user in people}
    for session in sessions:
        if not session.sid:
            raise CannotEndAlone
        fates[session.user_id].append(fate_of(session))
    return [Subject(user=user, fates=tuple(fates[user.pk])) for user in people]
