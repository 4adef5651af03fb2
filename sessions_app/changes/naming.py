"""How people, sessions and tokens are named from outside, and finding the one that is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from sessions_app.changes.errors import (
    ApplicationUnknown,
    IdAmbiguous,
    PersonAmbiguous,
    PersonUnknown,
    RealmUnknown,
    SessionUnknown,
    TokenOver,
    TokenUnknown,
)
from sessions_app.changes.texts import is_identifier
from sessions_app.models import Application, Identity, Issuer, Realm, Session, Token, User

Row = TypeVar("Row", bound=Model)

NAMED_AT_MOST = 5


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a name is valid: a realm by its key, or the realm of an issuer by its `iss`. Empty means not said."""

    realm: str = ""
    issuer: str = ""

    def __bool__(self) -> bool:
        return bool(self.realm or self.issuer)


@dataclass(frozen=True, kw_only=True)
class PersonNaming:
    """Everything given must point to the same person. `subject` is the person id in the realm of `place`."""

    external_id: str = ""
    username: str = ""
    subject: str = ""
    place: Place = Place()

    def __bool__(self) -> bool:
        return bool(self.external_id or self.username or self.subject)


def find_realm(place: Place) -> Realm:
    """The realm meant. Raises RealmUnknown, also where issuer and realm contradict each other."""
    return find_issuer_and_realm(place)[1]


def find_issuer_and_realm(place: Place) -> tuple[Issuer | None, Realm]:
    """The issuer, where one was named, and the realm. Raises RealmUnknown."""
    issuer = Issuer.objects.select_related("realm").filter(iss=place.issuer).first() if place.issuer else None
    realm = issuer.realm if issuer else Realm.objects.filter(key=place.realm).first()
    if realm is None or (place.issuer and issuer is None) or (place.realm and realm.key != place.realm):
        raise RealmUnknown
    return issuer, realm


def find_person(naming: PersonNaming) -> User:
    """The one person meant. Raises PersonUnknown, PersonAmbiguous or RealmUnknown."""
    found = User.objects.filter(erased_at=None)
    if naming.external_id:
        found = found.filter(external_id=naming.external_id)
    if naming.username:
        found = found.filter(username=naming.username)
    if naming.subject:
        identities = Identity.objects.filter(realm=find_realm(naming.place), person_id=naming.subject)
        found = found.filter(pk__in=identities.values("user"))
    return _one_person(found if naming else found.none())


def find_person_by_any_name(name: str) -> User:
    """The one person with this user name, e-mail, external id or employee number.

    For people who type. Raises PersonUnknown or PersonAmbiguous, never guesses.
    """
    answers_to_it = (
        Q(username__iexact=name)
        | Q(email__iexact=name)
        | Q(external_id=name)
        | Q(employee_number__iexact=name)
    )
    people = User.objects.filter(answers_to_it, erased_at=None)
    return _one_person(people if is_identifier(name) else people.none())


def find_session(sid: str, place: Place) -> Session:
    """The session with this id in the realm meant, or in the only realm that has one.

    Raises SessionUnknown, IdAmbiguous or RealmUnknown.
    """
    if not is_identifier(sid):
        raise SessionUnknown
    return _one_row(_within(Session.objects.filter(sid=sid), place), SessionUnknown)


def find_token(token_id: str, place: Place) -> Token:
    """The token with this id, likewise. Raises TokenUnknown, TokenOver, IdAmbiguous or RealmUnknown."""
    if not is_identifier(token_id):
        raise TokenUnknown
    token = _one_row(_within(Token.objects.filter(token_id=token_id), place), TokenUnknown)
    if token.expires_at <= timezone.now():
        raise TokenOver
    return token


def _within(rows: QuerySet[Row], place: Place) -> QuerySet[Row]:
    return rows.filter(realm=find_realm(place)) if place else rows


def _one_row(rows: Iterable[Row], unknown: type[Exception]) -> Row:
    found = list(rows)
    if not found:
        raise unknown
    if len(found) > 1:
        raise IdAmbiguous
    return found[0]


def _one_person(people: QuerySet[User]) -> User:
    found = list(people.order_by("username")[:NAMED_AT_MOST])
    if not found:
        raise PersonUnknown
    if len(found) > 1:
        raise PersonAmbiguous([(person.username, person.employee_number) for person in found])
    return found[0]


def find_application(key: str) -> Application:
    """Raises ApplicationUnknown."""
    found = Application.objects.filter(key=key).first()
    if found is None:
        raise ApplicationUnknown
    return found
